import { inTreePlugins, type PluginCatalog } from './in-tree-plugins.js';
import {
  type ExtensionPoint,
  extensionPoints,
  type PluginSetKey,
  type PluginSets,
} from './scheduler-configuration.js';

/** A plugin of one extension point. `weight` matters for score and placementScore only. */
export interface ExpandedPlugin {
  readonly name: string;
  readonly weight: number;
}

/** Per extension point the plugins to call, in order. */
export type ExpandedPlugins = Readonly<Record<ExtensionPoint, readonly ExpandedPlugin[]>>;

export type ImplementsPoint = (plugin: string, point: ExtensionPoint) => boolean;

/** Why lists cannot work, in kube-scheduler's words, and what of the lists is to blame. */
export interface Refusal {
  readonly kind: 'unknown' | 'not-this-point' | 'twice' | 'count' | 'weights';
  readonly problem: string;
  readonly key: PluginSetKey;
  /** The entry of that list, where it is one. */
  readonly plugin?: string;
}

export interface ExpansionOptions {
  readonly exists: (plugin: string) => boolean;
  readonly implementsPoint: ImplementsPoint;
  /**
   * True for a plugin of which it is not known yet what it implements: it is taken to implement the points at which it is
   * listed, and no others. @default nothing is
   */
  readonly isUnread?: (plugin: string) => boolean;
  /** Named in refusals. */
  readonly schedulerName: string;
}

export interface Expansion {
  /** What is left where entries are refused. */
  readonly plugins: ExpandedPlugins;
  readonly refusals: readonly Refusal[];
}

/**
 * Makes of merged sets the ordered plugins of each extension point: first multiPoint plugins that are listed
 * specifically too (in the specific order), then the other multiPoint plugins, then the other specific ones.
 */
export function expand(sets: PluginSets, options: ExpansionOptions): Expansion {
  const refusals: Refusal[] = [];
  const judge: ExpansionOptions = {
    ...options,
    // Nobody calls these points yet: a registry need not know that a plugin has them.
    implementsPoint: (name, point) =>
      options.implementsPoint(name, point) ||
      (dormant.has(point) && (inTreePlugins.get(name)?.includes(point) ?? false)),
  };
  const plugins = Object.fromEntries(
    extensionPoints.map((point) => {
      const weights = effectiveWeights(sets, point);
      const names = namesOfPoint(sets, point, judge, refusals);
      return [point, names.map((name) => ({ name, weight: weights.get(name) ?? 1 }))];
    }),
  ) as unknown as ExpandedPlugins;
  const mayBring = sets.multiPoint.enabled.some(({ name }) => options.isUnread?.(name) ?? false);
  // Whoever is not read yet, or does not exist, may be what is missing; of the latter kube-scheduler says no more either.
  const mayBeMissing = (key: PluginSetKey): boolean =>
    mayBring ||
    refusals.some((refusal) => refusal.kind === 'unknown' && [key, 'multiPoint'].includes(refusal.key));
  const counts = countRefusals(plugins, options.schedulerName);
  refusals.push(
    ...counts.filter(({ tooFew, key }) => !(tooFew && mayBeMissing(key))),
    ...weightRefusals(sets, judge),
  );
  return { plugins, refusals: once(refusals) };
}

const dormant: ReadonlySet<ExtensionPoint> = new Set([
  'placementGenerate',
  'placementScore',
  'podGroupPostFilter',
]);

function namesOfPoint(
  sets: PluginSets,
  point: ExtensionPoint,
  { exists, implementsPoint, isUnread = () => false }: ExpansionOptions,
  refusals: Refusal[],
): string[] {
  const type = kindName(point);
  const specific = new Set<string>();
  for (const { name } of sets[point].enabled) {
    const entry = { key: point, plugin: name };
    if (!exists(name)) {
      refusals.push({ kind: 'unknown', problem: `${type} ${JSON.stringify(name)} does not exist`, ...entry });
    } else if (!implementsPoint(name, point) && !isUnread(name)) {
      refusals.push({
        kind: 'not-this-point',
        problem: `plugin ${JSON.stringify(name)} does not extend ${type} plugin`,
        ...entry,
      });
    } else if (specific.has(name)) {
      refusals.push({ kind: 'twice', problem: alreadyRegistered(name, type), ...entry });
    } else {
      specific.add(name);
    }
  }
  const disabled = new Set(sets[point].disabled.map(({ name }) => name));
  if (disabled.has('*')) {
    return [...specific];
  }
  const overrides = new Set<string>();
  const plain = new Set<string>();
  for (const { name } of sets.multiPoint.enabled) {
    const entry = { key: 'multiPoint' as const, plugin: name };
    if (!exists(name)) {
      refusals.push({ kind: 'unknown', problem: `plugin ${JSON.stringify(name)} does not exist`, ...entry });
    } else if (implementsPoint(name, point) && !disabled.has(name)) {
      if (overrides.has(name) || plain.has(name)) {
        refusals.push({ kind: 'twice', problem: alreadyRegistered(name, type), ...entry });
      }
      (specific.has(name) ? overrides : plain).add(name);
    }
  }
  const inSpecificOrder = [...specific];
  return [
    ...inSpecificOrder.filter((name) => overrides.has(name)),
    ...plain,
    ...inSpecificOrder.filter((name) => !overrides.has(name)),
  ];
}

