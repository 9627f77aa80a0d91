import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { closeMetrics } from './fuzz-world.js';
import { goldenMaterial } from './golden-objects.js';
import { writeJson } from './raw-json.js';
import { operationsOf, type RunOptions, type RunResult, run } from './run.js';
import { shrink } from './shrink.js';
import type { Operation } from './storm.js';

const usage = `Usage: npm run fuzz -- [options]

Sends random and mutated API objects through the whole of Berth: the bytes of watches, the reflectors, the projection, the cluster
state, the queue and attempts with all default plugins. Beside them are pods of which it is known where they belong.

  --seed N       of the first storm (default 1); a storm is made by its seed alone
  --objects M    how many in all (default 100000)
  --world K      objects of one storm; then everything begins anew, with the next seed (default 5000)
  --tries T      runs that may be spent on making a failing storm small (default 150)
  --verbose      every text of attempts that ended with an error
  -h, --help     this text

Exit code: 0 nobody was affected, 1 somebody was, 2 bad usage.`;

interface Options {
  readonly seed: number;
  readonly objects: number;
  readonly world: number;
  readonly tries: number;
  readonly verbose: boolean;
}

/** What may remain of a storm in memory, beyond what the first ones left in caches. */
const heapGrowthLimit = 48 * 2 ** 20;

async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (typeof options === 'string') {
    console.log(options);
    return options === usage ? 0 : 2;
  }
  const heap = heapMeter();
  const material = goldenMaterial();
  const sum: Record<string, Record<string, number>> = {};
  const heaps: number[] = [];
  let [objects, operations, controlPods, recounts, storms] = [0, 0, 0, 0, 0];
  const started = performance.now();
  while (objects < options.objects) {
    const seed = options.seed + storms;
    storms += 1;
    const wanted = Math.min(options.world, options.objects - objects);
    // One in eight operations takes an object away.
    const make = operationsOf(seed, wanted * 2, material);
    const result = await run(upTo(wanted, make()), { seed, heap });
    objects += result.objects;
    operations += result.operations;
    controlPods += result.controlPods;
    recounts += result.recounts;
    heaps.push(...result.heap);
    addUp(sum, result);
    if (result.faults.length > 0) {
      await report(seed, result, [...upTo(wanted, make())], options);
      return 1;
    }
    const seconds = (performance.now() - started) / 1000;
    console.log(
      `seed ${seed}: ${result.objects} objects, ${count(result.outcomes)} attempts, no fault; ${objects} in ${seconds.toFixed(0)} s, heap ${mebibytes(heaps.at(-1)!)} MiB`,
    );
  }
  const growth = heapGrowth(heaps);
  summarize(sum, { objects, operations, controlPods, recounts, storms, growth }, options);
  return growth > heapGrowthLimit ? 1 : 0;
}

function* upTo(objects: number, operations: Iterable<Operation>): Generator<Operation> {
  let left = objects;
  for (const operation of operations) {
    if (operation.what === 'put' && --left < 0) return;
    yield operation;
  }
}

/** Of the second half over the first quarter, by their lowest. */
function heapGrowth(heaps: readonly number[]): number {
  const quarter = heaps.slice(0, Math.max(1, Math.floor(heaps.length / 4)));
  const half = heaps.slice(Math.floor(heaps.length / 2));
  return Math.min(...half) - Math.min(...quarter);
}

function heapMeter(): () => number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
}

function addUp(sum: Record<string, Record<string, number>>, result: RunResult): void {
  const { byKind, byMutation, byStory, refused, disruptions, outcomes, errors, warnings, frames } = result;
  const groups = { byKind, byMutation, byStory, refused, disruptions, outcomes, errors, warnings, frames };
  for (const [group, counts] of Object.entries(groups)) {
    sum[group] ??= {};
    for (const [key, amount] of Object.entries(counts)) sum[group][key] = (sum[group][key] ?? 0) + amount;
  }
}

