import { ApiError } from '../../../src/kube/api-error.js';
import type { ApiRequest, ApiTransport } from '../../../src/kube/transport.js';

export interface StoredObject {
  readonly metadata: { readonly name: string; readonly uid?: string; readonly resourceVersion?: string };
  readonly [field: string]: unknown;
}

/** Fails a request (by throwing) or lets it pass; `commit` carries it out first, for answers that never arrive. */
export type Fault = (request: ApiRequest, commit: () => unknown) => void | Promise<void>;

/**
 * Stores objects by path as an API server does: names are unique, updates need the current resourceVersion, merge
 * patches merge one level deep. Answers are copies, as if they had come over a wire.
 */
export class ObjectServer implements ApiTransport {
  readonly objects = new Map<string, StoredObject>();
  readonly requests: ApiRequest[] = [];
  fault: Fault | undefined;
  #version = 100;

  async request<T>(request: ApiRequest): Promise<T> {
    this.requests.push(request);
    await Promise.resolve();
    if (request.signal?.aborted) throw new ApiError('aborted', { failure: 'aborted' });
    await this.fault?.(request, () => this.#handle(request));
    return structuredClone(this.#handle(request)) as T;
  }

  stream(): Promise<AsyncIterable<Uint8Array>> {
    throw new Error('nothing here is watched');
  }

  /** `GET PUT PUT …` since the last call. */
  takeMethods(): string {
    return this.requests
      .splice(0)
      .map(({ method }) => method)
      .join(' ');
  }

  /** Writes as somebody else would. */
  write(path: string, change: (object: StoredObject) => Record<string, unknown>): void {
    const object = this.objects.get(path);
    if (object === undefined) throw new Error(`there is no ${path}`);
    this.#store(path, { ...object, ...change(object) } as StoredObject);
  }

  #handle({ method, path, body }: ApiRequest): StoredObject {
    const sent = structuredClone(body) as StoredObject;
    const existing = this.objects.get(method === 'POST' ? `${path}/${sent.metadata.name}` : path);
    if (method === 'POST') {
      if (existing !== undefined) throw status(409, 'AlreadyExists');
      const metadata = { ...sent.metadata, uid: `uid-${this.#version}` };
      return this.#store(`${path}/${sent.metadata.name}`, { ...sent, metadata });
    }
    if (existing === undefined) throw status(404, 'NotFound');
    if (method === 'GET') return existing;
    if (method === 'PATCH') return this.#store(path, { ...existing, ...sent });
    if (sent.metadata.resourceVersion !== existing.metadata.resourceVersion) throw status(409, 'Conflict');
    return this.#store(path, sent);
  }

  #store(path: string, object: StoredObject): StoredObject {
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) };
    const stored = { ...object, metadata };
    this.objects.set(path, stored);
    return stored;
  }
}

export function status(code: number, reason: string, retryAfterMs?: number): ApiError {
  return new ApiError(`${code} ${reason}`, {
    failure: 'status',
    code,
    reason,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
