import { parseArgs } from 'node:util';
import { type Mode, modes } from './modes.js';
import { describeResult, hasFailed } from './report.js';
import { describeTotals, type SeedResult } from './totals.js';

const usage = `Usage: npm run faults -- [--seed N] [--seeds K] [--minutes M] [--programs | --real] [--parallel P] [--quiet] [--verbose]

Runs Berth against an API server behind a proxy that does harm by a seeded schedule, and judges what came of it by what
the API server has. Prints the schedule, what was injected, and each invariant; ends with code 1 when one did not hold.

  --seed N       first seed (default 1)
  --seeds K      so many seeds from there on (default 1)
  --minutes M    length of the faults of one seed (default 0.04; in real time 0.15)
  --programs     Berth as it ships, in processes that are killed and frozen, in real time
  --real         the same against etcd and kube-apiserver
  --parallel P   so many seeds at once (default 1)
  --quiet        print the details of failing seeds only
  --verbose      print Berth's log

Without --programs and --real Berth runs within this process, on a clock that runs fast, but for every tenth seed.`;

interface Order {
  readonly seeds: readonly number[];
  readonly minutes: number | undefined;
  readonly mode: Mode | undefined;
  readonly parallel: number;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

function readOrder(args: string[]): Order | string {
  try {
    const { values } = parseArgs({
      args,
      options: {
        seed: { type: 'string', default: '1' },
        seeds: { type: 'string', default: '1' },
        minutes: { type: 'string' },
        programs: { type: 'boolean', default: false },
        real: { type: 'boolean', default: false },
        parallel: { type: 'string', default: '1' },
        quiet: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const { quiet, verbose, programs, real } = values;
    const [seed, count, parallel] = [values.seed, values.seeds, values.parallel].map(Number) as [
      number,
      number,
      number,
    ];
    const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
    const isSound = [seed, count, parallel].every((number) => Number.isInteger(number) && number > 0);
    if (values.help || !isSound || (minutes !== undefined && !(minutes > 0))) return usage;
    const seeds = Array.from({ length: count }, (_, index) => seed + index);
    const mode = real ? 'real' : programs ? 'programs' : undefined;
    return { seeds, minutes, mode, parallel, quiet, verbose };
  } catch (error) {
    return `${(error as Error).message}\n\n${usage}`;
  }
}

const msPerMinute = 60_000;
const everyTenth = 10;

async function main(): Promise<number> {
  const order = readOrder(process.argv.slice(2));
  if (typeof order === 'string') {
    process.stderr.write(`${order}\n`);
    return 2;
  }
  const { minutes, parallel, quiet, verbose } = order;
  const results: SeedResult[] = [];
  const modeOf = (seed: number): Mode => order.mode ?? (seed % everyTenth === 0 ? 'programs' : 'in process');
  // Programs go by real time: they come last, when this process no longer has its hands full with Berths of its own.
  const waiting = order.seeds.toSorted(
    (a, b) => Number(modeOf(a) === 'programs') - Number(modeOf(b) === 'programs'),
  );
  const work = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const mode = modeOf(seed);
      const { run, defaultMinutes } = modes[mode];
      const lengthMs = (minutes ?? defaultMinutes) * msPerMinute;
      const result = await run({ seed, lengthMs, verbose });
      results.push({ mode, result });
      process.stdout.write(describeResult(result, { mode, quiet }));
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  process.stdout.write(describeTotals(results));
  return results.some(({ result }) => hasFailed(result)) ? 1 : 0;
}

process.exitCode = await main();
