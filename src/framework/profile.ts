import { liftFilter, liftScore } from './lift.js';
import {
  type BindPlugin,
  type ExtensionPoint,
  extensionPoints,
  implementsPoint,
  type NodeFilterPlugin,
  type NodeScorePlugin,
  type NormalizePlugin,
  type PermitPlugin,
  type Plugin,
  type PostBindPlugin,
  type PostFilterPlugin,
  type PreBindPlugin,
  type PreEnqueuePlugin,
  type PreFilterPlugin,
  type PreScorePlugin,
  type QueueSortPlugin,
  type ReservePlugin,
  type RowFilterPlugin,
  type RowScorePlugin,
} from './plugin.js';
import type { PluginHandle, Registry } from './registry.js';

/** A plugin named for one extension point, MultiPoint already expanded. */
export interface EnabledPlugin {
  readonly name: string;
  /** Of meaning at the score point only; absent or 0 counts as 1. */
  readonly weight?: number | undefined;
}

export type EnabledPlugins = Readonly<Partial<Record<ExtensionPoint, readonly EnabledPlugin[]>>>;

/** A Score plugin with what the profile makes of it. */
export interface WeightedScore {
  readonly plugin: RowScorePlugin;
  readonly weight: number;
  readonly normalizer: NormalizePlugin | undefined;
}

export interface ProfileOptions {
  readonly schedulerName: string;
  readonly plugins: EnabledPlugins;
  /** By plugin name: decoded and defaulted `pluginConfig` entries. */
  readonly pluginArgs: Readonly<Record<string, unknown>>;
  readonly registry: Registry;
  readonly handle: Omit<PluginHandle, 'profile'>;
  /** As written for the profile, else the global one; absent or 0: all nodes are evaluated. */
  readonly percentageOfNodesToScore?: number | undefined;
}

/** One scheduler name: its plugins, made once, by extension point and in order of running. */
export interface Profile {
  readonly schedulerName: string;
  readonly percentageOfNodesToScore: number | undefined;
  /** Every plugin of the profile, once. */
  readonly all: readonly Plugin[];
  readonly preEnqueue: readonly PreEnqueuePlugin[];
  readonly queueSort: QueueSortPlugin;
  readonly preFilter: readonly PreFilterPlugin[];
  /** In vector form, whatever form the plugin has. */
  readonly filter: readonly RowFilterPlugin[];
  readonly postFilter: readonly PostFilterPlugin[];
  readonly preScore: readonly PreScorePlugin[];
  readonly score: readonly WeightedScore[];
  readonly reserve: readonly ReservePlugin[];
  readonly permit: readonly PermitPlugin[];
  readonly preBind: readonly PreBindPlugin[];
  readonly bind: readonly BindPlugin[];
  readonly postBind: readonly PostBindPlugin[];
}

/** How kube-scheduler calls an extension point in its messages. */
const pluginKinds: Readonly<Record<ExtensionPoint, string>> = {
  preEnqueue: 'PreEnqueuePlugin',
  queueSort: 'QueueSortPlugin',
  preFilter: 'PreFilterPlugin',
  filter: 'FilterPlugin',
  postFilter: 'PostFilterPlugin',
  preScore: 'PreScorePlugin',
  score: 'ScorePlugin',
  reserve: 'ReservePlugin',
  permit: 'PermitPlugin',
  preBind: 'PreBindPlugin',
  bind: 'BindPlugin',
  postBind: 'PostBindPlugin',
};

const highestScore = 100;

