import type { Pod } from '../cluster/pod.js';
import type { PodExtenders } from '../extenders/pod-extenders.js';
import type { Cycle } from '../framework/cycle.js';
import type { Profile } from '../framework/profile.js';
import type { Decision } from './decision.js';
import type { EvaluationObserver } from './evaluation-observer.js';
import type { ExtendedEvaluation } from './extended-evaluation.js';
import { runPostFiltersWithAdvice } from './post-filter-pass.js';
import type { PutBackReason } from './put-back-reason.js';
import { unschedulableReason, withPostFilters } from './unschedulable-reason.js';

export interface ExtendedAttempt {
  readonly profile: Profile;
  readonly extenders: PodExtenders;
  readonly evaluation: ExtendedEvaluation;
  readonly observer: EvaluationObserver | undefined;
  readonly signal: AbortSignal;
  /** The pod as it is by now; undefined when there is nothing to decide any more, which has been told then. */
  readonly pod: () => Pod | undefined;
  /** A cycle for the cluster as it is by now. */
  readonly cycleOf: (pod: Pod) => Cycle;
  /** Acts on a decision, at once: whatever it rests on is true within this turn only. */
  readonly decided: (decision: Decision, cycle: Cycle) => void;
  /** The pod fits nowhere, and PostFilter plugins have had their say. */
  readonly refused: (reason: PutBackReason) => void;
  /** The program is ending: nothing was decided. */
  readonly abandoned: () => void;
}

/** One attempt for a pod that concerns extenders: asks them as long as there is something to ask, then decides. */
export async function runExtendedAttempt(attempt: ExtendedAttempt): Promise<void> {
  const { evaluation, extenders, signal, cycleOf } = attempt;
  for (let pod = attempt.pod(); pod !== undefined; pod = attempt.pod()) {
    const cycle = cycleOf(pod);
    const step = evaluation.next(cycle);
    if (step.kind !== 'question') {
      if (step.kind === 'unschedulable' && extenders.preempts) await refuse(step, cycle, attempt);
      else attempt.decided(step, cycle);
      return;
    }
    const options = { signal, scored: !step.nominee };
    const consultation = await extenders.consult(pod, step.nodeNames, options);
    if (consultation.kind === 'aborted') {
      attempt.abandoned();
      return;
    }
    evaluation.take(step, consultation);
  }
}

/** Lets PostFilter plugins ask extenders. All that the decision points to is read before that. */
async function refuse(
  decision: Decision & { kind: 'unschedulable' },
  cycle: Cycle,
  attempt: ExtendedAttempt,
): Promise<void> {
  const { profile, extenders, evaluation, observer, signal } = attempt;
  const { diagnosis: rejections, hypothetical } = decision;
  const reason = unschedulableReason(decision);
  const outcome = await runPostFiltersWithAdvice(
    cycle,
    profile,
    { rejections, hypothetical, observer },
    {
      adviser: (preemptor, candidates) => extenders.advise(preemptor, candidates, { signal }),
      renew: () => {
        const renewed = attempt.cycleOf(cycle.pod);
        const now = evaluation.next(renewed);
        if (now.kind !== 'unschedulable') return undefined;
        return { cycle: renewed, input: { rejections: now.diagnosis, hypothetical: now.hypothetical } };
      },
    },
  );
  if (outcome === undefined) attempt.abandoned();
  else attempt.refused(withPostFilters(reason, outcome));
}
