import type { ClusterState } from '../cluster/cluster-state.js';
import { expandPluginSets } from '../config/plugin-sets.js';
import type { EffectiveConfiguration, ProfileConfiguration } from '../config/scheduler-configuration.js';
import { BerthError } from '../errors.js';
import type { ExtensionPoint } from '../framework/plugin.js';
import { createProfile, type Profile } from '../framework/profile.js';
import type { Registry } from '../framework/registry.js';

/** Makes the profiles of a configuration, by scheduler name. Throws `BerthError` with exit code 2, in kube-scheduler's words, on plugins that cannot work. */
export function buildProfiles(
  configuration: EffectiveConfiguration,
  { registry, cluster }: { readonly registry: Registry; readonly cluster: ClusterState },
): ReadonlyMap<string, Profile> {
  const implementsPoint = (name: string, point: string): boolean =>
    registry.get(name)?.points.includes(point as ExtensionPoint) ?? false;
  const build = ({ schedulerName, plugins, pluginConfig, ...profile }: ProfileConfiguration): Profile =>
    createProfile({
      schedulerName,
      plugins: expandPluginSets(plugins, implementsPoint, { schedulerName }),
      pluginArgs: Object.fromEntries(pluginConfig.map(({ name, args }) => [name, args])),
      registry,
      handle: { cluster },
      percentageOfNodesToScore: profile.percentageOfNodesToScore ?? configuration.percentageOfNodesToScore,
    });
  try {
    return new Map(configuration.profiles.map((profile) => [profile.schedulerName, build(profile)]));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const where = configuration.source === undefined ? {} : { where: configuration.source };
    throw new BerthError('BERTH_E_PLUGINS', { problem: error.message }, { cause: error, ...where });
  }
}
