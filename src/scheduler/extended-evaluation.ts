import type { Consultation, ExtenderScores, NodeAnswers, PodExtenders } from '../extenders/pod-extenders.js';
import type { Cycle } from '../framework/cycle.js';
import type { RowFilterPlugin } from '../framework/plugin.js';
import type { Profile } from '../framework/profile.js';
import { failure, type Status } from '../framework/status.js';
import type { Decision } from './decision.js';
import { type EvaluateOptions, Evaluation } from './evaluate.js';
import type { OutsideScore } from './outside-scores.js';
import { untilFault } from './until-fault.js';

/** What extenders have to be asked before there can be a decision. */
export interface NodeQuestion {
  readonly kind: 'question';
  readonly nodeNames: readonly string[];
  /** The node that was promised to the pod, tried first and alone: a failure to ask is no failure of the attempt. */
  readonly nominee: boolean;
}

export interface ExtendedEvaluationOptions extends Omit<EvaluateOptions, 'nominatedNodeName'> {
  readonly extenders: Pick<PodExtenders, 'filters' | 'prioritizes'>;
}

/** What kube-scheduler calls extenders where it names who rejected a pod. */
export const extenderRejector = 'Extender';

/** The search that came to the question about all nodes. */
interface Search {
  /** Where it began, if it sampled. */
  readonly start: number;
  readonly evaluatedCount: number;
  readonly rejectors: ReadonlySet<string>;
}

/**
 * One attempt to find a node for a pod, with extenders in it. Their answers take time, and the cluster changes meanwhile; so nothing
 * is kept of a turn but names: each `next` judges the cluster as it is then, PreFilter included, and what extenders said about a node
 * counts only if its filters still let it pass. A node that came to fit after the question was asked is left out, as from an older
 * view of the cluster.
 */
export class ExtendedEvaluation {
  readonly #profile: Profile;
  readonly #options: ExtendedEvaluationOptions;
  /** `untried`, the name that extenders have agreed to, or passed over for good. */
  #nominee: { readonly kind: 'untried' | 'passed-over' } | { readonly kind: 'agreed'; readonly name: string };
  #search: Search | undefined;
  #answered: { readonly answers: NodeAnswers; readonly search: Search } | undefined;
  #failure: Status | undefined;

  constructor(profile: Profile, options: ExtendedEvaluationOptions) {
    this.#profile = profile;
    this.#options = options;
    this.#nominee = { kind: 'untried' };
  }

  /** A decision, or what is to be asked first; after the answer was taken, to be called again with a new cycle. Does not wait. */
  next(cycle: Cycle): Decision | NodeQuestion {
    if (this.#failure !== undefined) return { kind: 'error', status: this.#failure };
    const answered = this.#answered;
    return untilFault(() =>
      answered === undefined
        ? this.#lookAround(cycle)
        : this.#decide(cycle, answered.answers, answered.search),
    );
  }

  /** Takes the answer to a question. */
  take(question: NodeQuestion, consultation: Exclude<Consultation, { kind: 'aborted' }>): void {
    const [name = ''] = question.nodeNames;
    if (question.nominee) {
      const agreed = consultation.kind === 'answered' && consultation.answers.nodeNames.includes(name);
      this.#nominee = agreed ? { kind: 'agreed', name } : { kind: 'passed-over' };
    } else if (consultation.kind === 'answered') {
      this.#answered = { answers: consultation.answers, search: this.#search! };
    } else this.#failure = failure(consultation.message);
  }

  /** Up to the question: what the profile's own filters let pass. */
  #lookAround(cycle: Cycle): Decision | NodeQuestion {
    const { space, extenders } = this.#options;
    const evaluation = new Evaluation(cycle, this.#profile, this.#options);
    const end = evaluation.begin() ?? this.#tryNominee(cycle, evaluation);
    if (end !== undefined) return end;
    const start = space.nextStart;
    const feasible = evaluation.search();
    if (feasible === 0) return evaluation.unschedulable();
    if (!extenders.filters && (!extenders.prioritizes || feasible === 1)) return evaluation.choose(feasible);
    const { diagnosis } = space;
    this.#search = {
      start,
      evaluatedCount: feasible + diagnosis.explicitCount,
      rejectors: diagnosis.rejectors(),
    };
    const nodeNames = Array.from(space.slots.subarray(0, feasible), (slot) => cycle.nodes.nameAt(slot));
    return { kind: 'question', nodeNames, nominee: false };
  }

  #tryNominee(cycle: Cycle, evaluation: Evaluation): Decision | NodeQuestion | undefined {
    const nominee = this.#nominee;
    if (nominee.kind === 'passed-over') return undefined;
    const slot = evaluation.tryNominated();
    if (slot !== undefined) {
      const name = cycle.nodes.nameAt(slot);
      if (!this.#options.extenders.filters || (nominee.kind === 'agreed' && nominee.name === name))
        return evaluation.takeNominated(slot);
      if (nominee.kind === 'untried') return { kind: 'question', nodeNames: [name], nominee: true };
    }
    this.#nominee = { kind: 'passed-over' };
    return undefined;
  }

  /** With the answers: a choice among the nodes that everybody lets pass now, else why there is none. */
  #decide(cycle: Cycle, answers: NodeAnswers, search: Search): Decision {
    const statuses = [...new Set(answers.refusals.values())];
    const verdictOf = new Map(statuses.map((status, index) => [status, index + 1]));
    const lastFilter = refusingWith(statuses);
    // Extension points are measured once: what is judged again is not what an attempt costs without extenders.
    const { observer, ...options } = this.#options;
    const evaluation = new Evaluation(cycle, this.#profile, { ...options, lastFilter });
    const end = evaluation.begin();
    if (end !== undefined) return end;
    const feasible = evaluation.judge(new Set(answers.nodeNames));
    if (feasible > 0) {
      const outside = answers.scores.map(asOutsideScore);
      return { ...evaluation.choose(feasible, { observer, outside }), evaluatedCount: search.evaluatedCount };
    }
    evaluation.searchAgain(search.start);
    const { diagnosis } = this.#options.space;
    for (const [name, status] of answers.refusals) {
      const slot = cycle.nodes.slotOf(name);
      if (slot === undefined || cycle.nodes.nodeAt(slot) === undefined) continue;
      diagnosis.reject(slot, this.#profile.filter.length, verdictOf.get(status)!);
    }
    // Whoever refused a node when it was time to ask may be why the pod is not placed now.
    const narrowing = answers.narrowed ? [extenderRejector] : [];
    diagnosis.narrowedBy = [...new Set([...diagnosis.narrowedBy, ...search.rejectors, ...narrowing])];
    return evaluation.unschedulable();
  }
}

/** Verdict 1 is the first of the statuses. */
function refusingWith(statuses: readonly Status[]): RowFilterPlugin {
  return {
    name: extenderRejector,
    filterRows: () => undefined,
    verdictStatus: (_cycle, verdict) => statuses[verdict - 1]!,
  };
}

function asOutsideScore({ extender, pointWeight, scores }: ExtenderScores): OutsideScore {
  return { name: `extender ${extender}`, weight: pointWeight, scores };
}
