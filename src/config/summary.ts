import { isDeepStrictEqual } from 'node:util';
import { withDefaults } from './defaults.js';
import { inTreePlugins, type PluginCatalog } from './in-tree-plugins.js';
import { catalogExpansion, type ExpandedPlugin, type ExpandedPlugins, expand } from './plugin-expansion.js';
import {
  type EffectiveConfiguration,
  type ExtensionPoint,
  extensionPoints,
  type ProfileConfiguration,
} from './scheduler-configuration.js';
import { toVersioned } from './versioned.js';

/** What a configuration comes to: what is called in which order, and what differs from the default. */
export interface ConfigurationSummary {
  /** Of everything but the profiles: `clientConnection.qps: 20 (default 50)`. */
  readonly differences: readonly string[];
  readonly profiles: readonly ProfileSummary[];
}

export interface ProfileSummary {
  readonly schedulerName: string;
  /** Plugins of modules that are enabled wherever they have something to do: at which points shows when they are loaded. */
  readonly unread: readonly string[];
  /** Only extension points that are called and have plugins, in the order in which they are called. */
  readonly plugins: Readonly<Partial<Record<ExtensionPoint, readonly PluginSummary[]>>>;
  readonly differences: readonly string[];
}

export interface PluginSummary {
  readonly name: string;
  /** Only where the plugin scores. */
  readonly weight?: number;
}

/** Points that are called for groups of pods only, which Berth does not schedule as groups. */
const uncalled: ReadonlySet<ExtensionPoint> = new Set([
  'placementGenerate',
  'placementScore',
  'podGroupPostFilter',
]);
const scoring: ReadonlySet<ExtensionPoint> = new Set(['score', 'placementScore']);

/** Sums up a configuration that has no problems. */
export function summarize(
  configuration: EffectiveConfiguration,
  plugins: PluginCatalog = inTreePlugins,
): ConfigurationSummary {
  const schedulerName = configuration.profiles[0]?.schedulerName ?? '';
  const byDefault = withDefaults({}, { schedulerName, source: undefined, warnings: [] });
  const profileByDefault = byDefault.profiles[0] as ProfileConfiguration;
  const orderByDefault = orderOf(profileByDefault, plugins);
  return {
    differences: differencesOf(leaves(withoutProfiles(byDefault)), leaves(withoutProfiles(configuration))),
    profiles: configuration.profiles.map((profile) => {
      const order = orderOf(profile, plugins);
      return {
        schedulerName: profile.schedulerName,
        unread: profile.plugins.multiPoint.enabled
          .map(({ name }) => name)
          .filter((name) => plugins.has(name) && plugins.get(name) === undefined),
        plugins: pluginsOf(order),
        differences: [
          ...extensionPoints.flatMap((point) => orderDifferences(point, orderByDefault[point], order[point])),
          ...differencesOf(
            leaves(argumentsOf(byDefault, profileByDefault)),
            leaves(argumentsOf(configuration, profile)),
          ),
        ],
      };
    }),
  };
}

function orderOf({ plugins, schedulerName }: ProfileConfiguration, catalog: PluginCatalog): ExpandedPlugins {
  return expand(plugins, catalogExpansion(catalog, schedulerName)).plugins;
}

function pluginsOf(order: ExpandedPlugins): ProfileSummary['plugins'] {
  return Object.fromEntries(
    extensionPoints
      .filter((point) => order[point].length > 0 && !uncalled.has(point))
      .map((point) => [
        point,
        order[point].map(({ name, weight }) => (scoring.has(point) ? { name, weight } : { name })),
      ]),
  );
}

function orderDifferences(
  point: ExtensionPoint,
  byDefault: readonly ExpandedPlugin[],
  own: readonly ExpandedPlugin[],
): string[] {
  const weights = new Map(byDefault.map(({ name, weight }) => [name, weight]));
  const names = new Set(own.map(({ name }) => name));
  const without = byDefault.filter(({ name }) => !names.has(name)).map(({ name }) => name);
  const added = own.filter(({ name }) => !weights.has(name)).map(({ name }) => name);
  const common = own.filter(({ name }) => weights.has(name)).map(({ name }) => name);
  const reordered = !isDeepStrictEqual(
    common,
    byDefault.filter(({ name }) => names.has(name)).map(({ name }) => name),
  );
  const reweighted = own.filter(
    ({ name, weight }) => scoring.has(point) && weights.has(name) && weights.get(name) !== weight,
  );
  return [
    ...(without.length > 0 ? [`${point}: without ${without.join(', ')}`] : []),
    ...(added.length > 0 ? [`${point}: with ${added.join(', ')}`] : []),
    ...(reordered ? [`${point}: in another order`] : []),
    ...reweighted.map(
      ({ name, weight }) => `${point}: ${name} with weight ${weight} (default ${weights.get(name)})`,
    ),
  ];
}

function withoutProfiles(configuration: EffectiveConfiguration): unknown {
  const { kind: _kind, apiVersion: _apiVersion, profiles: _profiles, ...rest } = toVersioned(configuration);
  return rest;
}

/** By plugin, so that it does not matter in which order they are listed. */
function argumentsOf(configuration: EffectiveConfiguration, profile: ProfileConfiguration): unknown {
  const { profiles } = toVersioned({ ...configuration, profiles: [profile] }) as {
    profiles: { pluginConfig?: { name: string; args?: Record<string, unknown> }[] }[];
  };
  const { percentageOfNodesToScore } = profile;
  return {
    ...(percentageOfNodesToScore !== undefined && { percentageOfNodesToScore }),
    ...Object.fromEntries((profiles[0]?.pluginConfig ?? []).map(({ name, args }) => [name, args])),
  };
}

/** Every value of plain data by its path. A list is one value: two lists are alike as a whole or not. */
function leaves(data: unknown, path = ''): Map<string, unknown> {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return new Map([[path, data]]);
  }
  return new Map(
    Object.entries(data).flatMap(([key, value]) => [...leaves(value, path === '' ? key : `${path}.${key}`)]),
  );
}

function differencesOf(byDefault: ReadonlyMap<string, unknown>, own: ReadonlyMap<string, unknown>): string[] {
  return [...own]
    .filter(([path, value]) => !isDeepStrictEqual(value, byDefault.get(path)))
    .map(([path, value]) => {
      const usual = byDefault.has(path)
        ? `default ${JSON.stringify(byDefault.get(path))}`
        : 'not set by default';
      return `${path}: ${JSON.stringify(value)} (${usual})`;
    });
}
