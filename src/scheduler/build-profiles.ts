import type { ClusterState } from '../cluster/cluster-state.js';
import { expandPluginSets } from '../config/plugin-sets.js';
import type { EffectiveConfiguration } from '../config/scheduler-configuration.js';
import type { ExtensionPoint } from '../framework/plugin.js';
import { createProfile, type Profile } from '../framework/profile.js';
import type { Registry } from '../framework/registry.js';
import { createUnsupportedFeatures } from '../plugins/unsupported-features.js';

/** Where kube-scheduler's plugins that Berth does not have yet take part. */
const pointsToCome: Readonly<Record<string, readonly ExtensionPoint[]>> = {
  VolumeRestrictions: ['preFilter', 'filter'],
  NodeVolumeLimits: ['preFilter', 'filter'],
  VolumeBinding: ['preFilter', 'filter', 'preScore', 'score', 'reserve', 'preBind'],
  VolumeZone: ['preFilter', 'filter'],
  PodTopologySpread: ['preFilter', 'filter', 'preScore', 'score'],
  InterPodAffinity: ['preFilter', 'filter', 'preScore', 'score'],
  DynamicResources: ['preEnqueue', 'preFilter', 'filter', 'postFilter', 'score', 'reserve', 'preBind'],
  DefaultPreemption: ['preEnqueue', 'postFilter'],
};

/** Makes the profiles of a configuration, by scheduler name. Throws in kube-scheduler's words on plugins that cannot work. */
export function buildProfiles(
  configuration: EffectiveConfiguration,
  { registry, cluster }: { readonly registry: Registry; readonly cluster: ClusterState },
): ReadonlyMap<string, Profile> {
  // A plugin that is not there yet is kept in the lists, so that the profile can say that it is missing.
  const implementsPoint = (name: string, point: string): boolean =>
    (registry.get(name)?.points ?? pointsToCome[name] ?? []).includes(point as ExtensionPoint);
  return new Map(
    configuration.profiles.map(({ schedulerName, plugins, pluginConfig, percentageOfNodesToScore }) => [
      schedulerName,
      createProfile({
        schedulerName,
        plugins: expandPluginSets(plugins, implementsPoint, { schedulerName }),
        pluginArgs: Object.fromEntries(pluginConfig.map(({ name, args }) => [name, args])),
        registry,
        handle: { cluster },
        percentageOfNodesToScore: percentageOfNodesToScore ?? configuration.percentageOfNodesToScore,
        guard: createUnsupportedFeatures,
      }),
    ]),
  );
}
