import type { ApiTransport } from './transport.js';

/** An object in the version that a change was made from. */
export interface VersionedReference {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface ClaimReference {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * The calls about volumes and claims that a scheduler makes. Each is a patch that names UID and version, so an object that was changed
 * or made again since it was seen answers 409. All reject with `ApiError`.
 */
export class VolumeApi {
  readonly #transport: ApiTransport;

  constructor(transport: ApiTransport) {
    this.#transport = transport;
  }

  /** Points a volume at a claim; the volume controller does the rest. `byController` marks the two as not joined by a user. */
  async setClaim(
    volume: VersionedReference,
    { namespace, name, uid }: ClaimReference,
    { byController, ...options }: CallOptions & { readonly byController: boolean },
  ): Promise<{ readonly resourceVersion: string }> {
    return this.#patch(`/api/v1/persistentvolumes/${encodeURIComponent(volume.name)}`, options, {
      metadata: {
        ...preconditions(volume),
        ...(byController ? { annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } } : {}),
      },
      spec: {
        claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
      },
    });
  }

  /** Says on which node the claim's volume is to be used, for the provisioner that makes it. */
  async selectNode(
    claim: VersionedReference & ClaimReference,
    nodeName: string,
    options: CallOptions = {},
  ): Promise<{ readonly resourceVersion: string }> {
    const [namespace, name] = [encodeURIComponent(claim.namespace), encodeURIComponent(claim.name)];
    return this.#patch(`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${name}`, options, {
      metadata: {
        ...preconditions(claim),
        annotations: { 'volume.kubernetes.io/selected-node': nodeName },
      },
    });
  }

  async #patch(
    path: string,
    options: CallOptions,
    body: unknown,
  ): Promise<{ readonly resourceVersion: string }> {
    const patched = await this.#transport.request<{ metadata?: { resourceVersion?: string } }>({
      method: 'PATCH',
      path,
      contentType: 'application/merge-patch+json',
      body,
      ...options,
    });
    return { resourceVersion: patched.metadata?.resourceVersion ?? '' };
  }
}

function preconditions({ uid, resourceVersion }: VersionedReference): Omit<VersionedReference, 'name'> {
  return { uid, resourceVersion };
}
