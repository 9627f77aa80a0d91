import { readOptions } from './options.js';
import { describeRun } from './report.js';
import { soak } from './soak.js';

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n`);
    return 2;
  }
  const run = await soak(options, (line) => process.stdout.write(`${line}\n`));
  const { text, failed } = describeRun(run, options);
  process.stdout.write(text);
  return failed ? 1 : 0;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`FAIL ${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
