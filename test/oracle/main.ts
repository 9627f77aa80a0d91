import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { textReport } from '../conformance/report.js';
import { judgeFile } from '../conformance/run.js';
import { Tally } from '../conformance/tally.js';
import { projectRoot } from '../controlplane/project-root.js';
import { ensureOracle } from './build.js';
import type { OracleCase, Question } from './case.js';
import { Dice } from './dice.js';
import { generate } from './generate/generate.js';
import { judgeAfterHistory } from './history.js';
import { type Answer, ask, Judge } from './oracle-process.js';
import { readMaterial, remix } from './remix.js';
import { shrink } from './shrink.js';

const usage = `Usage: npm run oracle -- [options] [FILE...]

Makes up scheduling cases, has kube-scheduler's own plugins judge them, and compares every decision with Berth's. With
FILEs (golden files or bare cases) these are judged anew instead. Needs Go; kube-scheduler is built once, which takes
some minutes.

  --seed N        seed of the first case (default 1); a case is made by its seed alone
  --cases N       how many (default 200)
  --style NAME    fresh: new clusters and pods; remix: parts of the golden cases put together anew; both (default)
  --repeat N      judgements of each case by kube-scheduler (default 2): what differs between them is chance, and the
                  case is dropped
  --out DIR       where golden files of cases with disagreements go (default dist/oracle)
  --keep-all      write golden files of all cases
  --history       compare once more after a random history that leads back to the case: what is kept up to date on the
                  way must show no trace of it
  --shrink        make cases with disagreements as small as they can be
  --limit N       disagreements to show in full (default 10)
  --verbose       say which manifests were turned down, and why
  -h, --help      this text

Exit code: 0 all agree, 1 something disagrees, 2 bad usage.`;

interface Options {
  readonly seed: number;
  readonly cases: number;
  readonly repeat: number;
  readonly limit: number;
  readonly style: 'fresh' | 'remix' | 'both';
  readonly out: string;
  readonly keepAll: boolean;
  readonly history: boolean;
  readonly shrink: boolean;
  readonly verbose: boolean;
  readonly files: readonly string[];
}

async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (typeof options === 'string') {
    console.log(options);
    return options === usage ? 0 : 2;
  }
  const program = await ensureOracle({ log: (line) => console.error(line) });
  const run = new Run(options, program);
  const questions = options.files.length > 0 ? given(options.files) : madeUp(options);
  for await (const answer of ask(questions, { program, repeat: options.repeat })) await run.take(answer);
  return run.conclude();
}

/** Counts, reports and keeps what the answers bring. */
class Run {
  readonly #options: Options;
  readonly #program: string;
  readonly #tally = new Tally();
  #dropped = 0;
  #failed = 0;
  #turnedDown = 0;

  constructor(options: Options, program: string) {
    this.#options = options;
    this.#program = program;
  }

  async take(answer: Answer): Promise<void> {
    const { name } = answer.case;
    this.#turnedDown += answer.turnedDown?.length ?? 0;
    if (this.#options.verbose) {
      for (const { object, cause } of answer.turnedDown ?? []) console.log(`${name}: no ${object}: ${cause}`);
    }
    if (answer.verdict === undefined) {
      this.#failed += 1;
      console.log(`${name}: kube-scheduler cannot judge it: ${answer.failure}`);
      return;
    }
    if (answer.chance !== undefined) {
      this.#dropped += 1;
      if (this.#options.verbose) console.log(`${name}: chance decides ${answer.chance[0]}`);
      return;
    }
    const path = join(this.#options.out, `${name}.json.gz`);
    const differs = this.#disagrees(answer, path, this.#tally);
    if (!differs && !this.#options.keepAll) return;
    write(path, answer);
    if (differs && this.#options.shrink) await this.#shrink(answer.case);
  }

  async #shrink(large: OracleCase): Promise<void> {
    const judge = new Judge({ program: this.#program, repeat: this.#options.repeat });
    let smallest: Answer | undefined;
    await shrink(large, async (candidate) => {
      const answer = await judge.judge({ case: candidate, admit: false });
      const shows =
        answer.verdict !== undefined &&
        answer.chance === undefined &&
        this.#disagrees(answer, '', new Tally());
      if (shows) smallest = answer;
      return shows;
    });
    await judge.close();
    if (smallest === undefined) return;
    const path = join(this.#options.out, `${large.name}-small.json.gz`);
    write(path, smallest);
    console.log(`${path}: ${smallest.case.objects.length} objects instead of ${large.objects.length}`);
  }

  #disagrees({ case: given, verdict }: Answer, path: string, tally: Tally): boolean {
    const before = tally.disagreements.length;
    const file = { path, case: given, verdict: verdict! };
    try {
      judgeFile(file, tally);
      if (this.#options.history && tally.disagreements.length === before) {
        judgeAfterHistory({ ...file, path: `${path} after a history` }, tally, new Dice(given.seed));
      }
    } catch (error) {
      const got = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const { profile } = given;
      const expected = 'a case that can be judged';
      tally.disagreements.push({ file: path, profile, subject: 'pods', expected, got });
    }
    return tally.disagreements.length > before;
  }

  conclude(): number {
    const { disagreements } = this.#tally;
    console.log(textReport(this.#tally, this.#options));
    console.log(
      `${this.#dropped} cases dropped that chance decides, ${this.#failed} that kube-scheduler cannot judge; ` +
        `${this.#turnedDown} manifests turned down`,
    );
    return disagreements.length > 0 ? 1 : 0;
  }
}

function write(path: string, { case: given, verdict }: Answer): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, gzipSync(JSON.stringify({ case: given, verdict })));
}

function* madeUp({ seed, cases, style }: Options): Generator<Question> {
  const material = style === 'fresh' ? [] : readMaterial([join(projectRoot(), 'test/conformance/golden')]);
  for (let index = 0; index < cases; index += 1) {
    const remixed = style === 'remix' || (style === 'both' && index % 2 === 1);
    yield remixed ? remix(seed + index, material) : generate(seed + index);
  }
}

function* given(files: readonly string[]): Generator<Question> {
  for (const path of files) {
    const bytes = readFileSync(path);
    const parsed = JSON.parse((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'));
    yield { case: parsed.case ?? parsed, admit: false };
  }
}

function readOptions(argv: readonly string[]): Options | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        seed: { type: 'string', default: '1' },
        cases: { type: 'string', default: '200' },
        repeat: { type: 'string', default: '2' },
        limit: { type: 'string', default: '10' },
        style: { type: 'string', default: 'both' },
        out: { type: 'string', default: join(projectRoot(), 'dist/oracle') },
        'keep-all': { type: 'boolean', default: false },
        history: { type: 'boolean', default: false },
        shrink: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return usage;
    const { style } = values;
    if (style !== 'fresh' && style !== 'remix' && style !== 'both')
      return `oracle: unknown style ${style}\n\n${usage}`;
    const numbers = { seed: 0, cases: 0, repeat: 0, limit: 0 };
    for (const name of ['seed', 'cases', 'repeat', 'limit'] as const) {
      numbers[name] = Number(values[name]);
      if (!Number.isInteger(numbers[name]) || numbers[name] < 0)
        return `oracle: --${name} takes a whole number, not ${values[name]}\n\n${usage}`;
    }
    const { out, history, shrink, verbose } = values;
    return {
      ...numbers,
      style,
      out,
      history,
      shrink,
      verbose,
      keepAll: values['keep-all'],
      files: positionals,
    };
  } catch (error) {
    return `oracle: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`;
  }
}

process.exitCode = await main(process.argv.slice(2));
