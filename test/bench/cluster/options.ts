import { parseArgs } from 'node:util';
import { type BenchCase, chooseCases } from './bench-case.js';
import { workloads } from './workloads.js';

export interface BenchOptions {
  readonly cases: readonly BenchCase[];
  /** Who Berth is measured against: kube-scheduler, another build of Berth by its path, or nobody. */
  readonly against: string;
  readonly repeat: number;
  /** Pods per second of `arrivals`; undefined: half of what the binder reaches. */
  readonly rate: number | undefined;
  readonly ceiling: boolean;
  readonly output: 'text' | 'json';
  readonly writeResults: boolean;
  /** Path of Node.js for Berth. */
  readonly node: string;
  /** Folder for profiles of Berth. */
  readonly cpuProf: string | undefined;
}

export const usage = `Usage: npm run bench -- [options]

Measures Berth, as it ships, against kube-scheduler on a real etcd and kube-apiserver: throughput, processor time, memory, latency and
placement. Every run has a control plane of its own; the schedulers take turns.

  --only A[,B...]      only these workloads, or cases such as basic-500 (default: all)
  --nodes N[,N...]     sizes of the cluster instead of each workload's own
  --pods N             pods instead of each workload's own
  --rate R             pods per second of the workload arrivals (default: half of the ceiling measured just before)
  --against WHO        kube-scheduler (default), none, or the path of another build's berth.js
  --repeat N           runs of each scheduler in each case, of which medians are taken (default 2)
  --no-ceiling         leaves out the binder that does not think, which shows what the API server allows
  --write-results      puts the cases into bench/results.json, and writes bench/RESULTS.md and the chart from all that is there;
                       with --repeat 0 without measuring anything
  --node PATH          Node.js that Berth runs on (default: the one of this program)
  --cpu-prof DIR       records a profile of each run of Berth in this folder
  -o, --output F       text (default): a table; or json: one object per case, one on each line
  -h, --help           this text

Workloads: ${workloads.map(({ name }) => name).join(', ')}.

Exit code: 0 measured, 1 a case failed (the others are measured all the same), 2 bad usage.`;

/** The options, or what is wrong with the command line; the usage alone when it was asked for. */
export function readOptions(argv: readonly string[]): BenchOptions | string {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        only: { type: 'string' },
        nodes: { type: 'string' },
        pods: { type: 'string' },
        rate: { type: 'string' },
        against: { type: 'string', default: 'kube-scheduler' },
        repeat: { type: 'string', default: '2' },
        'no-ceiling': { type: 'boolean', default: false },
        'write-results': { type: 'boolean', default: false },
        node: { type: 'string', default: process.execPath },
        'cpu-prof': { type: 'string' },
        output: { type: 'string', short: 'o', default: 'text' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return usage;
    const { against, output } = values;
    if (output !== 'text' && output !== 'json') throw new Error(`unknown output ${output}`);
    if (against !== 'kube-scheduler' && against !== 'none' && !against.endsWith('.js'))
      throw new Error(`--against takes kube-scheduler, none, or the path of a berth.js, not ${against}`);
    const writeResults = values['write-results'];
    if (writeResults && against !== 'kube-scheduler')
      throw new Error('--write-results is for runs against kube-scheduler');
    return {
      cases: chooseCases(workloads, {
        only: values.only?.split(','),
        nodes: values.nodes?.split(',').map((text) => wholeNumber('nodes', text)),
        pods: values.pods === undefined ? undefined : wholeNumber('pods', values.pods),
      }),
      against,
      repeat: wholeNumber('repeat', values.repeat, writeResults ? 0 : 1),
      rate: values.rate === undefined ? undefined : wholeNumber('rate', values.rate),
      ceiling: !values['no-ceiling'],
      output,
      writeResults,
      node: values.node,
      cpuProf: values['cpu-prof'],
    };
  } catch (error) {
    return `bench: ${(error as Error).message}\n\`npm run bench -- --help\` lists the options.`;
  }
}

function wholeNumber(option: string, text: string, least = 1): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least && text !== '') return number;
  throw new Error(`--${option} takes whole numbers from ${least} on, not ${text}`);
}
