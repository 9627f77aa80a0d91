import { decodeObject, encodeObject } from '../kube/protobuf/envelope.js';
import { encodeWatchFrame } from '../kube/protobuf/watch-frame.js';
import type { ApiRequest, ApiTransport, ByteStream, StreamRequest } from '../kube/transport.js';
import type { MadeObject } from './repertoire.js';

const nodesPath = '/api/v1/nodes';
const podsPath = '/api/v1/pods';

/**
 * The API server of a rehearsal, made of memory: it lists nodes, shows pods by watch, and believes every binding and deletion. Whatever is said
 * was written as on a wire before it is read, so that encoding and decoding are rehearsed as well.
 */
export class Stage implements ApiTransport {
  readonly #nodes: readonly MadeObject[];
  readonly #pods = new Map<string, MadeObject>();
  #resourceVersion = 1;
  #frames: Buffer[] = [];
  #wake: () => void = () => {};

  constructor({ nodes }: { readonly nodes: readonly MadeObject[] }) {
    this.#nodes = nodes;
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
    else if (part === 'binding') {
      const { target } = overTheWire(body) as { readonly target: { readonly name: string } };
      this.#bind(name, target.name);
    } else if (method === 'POST') overTheWire(body);
    return {} as T;
  }

  async stream({ path, signal }: StreamRequest): Promise<ByteStream> {
    const frames = this.#watch(path === podsPath, signal ?? new AbortController().signal);
    return Object.assign(frames, { format: 'protobuf' as const });
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
    const [kind, items] = path === nodesPath ? ['NodeList', this.#nodes] : ['PodList', []];
    return overTheWire({ apiVersion: 'v1', kind, metadata: { resourceVersion: '1' }, items });
  }

  #show(type: string, pod: MadeObject): void {
    this.#resourceVersion += 1;
    const metadata = { ...pod.metadata, resourceVersion: String(this.#resourceVersion) };
    this.#frames.push(
      encodeWatchFrame({ type, object: { ...pod, apiVersion: 'v1', kind: 'Pod', metadata } }),
    );
    setImmediate(() => this.#wake());
  }

  async *#watch(showsPods: boolean, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    let wake = (): void => {};
    signal.addEventListener('abort', () => wake(), { once: true });
    if (showsPods) this.#wake = () => wake();
    while (!signal.aborted) {
      if (showsPods && this.#frames.length > 0) yield Buffer.concat(this.#frames.splice(0));
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }
}

function overTheWire(object: unknown): unknown {
  const bytes = encodeObject(object);
  return bytes === undefined ? object : decodeObject(bytes);
}
