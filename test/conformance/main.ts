import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { listGoldenFiles, readGoldenFile, UnreadableGolden } from './golden-file.js';
import { jsonReport, textReport } from './report.js';
import { judgeFile } from './run.js';
import { Tally } from './tally.js';

const usage = `Usage: npm run conformance -- [options] [PATH...]

Judges golden files (PATH: .json, .json.gz, or folders of them; default test/conformance/golden) and compares every
decision with what kube-scheduler decided.

  -o, --output text|json   how to report (default text)
      --limit N            disagreements to show in full (default 10)
  -h, --help               this text

Exit code: 0 all agree, 1 something disagrees, 2 bad usage or a file that cannot be read.`;

const bad = 2;
const bundledGolden = fileURLToPath(new URL('../test/conformance/golden', import.meta.url));

function main(argv: readonly string[]): number {
  const options = readOptions(argv);
  if (typeof options === 'string') {
    console.error(`conformance: ${options}\n\n${usage}`);
    return bad;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const tally = new Tally();
  const unreadable: string[] = [];
  for (const path of filesOf(options.paths, unreadable)) {
    attempt(unreadable, () => judgeFile(readGoldenFile(path), tally));
  }
  if (tally.files > 0)
    console.log(options.output === 'json' ? jsonReport(tally) : textReport(tally, options));
  for (const line of unreadable) console.error(`conformance: ${line}`);
  if (unreadable.length > 0) return bad;
  return tally.disagreements.length > 0 ? 1 : 0;
}

function filesOf(paths: readonly string[], unreadable: string[]): string[] {
  const files: string[] = [];
  for (const path of paths) attempt(unreadable, () => files.push(...listGoldenFiles([path])));
  return files;
}

/** A file that cannot be judged is one line, and does not keep the others from being judged. */
function attempt(unreadable: string[], run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof UnreadableGolden)) throw error;
    unreadable.push(error.message);
  }
}

function readOptions(argv: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        output: { type: 'string', short: 'o', default: 'text' },
        limit: { type: 'string', default: '10' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const limit = Number(values.limit);
    if (values.output !== 'text' && values.output !== 'json')
      return `unknown output ${JSON.stringify(values.output)}`;
    if (!Number.isInteger(limit) || limit < 0)
      return `--limit takes a whole number, not ${JSON.stringify(values.limit)}`;
    const fallback = existsSync(bundledGolden) ? [bundledGolden] : ['test/conformance/golden'];
    return { ...values, limit, paths: positionals.length > 0 ? positionals : fallback };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

process.exitCode = main(process.argv.slice(2));
