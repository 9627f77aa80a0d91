import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../../src/kube/api-error.js';
import { bindThroughApi } from '../../../src/scheduler/api-binding.js';
import type { Binder, BindResult } from '../../../src/scheduler/binder.js';
import { Overtaken } from '../../../src/scheduler/overtaken.js';
import { makePod } from '../../build-objects.js';

const pod = makePod();

async function answerTo(result: BindResult) {
  const calls: unknown[][] = [];
  const binder: Pick<Binder, 'bind'> = {
    bind: async (...call) => {
      calls.push(call);
      return result;
    },
  };
  const { signal } = new AbortController();
  const status = await bindThroughApi(binder as Binder)(pod, 'n1', { signal });
  expect(calls).toEqual([[pod, 'n1', { signal }]]);
  return status;
}

describe('bindThroughApi', () => {
  it('succeeds when the pod is bound', async () => {
    expect(await answerTo({ kind: 'bound' })).toBeUndefined();
  });

  it('says who decided when another did: there is nothing to try again', async () => {
    const causes = [
      await answerTo({ kind: 'conflict', nodeName: 'n2' }),
      await answerTo({ kind: 'gone' }),
      await answerTo({ kind: 'fenced' }),
    ].map((status) => status?.cause);
    expect(causes).toEqual([new Overtaken('n2'), new Overtaken('deletion'), new Overtaken('another leader')]);
  });

  it('fails, so that the pod is tried again, when the node is gone or the server refuses', async () => {
    expect(await answerTo({ kind: 'node-gone' })).toMatchObject({
      code: 'Error',
      reasons: ['node "n1" is gone'],
    });
    const error = new ApiError('no leader', { failure: 'status', code: 500 });
    expect(await answerTo({ kind: 'failed', error })).toEqual({
      code: 'Error',
      reasons: ['no leader'],
      cause: error,
    });
  });
});
