import type { ApiClient } from '../../controlplane/api-client.js';
import type { ObjectManifest } from './scenario.js';

interface ResourceList {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
  }[];
}

/** Knows under which path objects of a kind live, by asking the API server. */
export class KindDirectory {
  readonly #api: ApiClient;
  readonly #lists = new Map<string, Promise<ResourceList>>();

  constructor(api: ApiClient) {
    this.#api = api;
  }

  /** The path of the collection that an object belongs to; `namespace` counts for objects that name none and need one. */
  async collection({ apiVersion, kind, metadata }: ObjectManifest, namespace: string): Promise<string> {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    let list = this.#lists.get(root);
    if (list === undefined) {
      list = this.#api.get<ResourceList>(root);
      this.#lists.set(root, list);
    }
    const found = (await list).resources.find((entry) => entry.kind === kind && !entry.name.includes('/'));
    if (found === undefined) throw new Error(`the API server has no ${kind} of ${apiVersion}`);
    return found.namespaced
      ? `${root}/namespaces/${metadata.namespace ?? namespace}/${found.name}`
      : `${root}/${found.name}`;
  }
}
