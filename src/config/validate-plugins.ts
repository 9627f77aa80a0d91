import { isDeepStrictEqual } from 'node:util';
import { enabledPlugins } from './defaults.js';
import { duplicate, type FieldPath, type FieldProblem, invalid } from './field-problem.js';
import { type PluginCatalog, removedPlugins } from './in-tree-plugins.js';
import { hasKnownArgs, type PluginArgs } from './plugin-args.js';
import { catalogExpansion, expand, type Refusal } from './plugin-expansion.js';
import {
  type PluginSetKey,
  type PluginSets,
  type ProfileConfiguration,
  pluginSetKeys,
} from './scheduler-configuration.js';
import type { ProfileFile } from './schema.js';
import { adviceOnUnknownPlugin } from './unknown-plugin.js';
import { validateArgs } from './validate-args.js';

const removedText =
  'was invalid in version "v1" (KubeSchedulerConfiguration is version "kubescheduler.config.k8s.io/v1")';

/** Lists whose removed plugins kube-scheduler reports as unknown only; so do we. */
const withoutRemovalCheck: ReadonlySet<PluginSetKey> = new Set([
  'multiPoint',
  'placementGenerate',
  'placementScore',
]);

/** Arguments that kube-scheduler looks at only when it makes the plugin: of no account while it is not enabled. */
const judgedWhenMade: ReadonlySet<string> = new Set(['NodeResourcesFit']);

/**
 * Whether the plugins of a profile can be had and work together at each extension point.
 * @param written the profile as it stands in the file, so that a problem can be found there
 */
export function validatePluginSets(
  profile: ProfileConfiguration,
  written: ProfileFile,
  path: FieldPath,
  plugins: PluginCatalog,
): FieldProblem[] {
  const removed = pluginSetKeys.flatMap((key) =>
    (written.plugins?.[key]?.enabled ?? []).flatMap(({ name = '' }, index) =>
      removedPlugins.has(name) && !withoutRemovalCheck.has(key)
        ? [
            invalid([...path, 'plugins', key, 'enabled', index], name, removedText, {
              suggestion: adviceOnUnknownPlugin(name, plugins),
            }),
          ]
        : [],
    ),
  );
  const { refusals } = expand(profile.plugins, catalogExpansion(plugins, profile.schedulerName));
  const saidAlready = ({ kind, key, plugin = '' }: Refusal): boolean =>
    kind === 'unknown' && removedPlugins.has(plugin) && !withoutRemovalCheck.has(key);
  return [
    ...removed,
    ...refusals
      .filter((refusal) => !saidAlready(refusal))
      .map((refusal) => ({
        path: pathOf(refusal, written, path),
        text: refusal.problem,
        ...adviceOn(refusal, plugins),
      })),
  ];
}

/** The entry of the file that is to blame, else the list, else the profile. */
function pathOf({ kind, key, plugin }: Refusal, written: ProfileFile, path: FieldPath): FieldPath {
  const list = [...path, 'plugins', key];
  const enabled = written.plugins?.[key]?.enabled ?? [];
  const index =
    kind === 'twice'
      ? enabled.findLastIndex(({ name = '' }) => name === plugin)
      : enabled.findIndex(({ name = '' }) => name === plugin);
  return plugin === undefined || index === -1 ? list : [...list, 'enabled', index, 'name'];
}

function adviceOn({ kind, plugin = '' }: Refusal, plugins: PluginCatalog): Pick<FieldProblem, 'suggestion'> {
  switch (kind) {
    case 'unknown':
      return { suggestion: adviceOnUnknownPlugin(plugin, plugins) };
    case 'not-this-point': {
      const points = plugins.get(plugin) ?? [];
      return { suggestion: `it can be enabled at ${[...points, 'multiPoint'].join(', ')}` };
    }
    case 'twice':
      return { suggestion: 'name it once' };
    case 'weights':
      return { suggestion: 'give weights that are positive' };
    case 'count':
      return {};
  }
}

