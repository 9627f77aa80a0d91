import { scaledByHighest } from '../framework/scale-by-highest.js';

/** Kube-scheduler's default normalisation, in place: scales scores by their highest. With `reverse` the lowest becomes the best. */
export function normalizeByHighest(
  scores: Float64Array,
  length: number,
  { reverse }: { readonly reverse: boolean },
): void {
  let highest = 0;
  for (let i = 0; i < length; i++) if (scores[i]! > highest) highest = scores[i]!;
  if (highest === 0 && !reverse) return;
  for (let i = 0; i < length; i++) scores[i] = scaledByHighest(scores[i]!, highest, reverse);
}
