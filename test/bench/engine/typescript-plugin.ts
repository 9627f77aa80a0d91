import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../src/clock.js';
import { loadConfiguration } from '../../../src/config/load.js';
import { createLogger } from '../../../src/observe/logger.js';
import { Metrics } from '../../../src/observe/metrics.js';
import { PluginRecorder } from '../../../src/observe/plugin-recorder.js';
import type { ImportPluginModule } from '../../../src/plugin-host/module-importer.js';
import { PluginHost } from '../../../src/plugin-host/plugin-host.js';
import { medianOf, type Spread, spreadOf } from '../quantiles.js';
import { benchNodes, boundPods } from './bench-cluster.js';
import { BenchScheduler } from './bench-scheduler.js';
import { collectGarbage } from './garbage.js';
import { configurationOf, moduleOf, type PluginVariant, pluginVariants } from './plugin-variants.js';
import { podKinds, podsOfKind } from './pod-kinds.js';

export interface TypescriptPluginCase {
  readonly bench: 'typescript-plugin';
  readonly nodes: number;
  /** The variant of the plugin. */
  readonly case: string;
  readonly about: string;
  readonly podsPerRound: number;
  readonly rounds: number;
  /** One decision, without the plugin and with it: the middle one of each round. */
  readonly withoutMicroseconds: Spread;
  readonly withMicroseconds: Spread;
  /** The difference of the two medians. */
  readonly addedMicroseconds: number;
  readonly addedNanosecondsPerNode: number;
  /** With to without. */
  readonly ratio: number;
}

export interface TypescriptPluginOptions {
  readonly nodes: readonly number[];
  readonly rounds: number;
  readonly warmUp: number;
  readonly pods: number;
  readonly only?: ReadonlySet<string> | undefined;
  readonly progress: (text: string) => void;
  /** @default through Node.js itself, as in production */
  readonly importModule?: ImportPluginModule | undefined;
}

const plain = podKinds[0]!;

/** Measures what each variant of a trivial plugin adds to decisions about plain pods. */
export async function benchTypescriptPlugin(
  options: TypescriptPluginOptions,
): Promise<TypescriptPluginCase[]> {
  const cases: TypescriptPluginCase[] = [];
  for (const nodes of options.nodes) {
    for (const variant of pluginVariants) {
      if (options.only !== undefined && !options.only.has(variant.name)) continue;
      options.progress(`typescript-plugin: ${variant.name} on ${nodes} nodes`);
      cases.push(await pluginCase(variant, nodes, options));
    }
  }
  return cases;
}

async function pluginCase(
  variant: PluginVariant,
  nodes: number,
  options: TypescriptPluginOptions,
): Promise<TypescriptPluginCase> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-bench-'));
  try {
    const { scheduler, host } = await load(variant, folder, options.importModule);
    scheduler.show(benchNodes(nodes), boundPods(nodes));
    const measured = await inTurns(scheduler, options).finally(() => scheduler.close());
    host.close();
    const added = measured.with.median - measured.without.median;
    return {
      bench: 'typescript-plugin',
      nodes,
      case: variant.name,
      about: variant.about,
      podsPerRound: options.pods,
      rounds: options.rounds,
      withoutMicroseconds: measured.without,
      withMicroseconds: measured.with,
      addedMicroseconds: added,
      addedNanosecondsPerNode: (added * 1_000) / nodes,
      ratio: measured.with.median / measured.without.median,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A scheduler with both profiles, the plugin loaded, supervised and counted in metrics as by `berth run`. */
async function load(
  variant: PluginVariant,
  folder: string,
  importModule: ImportPluginModule | undefined,
): Promise<{ readonly scheduler: BenchScheduler; readonly host: PluginHost }> {
  const file = join(folder, 'berth.yaml');
  writeFileSync(file, configurationOf(variant));
  writeFileSync(join(folder, 'plugin.ts'), moduleOf(variant));
  const configuration = loadConfiguration(file, { leaderElect: false });
  const log = createLogger({ level: 'error' });
  const host = await PluginHost.load(configuration, {
    clock: systemClock,
    log,
    observer: new PluginRecorder({ metrics: new Metrics(), logger: log }),
    ...(importModule === undefined ? {} : { importModule }),
  });
  return { scheduler: new BenchScheduler({ configuration, plugins: host }), host };
}

/** Rounds without and with the plugin, in turns; each pair in the other order than the one before. */
async function inTurns(
  scheduler: BenchScheduler,
  { rounds, warmUp, pods }: TypescriptPluginOptions,
): Promise<{ readonly without: Spread; readonly with: Spread }> {
  const round = async (schedulerName: string): Promise<number> => {
    const seconds: number[] = [];
    scheduler.observer = { algorithm: (spent) => seconds.push(spent) };
    const placed = podsOfKind(plain, pods, schedulerName);
    collectGarbage();
    await scheduler.place(placed);
    scheduler.remove(placed);
    return medianOf(seconds) * 1e6;
  };
  const taken = { without: [] as number[], with: [] as number[] };
  for (let warm = 0; warm < warmUp; warm += pods) {
    await round('without');
    await round('with');
  }
  for (let index = 0; index < rounds; index++) {
    const order = index % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const);
    for (const profile of order) taken[profile].push(await round(profile));
  }
  return { without: spreadOf(taken.without), with: spreadOf(taken.with) };
}
