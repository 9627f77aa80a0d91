import type { ApiRequest, ApiTransport, StreamRequest } from '../kube/transport.js';
import type { MadeObject } from './repertoire.js';

const nodesPath = '/api/v1/nodes';
const podsPath = '/api/v1/pods';
const encoder = new TextEncoder();

/**
 * The API server of a rehearsal, made of memory: it lists nodes, shows pods by watch, and believes every binding and deletion. Whatever it shows
 * was text before, as on a wire, so that decoding is rehearsed as well.
 */
export class Stage implements ApiTransport {
  readonly #nodes: string;
  readonly #pods = new Map<string, MadeObject>();
  #resourceVersion = 1;
  #frames: string[] = [];
  #wake: () => void = () => {};

  constructor({ nodes }: { readonly nodes: readonly MadeObject[] }) {
    this.#nodes = JSON.stringify(nodes);
  }

  /** A pod appears. */
  add(name: string, pod: MadeObject): void {
    this.#pods.set(name, pod);
    this.#show('ADDED', pod);
  }

  async request<T>({ method, path, body }: ApiRequest): Promise<T> {
    if (method === 'GET') return this.#list(path) as T;
    // /api/v1/namespaces/NAMESPACE/pods/NAME/binding
    const [, , , , , , name = '', part] = path.split('/');
    if (method === 'DELETE') this.#remove(name);
    else if (part === 'binding')
      this.#bind(name, (body as { readonly target: { readonly name: string } }).target.name);
    return {} as T;
  }

  async stream({ path, signal }: StreamRequest): Promise<AsyncIterable<Uint8Array>> {
    return this.#watch(path === podsPath, signal ?? new AbortController().signal);
  }

  #bind(name: string, nodeName: string): void {
    const pod = this.#pods.get(name);
    if (pod === undefined) return;
    const bound = { ...pod, spec: { ...pod.spec, nodeName } };
    this.#pods.set(name, bound);
    this.#show('MODIFIED', bound);
  }

  #remove(name: string): void {
    const pod = this.#pods.get(name);
    this.#pods.delete(name);
    if (pod !== undefined) this.#show('DELETED', pod);
  }

  #list(path: string): unknown {
    const items = path === nodesPath ? this.#nodes : '[]';
    return JSON.parse(`{"metadata":{"resourceVersion":"1"},"items":${items}}`);
  }

  #show(type: string, pod: MadeObject): void {
    this.#resourceVersion += 1;
    const metadata = { ...pod.metadata, resourceVersion: String(this.#resourceVersion) };
    this.#frames.push(`${JSON.stringify({ type, object: { ...pod, metadata } })}\n`);
    setImmediate(() => this.#wake());
  }

  async *#watch(showsPods: boolean, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    let wake = (): void => {};
    signal.addEventListener('abort', () => wake(), { once: true });
    if (showsPods) this.#wake = () => wake();
    while (!signal.aborted) {
      if (showsPods && this.#frames.length > 0) yield encoder.encode(this.#frames.splice(0).join(''));
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }
}
