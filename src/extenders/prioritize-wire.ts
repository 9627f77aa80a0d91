import type { ExtenderAnswer } from './extender-answer.js';
import { readList, WireObject, WireShapeError } from './wire-value.js';

/** Keeps sums of contributions exact; scores are meant to be 0 to 10. */
const highestScore = 2 ** 31;

/** Reads the answer of the prioritize verb: scores by node name, several for one node added up. Throws `WireShapeError`. */
export function readPrioritizeAnswer(document: unknown): ExtenderAnswer<ReadonlyMap<string, number>> {
  const scores = new Map<string, number>();
  for (const { host, score } of readList(document ?? [], '', readHostPriority))
    scores.set(host, (scores.get(host) ?? 0) + score);
  return { kind: 'answered', value: scores };
}

function readHostPriority(item: unknown, path: string): { readonly host: string; readonly score: number } {
  const entry = new WireObject(item, path);
  const score = entry.integer('Score');
  if (Math.abs(score) > highestScore) throw new WireShapeError(`${path}.Score`, 'a score');
  return { host: entry.text('Host'), score };
}
