import { BerthError } from '../errors.js';
import {
  type ExtensionPoint,
  extensionPoints,
  type PluginEntry,
  type PluginSet,
  type PluginSetKey,
  type PluginSets,
  pluginSetKeys,
} from './scheduler-configuration.js';

/** A plugin of one extension point. `weight` matters for score and placementScore only. */
export interface ExpandedPlugin {
  readonly name: string;
  readonly weight: number;
}

/** Per extension point the plugins to call, in order. */
export type ExpandedPlugins = Readonly<Record<ExtensionPoint, readonly ExpandedPlugin[]>>;

export interface ExpandOptions {
  /** Whether a plugin of that name can be had at all. @default every name is taken to exist */
  readonly exists?: (plugin: string) => boolean;
  /** Named in errors. @default '' */
  readonly schedulerName?: string;
}

export type ImplementsPoint = (plugin: string, point: ExtensionPoint) => boolean;

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
  const disabled = new Set([...user.disabled, ...defaults.disabled].map(({ name }) => name));
  // Of a name listed twice the last entry takes the default's place; the others are appended and refused later.
  const userIndex = new Map(user.enabled.map(({ name }, index) => [name, index]));
  const placed = new Set<number>();
  const enabled: PluginEntry[] = [];
  if (!disabled.has('*')) {
    for (const entry of defaults.enabled) {
      if (disabled.has(entry.name)) {
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
  return { enabled, disabled: [...disabled].map((name) => ({ name })) };
}

/** Merges and expands in one go: what a profile with these sets calls at each extension point. */
export function expandPlugins(
  defaults: PluginSets,
  user: Partial<PluginSets>,
  implementsPoint: ImplementsPoint,
  options: ExpandOptions = {},
): ExpandedPlugins {
  return expandPluginSets(mergePluginSets(defaults, user), implementsPoint, options);
}

/**
 * Makes of merged sets the ordered plugins of each extension point: first multiPoint plugins that are listed
 * specifically too (in the specific order), then the other multiPoint plugins, then the other specific ones.
 * Throws `BERTH_E_PLUGINS` in kube-scheduler's words for lists that cannot work.
 */
export function expandPluginSets(
  sets: PluginSets,
  implementsPoint: ImplementsPoint,
  options: ExpandOptions = {},
): ExpandedPlugins {
  const weights = effectiveWeights(sets);
  const expanded = Object.fromEntries(
    extensionPoints.map((point) => {
      const names = namesOfPoint(sets, point, implementsPoint, options);
      return [point, names.map((name) => ({ name, weight: weights.get(name) ?? 1 }))];
    }),
  ) as unknown as ExpandedPlugins;
  checkCounts(expanded, options.schedulerName ?? '');
  return expanded;
}

function namesOfPoint(
  sets: PluginSets,
  point: ExtensionPoint,
  implementsPoint: ImplementsPoint,
  { exists = () => true }: ExpandOptions,
): string[] {
  const type = typeName(point);
  const specific = new Set<string>();
  for (const { name } of sets[point].enabled) {
    if (!exists(name)) {
      throw refusal(`${type} "${name}" does not exist`);
    }
    if (!implementsPoint(name, point)) {
      throw refusal(`plugin "${name}" does not extend ${type} plugin`);
    }
    if (specific.has(name)) {
      throw refusal(`plugin "${name}" already registered as "${type}"`);
    }
    specific.add(name);
  }
  const disabled = new Set(sets[point].disabled.map(({ name }) => name));
  if (disabled.has('*')) {
    return [...specific];
  }
  const overrides = new Set<string>();
  const plain = new Set<string>();
  for (const { name } of sets.multiPoint.enabled) {
    if (!exists(name)) {
      throw refusal(`${type} "${name}" does not exist`);
    }
    if (!implementsPoint(name, point) || disabled.has(name)) {
      continue;
    }
    if (overrides.has(name) || plain.has(name)) {
      throw refusal(`plugin "${name}" already registered as "${type}"`);
    }
    (specific.has(name) ? overrides : plain).add(name);
  }
  const inSpecificOrder = [...specific];
  return [
    ...inSpecificOrder.filter((name) => overrides.has(name)),
    ...plain,
    ...inSpecificOrder.filter((name) => !overrides.has(name)),
  ];
}

/** Listed under score: that weight, even when it is not given. Else multiPoint's. Missing or 0 is 1. */
function effectiveWeights(sets: PluginSets): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const { name, weight } of [...sets.score.enabled, ...sets.multiPoint.enabled]) {
    if (!weights.has(name)) {
      weights.set(name, weight || 1);
    }
  }
  return weights;
}

function checkCounts(expanded: ExpandedPlugins, schedulerName: string): void {
  const profile = `profile with scheduler name "${schedulerName}"`;
  if (expanded.queueSort.length !== 1) {
    throw refusal(`only one queue sort plugin required for ${profile}, but got ${expanded.queueSort.length}`);
  }
  if (expanded.bind.length === 0) {
    throw refusal(`at least one bind plugin is needed for ${profile}`);
  }
  if (expanded.placementGenerate.length > 1) {
    throw refusal(
      `only one placement generate plugin is possible for ${profile}, but got ${expanded.placementGenerate.length}`,
    );
  }
  const highestTotal = expanded.score.reduce((total, { weight }) => total + weight * 100, 0);
  if (highestTotal > Number.MAX_SAFE_INTEGER) {
    throw refusal('total score of Score plugins could overflow');
  }
}

/** `preFilter` → `PreFilterPlugin`, as kube-scheduler names the point in its errors. */
function typeName(point: ExtensionPoint): string {
  return `${point.charAt(0).toUpperCase()}${point.slice(1)}Plugin`;
}

function refusal(problem: string): BerthError {
  return new BerthError('BERTH_E_PLUGINS', { problem });
}
