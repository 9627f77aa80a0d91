import type { Pod } from '../../cluster/pod.js';
import type { Cycle } from '../../framework/cycle.js';
import type {
  HypotheticalNodes,
  PostFilterPlugin,
  PostFilterResult,
  Rejections,
} from '../../framework/plugin.js';
import type { Candidate } from './candidate.js';

/** What others make of the candidates of a preemption. */
export type PreemptionAdvice =
  /** Those that remain, with the victims that are to leave, on the nodes as they are now. */
  | { readonly kind: 'candidates'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'failed'; readonly message: string }
  /** Nobody wants to know any more: the program is ending. */
  | { readonly kind: 'aborted' };

/** Asks others, who need time to answer, about the candidates of a preemption. Never rejects. */
export type PreemptionAdviser = (
  preemptor: Pod,
  candidates: readonly Candidate[],
) => Promise<PreemptionAdvice>;

/** A PostFilter plugin that lets others have their say before it acts. */
export interface AdvisedPostFilterPlugin extends PostFilterPlugin {
  /** As `postFilter`; what it is given is of no use any more once it waits. Undefined: the program is ending, and nothing was done. */
  postFilterWithAdvice(
    cycle: Cycle,
    pod: Pod,
    rejections: Rejections,
    hypothetical: HypotheticalNodes,
    adviser: PreemptionAdviser,
  ): Promise<PostFilterResult | undefined>;
}
