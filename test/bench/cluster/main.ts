import { join, resolve } from 'node:path';
import { projectRoot } from '../../controlplane/project-root.js';
import { caseName } from './bench-case.js';
import { type CaseOutcome, caseResult, isFailure } from './case-result.js';
import { CaseRunner } from './case-runner.js';
import { circumstances } from './circumstances.js';
import { berth, type Contender, kubeScheduler } from './contender.js';
import { type BenchOptions, readOptions, usage } from './options.js';
import { PreparedClusters } from './prepared-cluster.js';
import { resultsTable } from './results-table.js';

async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (typeof options === 'string') {
    (options === usage ? process.stdout : process.stderr).write(`${options}\n`);
    return options === usage ? 0 : 2;
  }
  if (process.platform !== 'linux')
    throw new Error('processor time and memory are read from /proc: it takes Linux');
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());
  const outcomes = await measure(options, argv, interrupted.signal);
  if (options.output === 'text') process.stdout.write(`${resultsTable(outcomes)}\n`);
  return outcomes.some(isFailure) ? 1 : 0;
}

async function measure(
  options: BenchOptions,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<CaseOutcome[]> {
  const about = circumstances(argv, options.node);
  const against = contenderNamed(options);
  const clusters = await PreparedClusters.open();
  const runner = new CaseRunner({
    clusters,
    berth: berth({
      name: 'berth',
      path: join(projectRoot(), 'dist', 'berth.js'),
      node: options.node,
      ...(options.cpuProf === undefined ? {} : { profilesTo: resolve(options.cpuProf) }),
    }),
    other: against,
    repeat: options.repeat,
    rate: options.rate,
    withCeiling: options.ceiling,
    node: options.node,
    signal,
    tell,
  });
  const outcomes: CaseOutcome[] = [];
  try {
    for (const [index, benchCase] of options.cases.entries()) {
      const { workload, nodes, pods } = benchCase;
      tell(
        `[${index + 1}/${options.cases.length}] ${workload.name}, ${nodes} nodes, ${pods} pods: ${workload.about}`,
      );
      const began = performance.now();
      let outcome: CaseOutcome;
      try {
        const runs = await runner.run(benchCase);
        const seconds = Math.round((performance.now() - began) / 1000);
        outcome = caseResult(benchCase, runs, { against: against?.name, seconds, circumstances: about });
      } catch (error) {
        signal.throwIfAborted();
        const message = error instanceof Error ? error.message : String(error);
        tell(`  failed: ${message}`);
        outcome = { case: caseName(benchCase), workload: workload.name, nodes, pods, error: message };
      }
      outcomes.push(outcome);
      if (options.output === 'json') process.stdout.write(`${JSON.stringify(outcome)}\n`);
    }
  } finally {
    await clusters.close();
  }
  return outcomes;
}

function contenderNamed({ against, node }: BenchOptions): Contender | undefined {
  if (against === 'none') return undefined;
  if (against === 'kube-scheduler') return kubeScheduler;
  return berth({ name: against, path: resolve(against), node });
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  tell(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
