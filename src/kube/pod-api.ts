import type { ApiTransport } from './transport.js';

export interface PodReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface PodCondition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  /** RFC 3339, whole seconds. */
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

interface CallOptions {
  readonly signal?: AbortSignal;
}

/** The calls about pods that a scheduler makes beside listing and watching them. */
export class PodApi {
  readonly #transport: ApiTransport;

  constructor(transport: ApiTransport) {
    this.#transport = transport;
  }

  /**
   * Posts a Binding. The UID goes along as a precondition, so a pod that was made again under the same name is never bound by
   * mistake. The API server does not check that the node exists: the caller does.
   */
  async bind(pod: PodReference, nodeName: string, options: CallOptions = {}): Promise<void> {
    await this.#transport.request({
      method: 'POST',
      path: `${podPath(pod)}/binding`,
      body: {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { namespace: pod.namespace, name: pod.name, uid: pod.uid },
        target: { kind: 'Node', name: nodeName },
      },
      protobuf: true,
      retryThrottled: false,
      ...options,
    });
  }

  /** Where a pod is now, read from the API server itself. */
  async read(
    pod: PodReference,
    options: CallOptions = {},
  ): Promise<{ readonly uid: string; readonly nodeName: string }> {
    const found = await this.#transport.request<{
      metadata?: { uid?: string };
      spec?: { nodeName?: string };
    }>({
      method: 'GET',
      path: podPath(pod),
      ...options,
    });
    return { uid: found.metadata?.uid ?? '', nodeName: found.spec?.nodeName ?? '' };
  }

  /** How a pod ended, read from the API server itself; a pod that is gone, or another by now, says nothing. */
  async readEnd(
    pod: PodReference,
    options: CallOptions = {},
  ): Promise<{ readonly phase: string; readonly reason: string }> {
    const found = await this.#transport.request<{
      metadata?: { uid?: string };
      status?: { phase?: string; reason?: string };
    }>({ method: 'GET', path: podPath(pod), ...options });
    const { phase = '', reason = '' } = found.metadata?.uid === pod.uid ? (found.status ?? {}) : {};
    return { phase, reason };
  }

  /**
   * Deletes a pod gracefully. The UID goes along as a precondition: rejects with 409 when another pod has the name by now, with 404 when
   * there is none.
   */
  async delete(pod: PodReference, options: CallOptions = {}): Promise<void> {
    await this.#transport.request({
      method: 'DELETE',
      path: podPath(pod),
      body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: pod.uid } },
      ...options,
    });
  }

  /** Sets one condition of a pod's status, and its nominated node when given ('' clears it). */
  async patchStatus(
    pod: PodReference,
    change: { readonly condition?: PodCondition; readonly nominatedNodeName?: string },
    options: CallOptions = {},
  ): Promise<void> {
    await this.#transport.request({
      method: 'PATCH',
      path: `${podPath(pod)}/status`,
      contentType: 'application/strategic-merge-patch+json',
      body: {
        metadata: { uid: pod.uid },
        status: {
          ...(change.condition === undefined ? {} : { conditions: [change.condition] }),
          ...(change.nominatedNodeName === undefined
            ? {}
            : { nominatedNodeName: change.nominatedNodeName || null }),
        },
      },
      ...options,
    });
  }
}

function podPath(pod: PodReference): string {
  return `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.name)}`;
}