/** Makes every plugin that some extension point names. Throws, in kube-scheduler's words, on what cannot be. */
export function createProfile(options: ProfileOptions): Profile {
  const maker = new PluginMaker(options);
  const points = Object.fromEntries(
    extensionPoints.map((point) => [point, maker.pluginsAt(point)]),
  ) as Readonly<Record<ExtensionPoint, readonly Plugin[]>>;

  return {
    schedulerName: options.schedulerName,
    percentageOfNodesToScore: options.percentageOfNodesToScore,
    all: [...maker.made.values()],
    preEnqueue: points.preEnqueue as readonly PreEnqueuePlugin[],
    queueSort: onlyQueueSort(options.schedulerName, points.queueSort as readonly QueueSortPlugin[]),
    preFilter: points.preFilter as readonly PreFilterPlugin[],
    filter: points.filter.map(inVectorForm),
    postFilter: points.postFilter as readonly PostFilterPlugin[],
    preScore: points.preScore as readonly PreScorePlugin[],
    score: weightedScores(points.score, options.plugins.score ?? []),
    reserve: points.reserve as readonly ReservePlugin[],
    permit: points.permit as readonly PermitPlugin[],
    preBind: points.preBind as readonly PreBindPlugin[],
    bind: atLeastOneBinder(options.schedulerName, points.bind as readonly BindPlugin[]),
    postBind: points.postBind as readonly PostBindPlugin[],
  };
}

/** Makes each plugin once, however many extension points name it. */
class PluginMaker {
  readonly made = new Map<string, Plugin>();
  readonly #options: ProfileOptions;

  constructor(options: ProfileOptions) {
    this.#options = options;
  }

  pluginsAt(point: ExtensionPoint): readonly Plugin[] {
    const kind = pluginKinds[point];
    const plugins: Plugin[] = [];
    const names = new Set<string>();
    for (const { name } of this.#options.plugins[point] ?? []) {
      if (names.has(name)) throw new Error(`plugin "${name}" already registered as "${kind}"`);
      names.add(name);
      const plugin = this.#make(name, kind);
      if (!implementsPoint(plugin, point)) throw new Error(`plugin "${name}" does not extend ${kind} plugin`);
      plugins.push(plugin);
    }
    return plugins;
  }

  #make(name: string, kind: string): Plugin {
    const made = this.made.get(name);
    if (made !== undefined) return made;
    const { registry, pluginArgs, handle, schedulerName } = this.#options;
    const registered = registry.get(name);
    if (registered === undefined) throw new Error(`${kind} "${name}" does not exist`);
    const args = Object.hasOwn(pluginArgs, name) ? pluginArgs[name] : undefined;
    try {
      const plugin = registered.create(args, { ...handle, profile: schedulerName });
      this.made.set(name, plugin);
      return plugin;
    } catch (error) {
      throw new Error(
        `initializing plugin "${name}": ${error instanceof Error ? error.message : String(error)}`,
        {
          cause: error,
        },
      );
    }
  }
}

function inVectorForm(plugin: Plugin): RowFilterPlugin {
  return 'filterRows' in plugin ? (plugin as RowFilterPlugin) : liftFilter(plugin as NodeFilterPlugin);
}

function weightedScores(plugins: readonly Plugin[], enabled: readonly EnabledPlugin[]): WeightedScore[] {
  const weights = new Map(
    enabled.map(({ name, weight }) => [name, weight === undefined || weight === 0 ? 1 : weight]),
  );
  const scores = plugins.map((plugin) => ({
    plugin: 'scoreRows' in plugin ? (plugin as RowScorePlugin) : liftScore(plugin as NodeScorePlugin),
    weight: weights.get(plugin.name)!,
    normalizer: 'normalizeScores' in plugin ? (plugin as NormalizePlugin) : undefined,
  }));
  const highestTotal = scores.reduce((sum, { weight }) => sum + weight * highestScore, 0);
  // Totals are exact integers only up to here; kube-scheduler's own limit, int64, is beyond it.
  if (highestTotal > Number.MAX_SAFE_INTEGER) throw new Error('total score of Score plugins could overflow');
  return scores;
}

function onlyQueueSort(schedulerName: string, plugins: readonly QueueSortPlugin[]): QueueSortPlugin {
  const [first] = plugins;
  if (first === undefined || plugins.length > 1) {
    throw new Error(
      `only one queue sort plugin required for profile with scheduler name "${schedulerName}", but got ${plugins.length}`,
    );
  }
  return first;
}

function atLeastOneBinder(schedulerName: string, plugins: readonly BindPlugin[]): readonly BindPlugin[] {
  if (plugins.length === 0) {
    throw new Error(`at least one bind plugin is needed for profile with scheduler name "${schedulerName}"`);
  }
  return plugins;
}
