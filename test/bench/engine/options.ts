import { parseArgs } from 'node:util';
import { pluginVariants } from './plugin-variants.js';
import { podKinds } from './pod-kinds.js';
import { preemptionNeeds } from './preempt.js';

export const benchNames = ['decide', 'typescript-plugin', 'preempt'] as const;
export type BenchName = (typeof benchNames)[number];

const casesOf: Readonly<Record<BenchName, readonly { readonly name: string }[]>> = {
  decide: podKinds,
  'typescript-plugin': pluginVariants,
  preempt: preemptionNeeds,
};

export interface BenchOptions {
  /** In the order in which they are run. */
  readonly benches: readonly BenchName[];
  /** Sizes of clusters; undefined: each bench has sizes of its own. */
  readonly nodes: readonly number[] | undefined;
  /** How often each case is measured. */
  readonly rounds: number;
  /** Decisions, for each case, that come first and are not measured: the code is compiled by then. */
  readonly warmUp: number;
  /** Pods of one round. Undefined: each bench has a number of its own. */
  readonly pods: number | undefined;
  /** Cases to run; undefined: all. */
  readonly only: ReadonlySet<string> | undefined;
  readonly output: 'text' | 'json';
}

export const usage = `Usage: npm run bench:engine -- [name...] [options]

Measures the engine in this process, on clusters in memory: no API server, no network. Without a name all are run.

  decide             one decision for each kind of pod: how long, where the time goes, garbage, memory allocated
  typescript-plugin  what a trivial plugin in TypeScript adds to a decision, loaded from a file as in production
  preempt            making room for a pod that fits nowhere

  --nodes N[,N...]   sizes of the clusters (default 100,1000,5000,15000; 5000 for typescript-plugin;
                     1000,5000 for preempt)
  --rounds R         measurements of each case, of which medians are taken (default 11)
  --warm-up D        decisions before that, which do not count (default 400; a tenth of it for preempt)
  --pods P           pods in a round (default 50; 10 for preempt)
  --only A[,B...]    only these cases: kinds of pods, or variants of plugins
  -o, --output F     text (default), or json: one object per case, one on each line
  -h, --help         this text

Exit code: 0 measured, 1 something failed, 2 bad usage.`;

/** The options, or what is wrong with the command line; the usage alone when it was asked for. */
export function readOptions(argv: readonly string[]): BenchOptions | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        nodes: { type: 'string' },
        rounds: { type: 'string', default: '11' },
        'warm-up': { type: 'string', default: '400' },
        pods: { type: 'string' },
        only: { type: 'string' },
        output: { type: 'string', short: 'o', default: 'text' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return usage;
    const unknown = positionals.find((name) => !isBench(name));
    if (unknown !== undefined) return `bench:engine: there is no bench ${unknown}\n\n${usage}`;
    const { output } = values;
    if (output !== 'text' && output !== 'json') return `bench:engine: unknown output ${output}\n\n${usage}`;
    const benches = positionals.length === 0 ? benchNames : positionals.filter(isBench);
    const only = values.only?.split(',');
    const known = benches.flatMap((bench) => casesOf[bench].map(({ name }) => name));
    const strange = only?.find((name) => !known.includes(name));
    if (strange !== undefined)
      return `bench:engine: there is no case ${strange}; there are ${known.join(', ')}\n\n${usage}`;
    return {
      benches,
      nodes: values.nodes?.split(',').map((text) => positive('nodes', text)),
      rounds: positive('rounds', values.rounds),
      warmUp: positive('warm-up', values['warm-up']),
      pods: values.pods === undefined ? undefined : positive('pods', values.pods),
      only: only && new Set(only),
      output,
    };
  } catch (error) {
    return `bench:engine: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`;
  }
}

function isBench(name: string): name is BenchName {
  return (benchNames as readonly string[]).includes(name);
}

function positive(option: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`--${option} takes whole numbers above 0, not ${text}`);
}
