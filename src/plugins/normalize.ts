/* Looked up once: the loops below run for every node. */
const { floor } = Math;

const highestScore = 100;

/**
 * Scales scores so that the highest becomes 100, cutting fractions off; with `reverse` the lowest becomes the best. When all are
 * 0 they stay so, or become 100 each with `reverse`. Kube-scheduler's default normalisation.
 */
export function normalizeByHighest(
  scores: Float64Array,
  length: number,
  { reverse }: { readonly reverse: boolean },
): void {
  let highest = 0;
  for (let i = 0; i < length; i++) if (scores[i]! > highest) highest = scores[i]!;
  if (highest === 0) {
    if (reverse) scores.fill(highestScore, 0, length);
    return;
  }
  for (let i = 0; i < length; i++) {
    const scaled = floor((highestScore * scores[i]!) / highest);
    scores[i] = reverse ? highestScore - scaled : scaled;
  }
}
