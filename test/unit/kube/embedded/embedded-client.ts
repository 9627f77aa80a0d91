import { get as httpGet, type IncomingMessage } from 'node:http';
import {
  type EmbeddedApiServer,
  startEmbeddedApiServer,
} from '../../../../src/kube/embedded/embedded-api-server.js';
import { until } from '../until.js';

export interface Answer {
  readonly code: number;
  // biome-ignore lint/suspicious/noExplicitAny: what comes over the wire is read freely in tests
  readonly body: any;
}

export interface WatchFrame {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: what comes over the wire is read freely in tests
  readonly object: any;
}

const PATCHES = { merge: 'merge-patch', strategic: 'strategic-merge-patch', json: 'json-patch' } as const;

/** Talks to an embedded server as any client would: over HTTP. */
export class EmbeddedClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async request(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { code: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request('GET', path, undefined, headers);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.request('POST', path, body);
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.request('PUT', path, body);
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.request('DELETE', path, body);
  }

  patch(path: string, type: keyof typeof PATCHES, body: unknown): Promise<Answer> {
    return this.request('PATCH', path, body, { 'content-type': `application/${PATCHES[type]}+json` });
  }

  /** Opens a watch and resolves once the server has answered. */
  async watch(path: string, headers: Record<string, string> = {}): Promise<OpenWatch> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      httpGet(this.#url + path, { headers, agent: false }, resolve).once('error', reject);
    });
    return new OpenWatch(response);
  }
}

/** The frames of one watch as they come in. */
export class OpenWatch {
  readonly frames: WatchFrame[] = [];
  readonly code: number;
  isEnded = false;
  readonly #response: IncomingMessage;

  constructor(response: IncomingMessage) {
    this.#response = response;
    this.code = response.statusCode ?? 0;
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.frames.push(JSON.parse(line) as WatchFrame);
    });
    const end = (): void => {
      this.isEnded = true;
    };
    response.on('end', end);
    response.on('error', end);
    response.on('close', end);
  }

  /** `TYPE name` of each frame, once there are as many. */
  async seen(count: number): Promise<string[]> {
    await until(() => this.frames.length >= count, `${count} frames, got ${JSON.stringify(this.frames)}`);
    return this.frames.map(({ type, object }) =>
      `${type} ${object.metadata?.name ?? object.code ?? ''}`.trim(),
    );
  }

  async ended(): Promise<void> {
    await until(() => this.isEnded, 'the watch ends');
  }

  close(): void {
    this.#response.destroy();
  }
}

export const PODS = '/api/v1/namespaces/default/pods';
export const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

export const podBody = (name: string, spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'app', image: 'registry.example/app:1' }], ...spec },
});

export const configMapBody = (name: string, labels: Record<string, string> = {}): object => ({
  metadata: { name, labels },
});

type Options = NonNullable<Parameters<typeof startEmbeddedApiServer>[0]>;

/** Runs a test against a server of its own. */
export async function withServer(
  options: Options,
  test: (client: EmbeddedClient, server: EmbeddedApiServer) => Promise<void>,
): Promise<void> {
  const server = await startEmbeddedApiServer(options);
  try {
    await test(new EmbeddedClient(server.url), server);
  } finally {
    await server.close();
  }
}
