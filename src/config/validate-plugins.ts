import { isDeepStrictEqual } from 'node:util';
import { duplicate, type FieldPath, type FieldProblem, invalid } from './field-problem.js';
import { removedPlugins } from './in-tree-plugins.js';
import { hasKnownArgs } from './plugin-args.js';
import { type PluginSetKey, type ProfileConfiguration, pluginSetKeys } from './scheduler-configuration.js';
import type { ProfileFile } from './schema.js';
import { didYouMean } from './suggest.js';
import { validateArgs } from './validate-args.js';

const removedText =
  'was invalid in version "v1" (KubeSchedulerConfiguration is version "kubescheduler.config.k8s.io/v1")';

/** Lists whose removed plugins kube-scheduler reports as unknown only; so do we. */
const withoutRemovalCheck: ReadonlySet<PluginSetKey> = new Set([
  'multiPoint',
  'placementGenerate',
  'placementScore',
]);

/** Names of enabled plugins, judged in the lists as the user wrote them, so that a problem can be found in the file. */
export function validateEnabledPlugins(
  profiles: readonly ProfileFile[],
  knownPlugins: ReadonlySet<string>,
): FieldProblem[] {
  return profiles.flatMap((profile, index) =>
    pluginSetKeys.flatMap((key) =>
      (profile.plugins?.[key]?.enabled ?? []).flatMap(({ name }, entryIndex) => {
        const path = ['profiles', index, 'plugins', key, 'enabled', entryIndex];
        if (removedPlugins.has(name) && !withoutRemovalCheck.has(key)) {
          return [invalid(path, name, removedText)];
        }
        return knownPlugins.has(name) ? [] : [unknownPlugin([...path, 'name'], name, knownPlugins)];
      }),
    ),
  );
}

/** Each plugin is configured at most once, is known, and its arguments make sense. */
export function validatePluginConfig(
  profile: ProfileConfiguration,
  path: FieldPath,
  knownPlugins: ReadonlySet<string>,
): FieldProblem[] {
  const seen = new Set<string>();
  return profile.pluginConfig.flatMap(({ name, args }, index) => {
    const entryPath = [...path, index];
    if (seen.has(name)) {
      return [duplicate(entryPath, name)];
    }
    seen.add(name);
    if (removedPlugins.has(name)) {
      return [invalid(entryPath, name, removedText)];
    }
    if (!knownPlugins.has(name)) {
      return [unknownPlugin([...entryPath, 'name'], name, knownPlugins)];
    }
    return hasKnownArgs(name) ? validateArgs(name, args, [...entryPath, 'args']) : [];
  });
}

function unknownPlugin(path: FieldPath, name: string, knownPlugins: ReadonlySet<string>): FieldProblem {
  return { path, text: `unknown plugin ${JSON.stringify(name)}${didYouMean(name, knownPlugins)}` };
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
  const argsOfSort = (profile: ProfileConfiguration): unknown =>
    profile.pluginConfig.find(({ name }) => name === enabled[0]?.name)?.args;
  others.forEach((profile, index) => {
    const path = ['profiles', index + 1];
    if (!isDeepStrictEqual(profile.plugins.queueSort, first.plugins.queueSort)) {
      const names = profile.plugins.queueSort.enabled.map(({ name }) => name);
      problems.push(invalid([...path, 'plugins', 'queueSort'], names, 'must be the same for all profiles'));
    }
    if (!isDeepStrictEqual(argsOfSort(profile), argsOfSort(first))) {
      problems.push(
        invalid(
          [...path, 'pluginConfig'],
          argsOfSort(profile),
          'queueSort must be the same for all profiles',
        ),
      );
    }
  });
  return problems;
}
