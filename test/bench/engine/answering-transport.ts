import type { ApiRequest, ApiTransport } from '../../../src/kube/transport.js';

/** What an API server would tell all watchers after a write. */
export type News =
  | { readonly kind: 'bound'; readonly key: string; readonly nodeName: string }
  | { readonly kind: 'deleted'; readonly key: string };

/**
 * An API server that agrees with everything at once and keeps nothing: the outermost edge of what is measured. What was written is told
 * in the next turn of the event loop, as a watch would.
 */
export class AnsweringTransport implements ApiTransport {
  readonly #tell: (news: News) => void;
  #untold: News[] = [];

  constructor(tell: (news: News) => void) {
    this.#tell = tell;
  }

  async request<T>({ method, path, body }: ApiRequest): Promise<T> {
    const [, , , , namespace, , name, part] = path.split('/');
    const key = `${namespace}/${name}`;
    if (method === 'POST' && part === 'binding') {
      const { target } = body as { readonly target: { readonly name: string } };
      this.#note({ kind: 'bound', key, nodeName: target.name });
    } else if (method === 'DELETE') this.#note({ kind: 'deleted', key });
    return {} as T;
  }

  async stream(): Promise<AsyncIterable<Uint8Array>> {
    throw new Error('there is nothing to watch');
  }

  #note(news: News): void {
    if (this.#untold.length === 0) setImmediate(() => this.#tellAll());
    this.#untold.push(news);
  }

  #tellAll(): void {
    const told = this.#untold;
    this.#untold = [];
    for (const news of told) this.#tell(news);
  }
}
