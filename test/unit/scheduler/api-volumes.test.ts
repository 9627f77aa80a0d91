import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kube/api-error.js';
import type { ApiRequest, ApiTransport } from '../../../src/kube/transport.js';
import { VolumeApi } from '../../../src/kube/volume-api.js';
import { openFence } from '../../../src/kube/write-fence.js';
import { writeVolumesThroughApi } from '../../../src/scheduler/api-volumes.js';
import { Overtaken } from '../../../src/scheduler/overtaken.js';
import { claim, volume } from '../plugins/volume-binding-objects.js';

/** Answers when it is told to. */
class SlowServer implements ApiTransport {
  readonly requests: ApiRequest[] = [];
  readonly #waiting: (() => void)[] = [];
  error: unknown;

  async request<T>(request: ApiRequest): Promise<T> {
    this.requests.push(request);
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.error !== undefined) throw this.error;
    return { metadata: { resourceVersion: '9' } } as T;
  }

  async stream(): Promise<AsyncIterable<Uint8Array>> {
    throw new Error('nothing to watch');
  }

  answerAll(): void {
    for (const answer of this.#waiting.splice(0)) answer();
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

async function answered<T>(server: SlowServer, result: Promise<T>): Promise<T> {
  await settle();
  server.answerAll();
  return result;
}

describe('writing volumes through the API', () => {
  it('answers with the version that was written', async () => {
    const server = new SlowServer();
    const writer = writeVolumesThroughApi(new VolumeApi(server), openFence);
    const written = { kind: 'written', resourceVersion: '9' };
    const bound = writer.bindVolume(volume('pv'), claim('data'), { byController: true });
    expect(await answered(server, bound)).toEqual(written);
    expect(await answered(server, writer.selectNode(claim('data'), 'n1', {}))).toEqual(written);
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/api/v1/persistentvolumes/pv',
      '/api/v1/namespaces/default/persistentvolumeclaims/data',
    ]);
  });

  it('turns what goes wrong into a status, once: nothing is tried again', async () => {
    const server = new SlowServer();
    server.error = new ApiError('the object has been modified', { failure: 'status', code: 409 });
    const writer = writeVolumesThroughApi(new VolumeApi(server), openFence);
    const result = await answered(server, writer.selectNode(claim('data'), 'n1', {}));
    expect(result).toEqual({
      kind: 'failed',
      status: { code: 'Error', reasons: ['the object has been modified'], cause: server.error },
    });
    expect(server.requests).toHaveLength(1);
  });

  it('asks the fence at the moment of writing, however long the write had to wait', async () => {
    const server = new SlowServer();
    let mayWrite = true;
    const writer = writeVolumesThroughApi(new VolumeApi(server), { mayWrite: () => mayWrite });
    const results = Array.from({ length: 12 }, () => writer.selectNode(claim('data'), 'n1', {}));
    await settle();
    const atOnce = server.requests.length;
    expect(atOnce).toBe(8);
    mayWrite = false;
    server.answerAll();
    const kinds = (await Promise.all(results)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'written')).toHaveLength(atOnce);
    expect(server.requests).toHaveLength(atOnce);
    expect(await writer.selectNode(claim('data'), 'n1', {})).toEqual({
      kind: 'failed',
      status: {
        code: 'Error',
        reasons: ['this process does not lead any more'],
        cause: new Overtaken('another leader'),
      },
    });
  });
});
