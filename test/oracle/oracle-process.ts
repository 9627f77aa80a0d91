import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { GoldenCase, GoldenVerdict } from '../conformance/golden-file.js';
import type { OracleCase, Question } from './case.js';

/** A line that the oracle program writes. */
export interface Answer {
  readonly case: GoldenCase & OracleCase;
  /** Absent when the case cannot be judged: `failure` says why. */
  readonly verdict?: GoldenVerdict;
  readonly failure?: string;
  /** Manifests that an API server would refuse. */
  readonly turnedDown?: readonly { readonly object: string; readonly cause: string }[];
  /** What differs between two judgements of the case: it is left to chance. */
  readonly chance?: readonly string[];
}

export interface AskOptions {
  /** Path of the oracle program. */
  readonly program: string;
  /** How often each case is judged, to see what chance decides. */
  readonly repeat: number;
}

/** Has kube-scheduler judge all questions; answers come in their order. */
export async function* ask(
  questions: Iterable<Question> | AsyncIterable<Question>,
  { program, repeat }: AskOptions,
): AsyncGenerator<Answer> {
  const child = spawn(program, ['-repeat', String(repeat)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  let answered = 0;
  try {
    const written = pipeline(Readable.from(lines(questions)), child.stdin).catch((error: unknown) => error);
    for await (const line of createInterface({ input: child.stdout })) {
      answered += 1;
      yield JSON.parse(line) as Answer;
    }
    const failure = await written;
    // A program that ends early says so by its exit code.
    if (failure !== undefined && !isBrokenPipe(failure)) throw failure;
  } finally {
    endQuietly(child);
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`${program} ended with exit code ${code} after ${answered} answers`);
}

/** One question at a time, for those that ask on after each answer. */
export class Judge {
  readonly #questions: {
    next: (question: Question | undefined) => void;
    waiting: Promise<Question | undefined>;
  };
  readonly #answers: AsyncGenerator<Answer>;

  constructor(options: AskOptions) {
    this.#questions = nextQuestion();
    this.#answers = ask(this.#stream(), options);
  }

  async judge(question: Question): Promise<Answer> {
    this.#questions.next(question);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('the oracle program has ended');
    return value;
  }

  async close(): Promise<void> {
    this.#questions.next(undefined);
    await this.#answers.next();
  }

  async *#stream(): AsyncGenerator<Question> {
    for (;;) {
      const question = await this.#questions.waiting;
      Object.assign(this.#questions, nextQuestion());
      if (question === undefined) return;
      yield question;
    }
  }
}

function nextQuestion(): {
  next: (question: Question | undefined) => void;
  waiting: Promise<Question | undefined>;
} {
  let next: (question: Question | undefined) => void = () => undefined;
  const waiting = new Promise<Question | undefined>((resolve) => {
    next = resolve;
  });
  return { next, waiting };
}

async function* lines(questions: Iterable<Question> | AsyncIterable<Question>): AsyncGenerator<string> {
  for await (const question of questions) yield `${JSON.stringify(question)}\n`;
}

function isBrokenPipe(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}

function endQuietly(child: ChildProcess): void {
  if (child.exitCode === null) child.stdin?.end();
}
