import type { Pod } from '../../cluster/pod.js';
import type { JudgesByTrait } from '../../framework/plugin.js';
import type { Profile, WeightedScore } from '../../framework/profile.js';

/** What of a profile a class of pods answers for. */
export interface ClassPlan {
  /** That many of the profile's first filters. */
  readonly filterCount: number;
  readonly scores: ReadonlySet<WeightedScore>;
  /** The plugins that filter and score beside the class, if rows are alike for all of them by traits; else undefined. */
  readonly byTrait: readonly JudgesByTrait[] | undefined;
}

/**
 * Filters up to the first that does not judge by row: a refusal is then always by the first filter that refuses. Scores are sums: any that
 * are by row will do, if they are not normalised, or by their highest.
 */
export function planFor(profile: Profile, pod: Pod): ClassPlan {
  const { filter, score } = profile;
  const end = filter.findIndex((plugin) => !plugin.judgesByRow?.(pod));
  const filterCount = end < 0 ? filter.length : end;
  const scores = new Set(
    score.filter(
      ({ plugin, normalizer }) =>
        plugin.judgesByRow?.(pod) && (normalizer === undefined || normalizer.byHighest !== undefined),
    ),
  );
  return { filterCount, scores, byTrait: othersByTrait(profile, pod, { filterCount, scores }) };
}

/** A filter that judges by row, behind one that does not, mostly has nothing to say: whether it has is seen in the cycle. */
function othersByTrait(
  { filter, score, preScore }: Profile,
  pod: Pod,
  { filterCount, scores }: Omit<ClassPlan, 'byTrait'>,
): readonly JudgesByTrait[] | undefined {
  const others = [
    ...filter.slice(filterCount).filter(({ judgesByRow }) => judgesByRow === undefined),
    ...score.filter((weighted) => !scores.has(weighted)).map(({ plugin }) => plugin),
  ];
  const speaks = ({ traits }: JudgesByTrait): boolean => traits !== undefined;
  const looksAtRows = preScore.filter((plugin) => !plugin.judgesByRow?.(pod));
  return others.every(speaks) && looksAtRows.every(speaks) ? [...new Set(others)] : undefined;
}
