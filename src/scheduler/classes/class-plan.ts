import type { Pod } from '../../cluster/pod.js';
import type { Profile, WeightedScore } from '../../framework/profile.js';

/** What of a profile a class of pods answers for. */
export interface ClassPlan {
  /** That many of the profile's first filters. */
  readonly filterCount: number;
  readonly scores: ReadonlySet<WeightedScore>;
}

/**
 * Filters up to the first that does not judge by row: a refusal is then always by the first filter that refuses. Scores are sums: any that
 * are by row will do, if they are not normalised, or by their highest.
 */
export function planFor({ filter, score }: Profile, pod: Pod): ClassPlan {
  const end = filter.findIndex((plugin) => !plugin.judgesByRow?.(pod));
  const scores = score.filter(
    ({ plugin, normalizer }) =>
      plugin.judgesByRow?.(pod) && (normalizer === undefined || normalizer.byHighest !== undefined),
  );
  return { filterCount: end < 0 ? filter.length : end, scores: new Set(scores) };
}