/** Each plugin is configured at most once, and its arguments make sense. */
export function validatePluginConfig(
  profile: ProfileConfiguration,
  path: FieldPath,
  plugins: PluginCatalog,
): FieldProblem[] {
  const seen = new Set<string>();
  const enabled = enabledPlugins(profile.plugins);
  return profile.pluginConfig.flatMap(({ name, args }, index) => {
    const entryPath = [...path, index];
    const problems: FieldProblem[] = [];
    if (seen.has(name)) {
      problems.push(duplicate(entryPath, name));
    }
    seen.add(name);
    if (removedPlugins.has(name)) {
      problems.push(
        invalid(entryPath, name, removedText, { suggestion: adviceOnUnknownPlugin(name, plugins) }),
      );
    }
    if (hasKnownArgs(name) && (!judgedWhenMade.has(name) || enabled.has(name))) {
      problems.push(...validateArgs(name, args as PluginArgs, [...entryPath, 'args']));
    }
    return problems;
  });
}

/** One queue serves all profiles, so all must sort it alike. */
export function validateQueueSort(profiles: readonly ProfileConfiguration[]): FieldProblem[] {
  const [first, ...others] = profiles;
  if (first === undefined) {
    return [];
  }
  const problems: FieldProblem[] = [];
  const { enabled } = first.plugins.queueSort;
  if (enabled.length > 1) {
    problems.push(
      invalid(
        ['profiles', 0, 'plugins', 'queueSort', 'enabled'],
        enabled.length,
        'only one queue sort plugin can be enabled',
      ),
    );
  }
  // kube-scheduler compares even where no queue sort plugin is named: then it takes entries without a name for its arguments.
  const [sorter] = enabled;
  const argsOfSorter = ({ pluginConfig }: ProfileConfiguration): unknown =>
    pluginConfig.find(({ name }) => name === (sorter?.name ?? ''))?.args;
  const argsOfFirst = sorter === undefined ? undefined : argsOfSorter(first);
  others.forEach((profile, index) => {
    const path = ['profiles', index + 1];
    const { queueSort } = profile.plugins;
    const args = argsOfSorter(profile);
    if (args !== undefined && !isDeepStrictEqual(args, argsOfFirst)) {
      problems.push(invalid([...path, 'pluginConfig'], args, 'queueSort must be the same for all profiles'));
    }
    if (!isDeepStrictEqual(plain(queueSort), plain(first.plugins.queueSort))) {
      problems.push(
        invalid([...path, 'plugins', 'queueSort'], plain(queueSort), 'must be the same for all profiles'),
      );
    }
  });
  return problems;
}

/** As kube-scheduler compares and shows them. */
function plain({ enabled, disabled }: PluginSets['queueSort']): unknown {
  return {
    Enabled:
      enabled.length === 0 ? null : enabled.map(({ name, weight = 0 }) => ({ Name: name, Weight: weight })),
    Disabled: disabled.length === 0 ? null : disabled.map(({ name }) => ({ Name: name, Weight: 0 })),
  };
}

/** The queue sort plugin that comes of the lists, and its arguments, are the same in all profiles. */
export function validateQueueSortInUse(
  profiles: readonly ProfileConfiguration[],
  plugins: PluginCatalog,
): FieldProblem[] {
  const inUse = profiles.map((profile) => {
    const { queueSort: sorters } = expand(
      profile.plugins,
      catalogExpansion(plugins, profile.schedulerName),
    ).plugins;
    const name = sorters.length === 1 ? sorters[0]?.name : undefined;
    return { profile, name, args: profile.pluginConfig.find((entry) => entry.name === name)?.args };
  });
  const [first, ...others] = inUse;
  return others.flatMap(({ profile, name, args }, index) => {
    const path = ['profiles', index + 1];
    if (first?.name === undefined || name === undefined) {
      return [];
    }
    if (name !== first.name) {
      const text = `different queue sort plugins for profile ${JSON.stringify(profile.schedulerName)}: ${JSON.stringify(name)}, first: ${JSON.stringify(first.name)}`;
      return [{ path: [...path, 'plugins'], text }];
    }
    const text = `different queue sort plugin args for profile ${JSON.stringify(profile.schedulerName)}`;
    return isDeepStrictEqual(args, first.args) ? [] : [{ path: [...path, 'pluginConfig'], text }];
  });
}
