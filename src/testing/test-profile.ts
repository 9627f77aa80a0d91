import type { ClusterState } from '../cluster/cluster-state.js';
import { inTreePlugins } from '../config/in-tree-plugins.js';
import { loadConfiguration } from '../config/load.js';
import type { PluginDefinition } from '../framework/plugin-definition.js';
import type { Profile } from '../framework/profile.js';
import type { PluginHost } from '../plugin-host/plugin-host.js';
import { createInTreeRegistry } from '../plugins/in-tree.js';
import { buildProfiles } from '../scheduler/build-profiles.js';

/** A plugin to try out. */
export interface PluginUnderTest {
  readonly plugin: PluginDefinition<never>;
  /** Its `pluginConfig` entry. */
  readonly args?: unknown;
  /** Of its score. @default 1 */
  readonly weight?: number;
}

/** The profile `berth` with some plugins at all their points: beside those of kube-scheduler, or alone. */
export function testProfile(
  tested: readonly PluginUnderTest[],
  options: { readonly host: PluginHost; readonly cluster: ClusterState; readonly alone: boolean },
): Profile {
  const { host, cluster, alone } = options;
  const everything = [{ name: '*' }];
  const namesAt = (point: 'queueSort' | 'bind') =>
    tested.filter(({ plugin }) => plugin.points.includes(point)).map(({ plugin }) => ({ name: plugin.name }));
  const [sorters, binders] = [namesAt('queueSort'), namesAt('bind')];
  const document = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    profiles: [
      {
        schedulerName: 'berth',
        plugins: {
          multiPoint: {
            enabled: tested.map(({ plugin, weight = 1 }) => ({ name: plugin.name, weight })),
            disabled: alone ? everything : [],
          },
          // One plugin sorts the queue. Binders are asked in order, and the default one leaves no pod to others.
          queueSort: {
            enabled: sorters.length > 0 ? sorters : [{ name: 'PrioritySort' }],
            disabled: everything,
          },
          bind: { enabled: [...binders, { name: 'DefaultBinder' }], disabled: everything },
        },
        pluginConfig: tested.flatMap(({ plugin, args }) =>
          args === undefined ? [] : [{ name: plugin.name, args }],
        ),
      },
    ],
  };
  const own = tested.map(({ plugin }) => [plugin.name, plugin.points] as const);
  const { source: _source, ...configuration } = loadConfiguration(
    'test profile',
    {},
    { readFile: () => JSON.stringify(document), plugins: new Map([...inTreePlugins, ...own]) },
  );
  const registry = createInTreeRegistry({ bind: async () => undefined });
  for (const plugin of host.registered) registry.register(plugin);
  const profiles = buildProfiles({ ...configuration, source: undefined }, { registry, cluster });
  return profiles.get('berth')!;
}