function alreadyRegistered(name: string, type: string): string {
  return `plugin ${JSON.stringify(name)} already registered as "${type}"`;
}

/** Listed at the point: that weight, even when it is not given. Else multiPoint's. Missing or 0 is 1. */
function effectiveWeights(sets: PluginSets, point: ExtensionPoint): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  const own = point === 'placementScore' ? sets.placementScore : sets.score;
  for (const { name, weight } of [...own.enabled, ...sets.multiPoint.enabled]) {
    if (!weights.has(name)) {
      weights.set(name, weight || 1);
    }
  }
  return weights;
}

function countRefusals(plugins: ExpandedPlugins, schedulerName: string): (Refusal & { tooFew: boolean })[] {
  const profile = `profile with scheduler name ${JSON.stringify(schedulerName)}`;
  const refusals: (Refusal & { tooFew: boolean })[] = [];
  const refuse = (key: ExtensionPoint, problem: string): void => {
    refusals.push({ kind: 'count', problem, key, tooFew: plugins[key].length === 0 });
  };
  const { queueSort, bind, placementGenerate } = plugins;
  if (queueSort.length !== 1) {
    refuse('queueSort', `only one queue sort plugin required for ${profile}, but got ${queueSort.length}`);
  }
  if (bind.length === 0) {
    refuse('bind', `at least one bind plugin is needed for ${profile}`);
  }
  if (placementGenerate.length > 1) {
    refuse(
      'placementGenerate',
      `only one placement generate plugin is possible for ${profile}, but got ${placementGenerate.length}`,
    );
  }
  return refusals;
}

/**
 * kube-scheduler sums up the weights of all scoring plugins that a profile names, in the order of the lists and whether
 * or not the point leaves them out; while the sum is below zero its check for overflow refuses whatever comes next.
 */
function weightRefusals(sets: PluginSets, { exists, implementsPoint }: ExpansionOptions): Refusal[] {
  return (
    [
      ['score', 'score plugins'],
      ['placementScore', 'placement score plugins'],
    ] as const
  ).flatMap(([point, what]) => {
    let total = 0;
    for (const [name, weight] of effectiveWeights(sets, point)) {
      if (!exists(name) || !implementsPoint(name, point)) {
        continue;
      }
      if (total < 0 || total + weight * 100 > Number.MAX_SAFE_INTEGER) {
        const problem = `${what}: total score of Score plugins could overflow`;
        return [{ kind: 'weights' as const, problem, key: point }];
      }
      total += weight * 100;
    }
    return [];
  });
}

/** What is wrong with an entry of multiPoint is wrong at every point: said once. */
function once(refusals: readonly Refusal[]): Refusal[] {
  const seen = new Set<string>();
  return refusals.filter(({ kind, key, plugin, problem }) => {
    const id = JSON.stringify(key === 'multiPoint' ? [kind, key, plugin] : [kind, key, plugin, problem]);
    const isNew = !seen.has(id);
    seen.add(id);
    return isNew;
  });
}

/** How the plugins of a catalog expand. */
export function catalogExpansion(catalog: PluginCatalog, schedulerName: string): ExpansionOptions {
  return {
    exists: (name) => catalog.has(name),
    implementsPoint: (name, point) => catalog.get(name)?.includes(point) ?? false,
    isUnread: (name) => catalog.has(name) && catalog.get(name) === undefined,
    schedulerName,
  };
}

/** `preFilter` → `PreFilterPlugin`, as kube-scheduler names the point in its errors. */
function kindName(point: ExtensionPoint): string {
  return `${point.charAt(0).toUpperCase()}${point.slice(1)}Plugin`;
}