function summarize(
  sum: Record<string, Record<string, number>>,
  totals: Readonly<
    Record<'objects' | 'operations' | 'controlPods' | 'recounts' | 'storms' | 'growth', number>
  >,
  { verbose }: Options,
): void {
  const taken = totals.objects - count(sum.refused!);
  console.log(`\n${totals.objects} objects in ${totals.storms} storms, ${totals.operations} operations`);
  const lines: readonly (readonly [string, string])[] = [
    ['operations by kind', 'byKind'],
    ['mutations', 'byMutation'],
    ['stories', 'byStory'],
    ['frames', 'frames'],
    ['refused at projection', 'refused'],
    ['watches disturbed', 'disruptions'],
    ['attempts', 'outcomes'],
    ['warnings', 'warnings'],
  ];
  for (const [title, group] of lines) console.log(`${title}: ${listed(sum[group]!)}`);
  const errors = Object.entries(sum.errors!).sort(([, a], [, b]) => b - a);
  console.log(`errors of attempts: ${errors.length} texts`);
  for (const [text, amount] of errors.slice(0, verbose ? errors.length : 8))
    console.log(`  ${amount} × ${text}`);
  console.log(`taken in: about ${taken} (an object that is listed again is refused again)`);
  console.log(
    `control pods: ${totals.controlPods}, all where they belong; recounts: ${totals.recounts}, all equal`,
  );
  console.log(
    `heap: ${totals.growth < 0 ? '−' : '+'}${mebibytes(Math.abs(totals.growth))} MiB from the first quarter to the second half`,
  );
  console.log(totals.growth > heapGrowthLimit ? 'MEMORY GROWS' : 'faults: 0');
}

/** Shows a failing storm, as small as it could be made. */
async function report(
  seed: number,
  { faults }: RunResult,
  operations: readonly Operation[],
  { tries }: Options,
): Promise<void> {
  const first = faults[0]!;
  console.log(`\nseed ${seed}: ${faults.length} faults`);
  for (const { what, object } of faults.slice(0, 8)) console.log(`  ${what}\n    ${object}`);
  const sort = (what: string): string => what.split('\n')[0]!.replace(/\d+/g, '#').slice(0, 60);
  let options: Partial<RunOptions> = { recountEvery: 1_000_000, roundLength: 1_000_000 };
  const shows = async (candidate: readonly Operation[]): Promise<boolean> => {
    const again = await run(candidate, { ...options, seed, stopEarly: true });
    return again.faults.some(({ what }) => sort(what) === sort(first.what));
  };
  // Looking at the end alone is quicker, where the fault is one that lasts.
  if (!(await shows(operations))) options = {};
  if (!(await shows(operations))) {
    console.log('it does not show a second time: nothing to make smaller');
    return;
  }
  const small = await shrink(operations, shows, { tries });
  console.log(`\n${small.length} of ${operations.length} operations show it:`);
  for (const operation of small.slice(0, 12)) {
    if (operation.what === 'put')
      console.log(
        `put ${operation.kind} (${operation.story}): ${writeJson(operation.object).slice(0, 1_500)}`,
      );
    else console.log(JSON.stringify(operation));
  }
  const again = await run(small, { seed });
  for (const { what, object } of again.faults.slice(0, 5)) console.log(`  ${what}\n    ${object}`);
}

function count(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, amount) => sum + amount, 0);
}

function listed(counts: Readonly<Record<string, number>>): string {
  return (
    Object.entries(counts)
      .sort(([, a], [, b]) => b - a)
      .map(([key, amount]) => `${key} ${amount}`)
      .join(', ') || 'none'
  );
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

function readOptions(argv: readonly string[]): Options | string {
  const number = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        seed: number,
        objects: number,
        world: number,
        tries: number,
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return usage;
    const { seed = '1', objects = '100000', world = '5000', tries = '150', verbose } = values;
    const read = { seed: Number(seed), objects: Number(objects), world: Number(world), tries: Number(tries) };
    if (Object.values(read).some((value) => !Number.isSafeInteger(value) || value < 0) || read.world < 1)
      return `numbers must be whole and not negative\n\n${usage}`;
    return { ...read, verbose };
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n\n${usage}`;
  }
}

process.exitCode = await main(process.argv.slice(2)).finally(closeMetrics);
