/* Looked up once: it is asked for every node. */
const { floor } = Math;

const highestScore = 100;

/**
 * Kube-scheduler's default normalisation of one score, where `highest` is the highest of all: that becomes 100, or with `reverse` 0,
 * and fractions are cut off. When all are 0 they stay so, or become 100 each with `reverse`.
 */
export function scaledByHighest(score: number, highest: number, reverse: boolean): number {
  if (highest === 0) return reverse ? highestScore : score;
  const scaled = floor((highestScore * score) / highest);
  return reverse ? highestScore - scaled : scaled;
}
