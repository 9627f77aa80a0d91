/**
 * `count` upper bounds beginning at `start`, each `factor` times the one before.
 * Built by repeated multiplication, so that the bounds are bit for bit those of kube-scheduler's histograms and
 * series of both can be added up.
 */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  const bounds: number[] = [];
  for (let bound = start; bounds.length < count; bound *= factor) {
    bounds.push(bound);
  }
  return bounds;
}
