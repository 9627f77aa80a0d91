import type { ClusterState } from '../cluster/cluster-state.js';
import type { ExtensionPoint, Plugin } from './plugin.js';

/** What a plugin is handed when it is made. */
export interface PluginHandle {
  readonly profile: string;
  readonly cluster: ClusterState;
}

/** Makes one plugin for one profile. `args` is the decoded, defaulted `pluginConfig` entry, or undefined. Throws on args it cannot take. */
export type PluginFactory = (args: unknown, handle: PluginHandle) => Plugin;

/** Kinds of objects beside pods and nodes that a plugin may read; they are watched only while some plugin reads them. */
export type ReadResource =
  | 'namespaces'
  | 'services'
  | 'replicationcontrollers'
  | 'replicasets'
  | 'statefulsets'
  | 'persistentvolumes'
  | 'persistentvolumeclaims'
  | 'storageclasses'
  | 'csinodes'
  | 'csidrivers'
  | 'csistoragecapacities'
  | 'volumeattachments'
  | 'poddisruptionbudgets';

export interface RegisteredPlugin {
  readonly name: string;
  /** Default: none. */
  readonly reads?: readonly ReadResource[];
  /** Known before the plugin is made, because configuration is merged by extension point first. */
  readonly points: readonly ExtensionPoint[];
  readonly create: PluginFactory;
}

/** Every plugin that a configuration may name. */
export class Registry {
  readonly #plugins = new Map<string, RegisteredPlugin>();

  register(plugin: RegisteredPlugin): this {
    if (this.#plugins.has(plugin.name))
      throw new Error(`a plugin named ${plugin.name} is registered already`);
    this.#plugins.set(plugin.name, plugin);
    return this;
  }

  get(name: string): RegisteredPlugin | undefined {
    return this.#plugins.get(name);
  }

  get names(): readonly string[] {
    return [...this.#plugins.keys()];
  }
}
