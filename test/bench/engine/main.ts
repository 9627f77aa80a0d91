import { benchDecide } from './decide.js';
import { type BenchOptions, readOptions, usage } from './options.js';
import { benchPreempt } from './preempt.js';
import { type BenchCase, circumstances, jsonReport, textReport } from './report.js';
import { benchTypescriptPlugin } from './typescript-plugin.js';

async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (typeof options === 'string') {
    console.log(options);
    return options === usage ? 0 : 2;
  }
  const started = performance.now();
  const cases = await run(options);
  const about = circumstances(argv, (performance.now() - started) / 1_000);
  console.log(options.output === 'json' ? jsonReport(about, cases) : textReport(about, cases));
  return 0;
}

async function run({ benches, nodes, rounds, warmUp, pods, only }: BenchOptions): Promise<BenchCase[]> {
  const common = { rounds, warmUp, only, progress: (text: string) => console.error(text) };
  const cases: BenchCase[] = [];
  for (const bench of benches) {
    switch (bench) {
      case 'decide':
        cases.push(
          ...(await benchDecide({
            ...common,
            nodes: nodes ?? [100, 1_000, 5_000, 15_000],
            pods: pods ?? 50,
          })),
        );
        break;
      case 'typescript-plugin':
        cases.push(
          ...(await benchTypescriptPlugin({ ...common, nodes: nodes ?? [5_000], pods: pods ?? 50 })),
        );
        break;
      case 'preempt':
        cases.push(...(await benchPreempt({ ...common, nodes: nodes ?? [1_000, 5_000], pods: pods ?? 10 })));
        break;
    }
  }
  return cases;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`bench:engine: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
