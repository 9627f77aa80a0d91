import type { Status, StatusCode } from '../framework/status.js';
import { WrongAnswer } from './plugin-supervisor.js';

/* What plugins may return at each extension point, checked: their authors may not use TypeScript. Each throws `WrongAnswer`. */

const refusals: ReadonlySet<unknown> = new Set<StatusCode>([
  'Unschedulable',
  'UnschedulableAndUnresolvable',
  'Pending',
]);

/** Success, or a status that refuses. An `Error` status is a fault as a throw is. */
export function refusalOrNothing(from: string, answer: unknown): Status | undefined {
  if (answer === undefined || answer === null) return undefined;
  if (!isStatus(answer)) {
    throw new WrongAnswer(
      `${from} returned ${describe(answer)}; it has to return nothing, or a status such as unschedulable('why')`,
    );
  }
  if (answer.code === 'Error') throw new Error(answer.reasons.join(', '), { cause: answer.cause });
  if (!refusals.has(answer.code)) {
    throw new WrongAnswer(
      `${from} returned a status ${answer.code}; it may refuse with unschedulable('why') or unresolvable('why')`,
    );
  }
  return answer;
}

/** `'skip'`, success, or a status that refuses. */
export function skipOrRefusal(from: string, answer: unknown): 'skip' | Status | undefined {
  if (answer === 'skip' || (isStatus(answer) && answer.code === 'Skip')) return 'skip';
  return refusalOrNothing(from, answer);
}

export function nodeNamesIn(from: string, answer: unknown): ReadonlySet<string> | undefined {
  if (typeof answer !== 'object' || answer === null || !('nodeNames' in answer)) return undefined;
  const { nodeNames } = answer;
  if (typeof nodeNames === 'object' && nodeNames !== null && Symbol.iterator in nodeNames) {
    const names = new Set(nodeNames as Iterable<unknown>);
    if ([...names].every((name) => typeof name === 'string')) return names as ReadonlySet<string>;
  }
  throw new WrongAnswer(`${from} returned nodeNames that are no list of names`);
}

/** A number to score with; within 0 and 100 unless the plugin brings its scores there itself. */
export function checkScore(answer: unknown, normalizes: boolean, nodeName: string): number {
  if (typeof answer === 'number' && (normalizes ? Number.isFinite(answer) : answer >= 0 && answer <= 100)) {
    return answer;
  }
  const range = normalizes ? 'a finite number' : 'a number from 0 to 100';
  throw new WrongAnswer(
    `score() returned ${describe(answer)} for node ${nodeName}; it has to return ${range}`,
  );
}

export function checkNormalized(scores: Float64Array): void {
  for (const score of scores) {
    if (!(score >= 0 && score <= 100)) {
      throw new WrongAnswer(
        `normalizeScores() left a score of ${score}; all scores have to be numbers from 0 to 100 then`,
      );
    }
  }
}

export function isStatus(answer: unknown): answer is Status {
  if (typeof answer !== 'object' || answer === null || !('code' in answer) || !('reasons' in answer)) {
    return false;
  }
  const { code, reasons } = answer;
  return (
    typeof code === 'string' &&
    Array.isArray(reasons) &&
    reasons.every((reason) => typeof reason === 'string')
  );
}

/** A value in a few words. A promise is taken care of: nobody is going to wait for it. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    case 'object': {
      if ('then' in value && typeof value.then === 'function') {
        value.then(undefined, () => undefined);
        return 'a promise (it must not be async)';
      }
      return 'an object';
    }
    default:
      return String(value);
  }
}
