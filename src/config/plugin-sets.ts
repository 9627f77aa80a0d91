import { BerthError } from '../errors.js';
import { type ExpandedPlugins, expand, type ImplementsPoint } from './plugin-expansion.js';
import {
  type PluginEntry,
  type PluginSet,
  type PluginSetKey,
  type PluginSets,
  pluginSetKeys,
} from './scheduler-configuration.js';

export type { ExpandedPlugin, ExpandedPlugins, ImplementsPoint } from './plugin-expansion.js';

export interface ExpandOptions {
  /** Whether a plugin of that name can be had at all. @default every name is taken to exist */
  readonly exists?: (plugin: string) => boolean;
  /** Named in errors. @default '' */
  readonly schedulerName?: string;
}

export const emptyPluginSet: PluginSet = { enabled: [], disabled: [] };

/** `sets` with an empty set for every key it lacks. */
export function completePluginSets(sets: Partial<PluginSets>): PluginSets {
  return Object.fromEntries(pluginSetKeys.map((key) => [key, sets[key] ?? emptyPluginSet])) as Record<
    PluginSetKey,
    PluginSet
  >;
}

/**
 * Puts the user's plugin sets over the default ones, key by key. A default plugin that the user enables too keeps the
 * default's position with the user's weight; one that he disables and enables moves to the end.
 */
export function mergePluginSets(defaults: PluginSets, user: Partial<PluginSets>): PluginSets {
  return Object.fromEntries(
    pluginSetKeys.map((key) => [key, mergePluginSet(defaults[key], user[key] ?? emptyPluginSet)]),
  ) as Record<PluginSetKey, PluginSet>;
}

function mergePluginSet(defaults: PluginSet, user: PluginSet): PluginSet {
  const disabled = [...user.disabled, ...defaults.disabled];
  const disabledNames = new Set(disabled.map(({ name }) => name));
  // Of a name listed twice the last entry takes the default's place; the others are appended and refused later.
  const userIndex = new Map(user.enabled.map(({ name }, index) => [name, index]));
  const placed = new Set<number>();
  const enabled: PluginEntry[] = [];
  if (!disabledNames.has('*')) {
    for (const entry of defaults.enabled) {
      if (disabledNames.has(entry.name)) {
        continue;
      }
      const index = userIndex.get(entry.name);
      if (index !== undefined) {
        placed.add(index);
      }
      enabled.push(index === undefined ? entry : (user.enabled[index] as PluginEntry));
    }
  }
  enabled.push(...user.enabled.filter((_entry, index) => !placed.has(index)));
  return { enabled, disabled };
}

/**
 * The ordered plugins of each extension point, as `expand` makes them of merged sets.
 * Throws `BERTH_E_PLUGINS` in kube-scheduler's words for lists that cannot work.
 */
export function expandPluginSets(
  sets: PluginSets,
  implementsPoint: ImplementsPoint,
  { exists = () => true, schedulerName = '' }: ExpandOptions = {},
): ExpandedPlugins {
  const { plugins, refusals } = expand(sets, { exists, implementsPoint, schedulerName });
  const [first] = refusals;
  if (first !== undefined) {
    throw new BerthError('BERTH_E_PLUGINS', { problem: first.problem });
  }
  return plugins;
}
