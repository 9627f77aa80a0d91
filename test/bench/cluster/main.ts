import { setMaxListeners } from 'node:events';
import { join, resolve } from 'node:path';
import { requirePinnedRelease } from '../../controlplane/build.js';
import { projectRoot } from '../../controlplane/project-root.js';
import { type BenchCase, caseName } from './bench-case.js';
import { type CaseOutcome, type Circumstances, caseResult, isFailure, isResult } from './case-result.js';
import { CaseRunner } from './case-runner.js';
import { circumstances } from './circumstances.js';
import { berth, type Contender, kubeScheduler } from './contender.js';
import { type BenchOptions, readOptions, usage } from './options.js';
import { PreparedClusters } from './prepared-cluster.js';
import { writeResults } from './results-file.js';
import { resultsTable } from './results-table.js';

async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (typeof options === 'string') {
    (options === usage ? process.stdout : process.stderr).write(`${options}\n`);
    return options === usage ? 0 : 2;
  }
  if (process.platform !== 'linux')
    throw new Error('processor time and memory are read from /proc: it takes Linux');
  requirePinnedRelease('the bench');
  const interrupted = new AbortController();
  // Every request that waits for its turn listens to it.
  setMaxListeners(0, interrupted.signal);
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());
  const outcomes = options.repeat === 0 ? [] : await measure(options, argv, interrupted.signal);
  if (options.output === 'text') process.stdout.write(`${resultsTable(outcomes)}\n`);
  // With nothing measured the page and the chart are made of what is there.
  if (options.writeResults) tell(`wrote ${(await writeResults(projectRoot(), [])).join(', ')}`);
  return outcomes.some(isFailure) ? 1 : 0;
}

/** Each outcome is given away as soon as it is there: what is measured is kept, whatever becomes of the rest. */
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
      const place = `[${index + 1}/${options.cases.length}]`;
      tell(`${place} ${workload.name}, ${nodes} nodes, ${pods} pods: ${workload.about}`);
      const outcome = await measureCase(runner, benchCase, {
        against: against?.name,
        circumstances: about,
      });
      outcomes.push(outcome);
      if (options.output === 'json') process.stdout.write(`${JSON.stringify(outcome)}\n`);
      if (options.writeResults && isResult(outcome)) await writeResults(projectRoot(), [outcome]);
      if (signal.aborted) break;
    }
  } finally {
    await clusters.close();
  }
  return outcomes;
}

/** Never throws: a case that fails does not keep the others from being measured. */
async function measureCase(
  runner: CaseRunner,
  benchCase: BenchCase,
  about: { readonly against: string | undefined; readonly circumstances: Circumstances },
): Promise<CaseOutcome> {
  const began = performance.now();
  try {
    const runs = await runner.run(benchCase);
    const seconds = Math.round((performance.now() - began) / 1000);
    tell(`  took ${seconds} s`);
    return caseResult(benchCase, runs, { ...about, seconds });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    tell(`  failed: ${message}`);
    const { workload, nodes, pods } = benchCase;
    return { case: caseName(benchCase), workload: workload.name, nodes, pods, error: message };
  }
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
