import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';

/** As much of a Kubernetes object as the tests read without asking for more. */
export interface ApiObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly [field: string]: unknown;
  };
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

/** An answer other than 2xx. */
export class ApiAnswerError extends Error {
  readonly status: number;

  constructor(method: string, path: string, status: number, body: string) {
    super(`${method} ${path} was answered ${status}: ${body.slice(0, 500)}`);
    this.status = status;
  }
}

export interface ApiClientOptions {
  readonly server: string;
  readonly certificateAuthority: string;
  readonly certificate: string;
  readonly key: string;
}

/**
 * A plain client of an API server. It shares no code with Berth on purpose: what Berth did is judged through it.
 * The type parameters of its methods are the caller's claim about the object asked for.
 */
export class ApiClient {
  readonly #server: string;
  readonly #agent: Agent;

  constructor(options: ApiClientOptions) {
    this.#server = options.server;
    const { certificateAuthority: ca, certificate: cert, key } = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 32, ca, cert, key });
  }

  get<T>(path: string): Promise<T> {
    return this.#json<T>('GET', path);
  }

  create<T>(path: string, object: object): Promise<T> {
    return this.#json<T>('POST', path, object);
  }

  replace<T>(path: string, object: object): Promise<T> {
    return this.#json<T>('PUT', path, object);
  }

  /** A JSON merge patch. */
  patch<T>(path: string, patch: object): Promise<T> {
    return this.#json<T>('PATCH', path, patch, 'application/merge-patch+json');
  }

  delete(path: string, options: object = {}): Promise<unknown> {
    return this.#json('DELETE', path, options);
  }

  async list<T extends ApiObject>(path: string): Promise<{ items: T[]; resourceVersion: string }> {
    const list = await this.get<{ items: T[]; metadata: { resourceVersion: string } }>(path);
    return { items: list.items, resourceVersion: list.metadata.resourceVersion };
  }

  /**
   * The events after `resourceVersion`, until `signal` aborts or the API server closes the stream. `accept` asks for another form of
   * the objects than the whole of them as JSON.
   */
  async *watch<T>(
    path: string,
    resourceVersion: string,
    signal: AbortSignal,
    { accept }: { readonly accept?: string } = {},
  ): AsyncGenerator<WatchEvent<T>> {
    const query = `watch=1&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`;
    let answer: IncomingMessage | undefined;
    try {
      answer = await this.#send('GET', `${path}${path.includes('?') ? '&' : '?'}${query}`, {
        signal,
        ...(accept === undefined ? {} : { accept }),
      });
      if (answer.statusCode !== 200) {
        throw new ApiAnswerError('WATCH', path, answer.statusCode ?? 0, await text(answer));
      }
      for await (const line of createInterface({ input: answer })) yield JSON.parse(line) as WatchEvent<T>;
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      // The caller may have seen enough: the stream must neither stay open nor complain that it was cut off.
      answer?.on('error', () => {}).destroy();
    }
  }

  /** Closes the idle connections, so that nothing holds the process. */
  close(): void {
    this.#agent.destroy();
  }

  async #json<T>(method: string, path: string, body?: object, type = 'application/json'): Promise<T> {
    const answer = await this.#send(
      method,
      path,
      body === undefined ? {} : { body: JSON.stringify(body), type },
    );
    const content = await text(answer);
    const status = answer.statusCode ?? 0;
    if (status < 200 || status > 299) throw new ApiAnswerError(method, path, status, content);
    return JSON.parse(content) as T;
  }

  async #send(
    method: string,
    path: string,
    options: { body?: string; type?: string; accept?: string; signal?: AbortSignal },
  ): Promise<IncomingMessage> {
    const { body, type, accept = 'application/json', signal } = options;
    const outgoing = request(new URL(path, this.#server), {
      method,
      agent: this.#agent,
      headers: {
        accept,
        ...(body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
      },
      ...(signal === undefined ? {} : { signal }),
    });
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    return answer;
  }
}

async function text(answer: IncomingMessage): Promise<string> {
  let content = '';
  for await (const chunk of answer.setEncoding('utf8')) content += chunk;
  return content;
}
