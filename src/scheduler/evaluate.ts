import type { Cycle } from '../framework/cycle.js';
import type { RowFilterPlugin } from '../framework/plugin.js';
import type { Profile } from '../framework/profile.js';
import { statusMessage, unresolvable } from '../framework/status.js';
import type { Random } from '../random.js';
import { ClassEvaluation, ClassFault } from './classes/class-evaluation.js';
import type { PodClasses } from './classes/pod-classes.js';
import type { Decision } from './decision.js';
import { type EvaluationObserver, timedPoint } from './evaluation-observer.js';
import type { EvaluationSpace } from './evaluation-space.js';
import { FilterPass } from './filter-pass.js';
import { HypotheticalRows } from './hypothetical-nodes.js';
import { type Nominations, noNominations } from './nominations.js';
import { type OutsideScore, withOutsideScores } from './outside-scores.js';
import { PluginFault } from './plugin-fault.js';
import { type PreFilterOutcome, runPreFilters } from './pre-filter-pass.js';
import { feasibleNodesWanted, sampleNodes } from './sampling.js';
import { runPreScores, scoreNodes } from './score-pass.js';
import { selectHost } from './select-host.js';
import { untilFault } from './until-fault.js';

export interface EvaluateOptions {
  readonly space: EvaluationSpace;
  /** Breaks the last ties. */
  readonly random: Random;
  /** Nodes promised to pending pods. Default: none. */
  readonly nominations?: Nominations | undefined;
  /** The node promised to the pod itself, which is tried first and alone; '' for none. Default: what its status says. */
  readonly nominatedNodeName?: string | undefined;
  readonly observer?: EvaluationObserver | undefined;
  /** What is kept from one pod to the next. Default: nothing; decisions are the same. */
  readonly classes?: PodClasses | undefined;
}

const none: readonly OutsideScore[] = [];

/**
 * Finds a node for a pod: PreFilter, Filter on all nodes, PreScore, Score, choice. Changes nothing but the evaluation space: a
 * decision follows from nodes, profile, pod, nominations and random numbers alone. Tables that a decision points to lie in the
 * space and are reused by the next evaluation; its numbers and names are its own.
 */
export function evaluate(cycle: Cycle, profile: Profile, options: EvaluateOptions): Decision {
  return untilFault(() => new Evaluation(cycle, profile, options).run());
}

type Proceed = Extract<PreFilterOutcome, { kind: 'proceed' }>;

export interface EvaluationOptions extends EvaluateOptions {
  /** What the diagnosis knows as a filter behind those of the profile: somebody else refuses nodes in its name. */
  readonly lastFilter?: RowFilterPlugin | undefined;
}

/**
 * The steps of one evaluation, for those who do something in between: `begin` first, then whatever finds nodes, then what makes a
 * decision of them. All within one turn: nodes must not change meanwhile. Every step may throw `PluginFault`.
 */
export class Evaluation {
  readonly #cycle: Cycle;
  readonly #profile: Profile;
  readonly #options: EvaluationOptions;
  readonly #space: EvaluationSpace;
  #outcome: PreFilterOutcome | undefined;
  #pass: FilterPass | undefined;

  constructor(cycle: Cycle, profile: Profile, options: EvaluationOptions) {
    this.#cycle = cycle;
    this.#profile = profile;
    this.#options = options;
    this.#space = options.space;
  }

  run(): Decision {
    const end = this.begin();
    if (end !== undefined) return end;
    const nominated = this.tryNominated();
    if (nominated !== undefined) return this.takeNominated(nominated);
    return this.#runByClass() ?? this.#runOverAll();
  }

  #runOverAll(): Decision {
    const feasible = this.search();
    return feasible === 0 ? this.unschedulable() : this.choose(feasible);
  }

  /** As `#runOverAll`, with what is kept for pods like this one; undefined when there is nothing, or when it went wrong. */
  #runByClass(): Decision | undefined {
    const byClass = ClassEvaluation.of(
      this.#cycle,
      this.#profile,
      this.#outcome as Proceed,
      this.#pass!,
      this.#options,
    );
    try {
      return byClass && this.#decideByClass(byClass);
    } catch (error) {
      if (!(error instanceof ClassFault)) throw error;
      byClass?.giveUp();
      this.#beginDiagnosis();
      return undefined;
    }
  }

  #decideByClass(byClass: ClassEvaluation): Decision {
    const feasible = byClass.search();
    if (feasible === 0) return this.unschedulable();
    if (feasible === 1) return this.#take(byClass.onlySlot(), 1, false);
    const { slot, ties, chosen, scores } = byClass.choose(feasible);
    return {
      ...this.#take(slot, feasible, false),
      ties,
      chosen,
      get scores() {
        return scores();
      },
    };
  }

  /** Asks the PreFilter plugins; a decision when there is nothing to judge. */
  begin(): Decision | undefined {
    const cycle = this.#cycle;
    if (cycle.nodes.nodeCount === 0) return { kind: 'no-nodes' };
    const { observer } = this.#options;
    this.#beginDiagnosis();
    const outcome = runPreFilters(cycle, this.#profile, observer);
    this.#outcome = outcome;
    this.#space.diagnosis.narrowedBy = outcome.narrowedBy;
    if (outcome.kind === 'rejected') return this.#refusedAsAWhole(outcome);
    this.#pass = this.#filterPass(outcome, observer);
    this.#space.reserve(Math.max(cycle.nodes.nodeCount, 1));
    return undefined;
  }

  #beginDiagnosis(): void {
    const { lastFilter } = this.#options;
    const profile = this.#profile;
    const judges =
      lastFilter === undefined ? profile : { ...profile, filter: [...profile.filter, lastFilter] };
    this.#space.diagnosis.begin(this.#cycle, judges);
  }

  #filterPass({ skipped }: PreFilterOutcome, observer?: EvaluationObserver): FilterPass {
    return new FilterPass({
      cycle: this.#cycle,
      profile: this.#profile,
      space: this.#space,
      skipped,
      nominations: this.#options.nominations ?? noNominations,
      observer,
    });
  }

  #refusedAsAWhole(outcome: Extract<PreFilterOutcome, { kind: 'rejected' }>): Decision {
    const { diagnosis } = this.#space;
    const { status } = outcome;
    diagnosis.absentStatus = status;
    diagnosis.preFilterMessage = statusMessage(status);
    if (status.plugin !== undefined) diagnosis.preFilterRejectors = [status.plugin];
    return this.unschedulable();
  }

  /** No node fits; the diagnosis says why. */
  unschedulable(): Decision & { kind: 'unschedulable' } {
    const { diagnosis } = this.#space;
    // Experiments are not measured: they would be most of what is measured.
    return {
      kind: 'unschedulable',
      diagnosis,
      hypothetical: new HypotheticalRows(this.#filterPass(this.#outcome!)),
    };
  }

  /** The slot of the node that was promised to the pod, if it fits: it is taken without looking at any other. */
  tryNominated(): number | undefined {
    const slot = this.#nominatedSlot();
    if (slot === undefined) return undefined;
    this.#space.slots[0] = slot;
    try {
      return this.#pass!.run(0, 1) === 0 ? undefined : slot;
    } catch (error) {
      // As in kube-scheduler, a plugin that fails here gets its second chance in the full search.
      if (error instanceof PluginFault) return undefined;
      throw error;
    }
  }

  takeNominated(slot: number): Decision & { kind: 'fits' } {
    return this.#take(slot, 1, true);
  }

  /** The node that was promised to the pod, if there is such a node. */
  #nominatedSlot(): number | undefined {
    const name = this.#options.nominatedNodeName ?? this.#cycle.pod.nominatedNodeName;
    const slot = name === '' ? undefined : this.#cycle.nodes.slotOf(name);
    return slot === undefined || this.#cycle.nodes.nodeAt(slot) === undefined ? undefined : slot;
  }

  /** Filters the candidates; the slots that fit are the first of `space.slots`. Returns how many. */
  search(): number {
    return timedPoint(this.#options.observer, 'Filter', () => this.#search());
  }

  /**
   * Judges all candidates from scratch, as a search does that begins at `start`; the next one begins where it would have begun anyway.
   * For the sake of the diagnosis.
   */
  searchAgain(start: number): void {
    const { nextStart } = this.#space;
    this.#beginDiagnosis();
    this.#space.diagnosis.narrowedBy = this.#outcome!.narrowedBy;
    this.#space.nextStart = start;
    this.#search();
    this.#space.nextStart = nextStart;
  }

  /** Filters some nodes, as far as they are candidates; the slots that fit are the first of `space.slots`. Returns how many. */
  judge(nodeNames: Iterable<string>): number {
    const { nodeNames: candidates } = this.#outcome as Proceed;
    return this.#pass!.run(
      0,
      this.#listNodes(nodeNames, (name) => candidates?.has(name) ?? true),
    );
  }

  #search(): number {
    const pass = this.#pass!;
    const candidates = this.#listCandidates(this.#outcome as Proceed);
    const wanted = feasibleNodesWanted(candidates, this.#profile.percentageOfNodesToScore);
    if (wanted === candidates) return pass.run(0, candidates);
    return sampleNodes(pass, this.#space, { candidates, wanted, nodeCount: this.#cycle.nodes.nodeCount });
  }

  #listCandidates({ nodeNames, narrowedBy }: Proceed): number {
    const { nodes } = this.#cycle;
    const { slots } = this.#space;
    if (nodeNames === undefined) {
      const all = nodes.rows();
      slots.set(all.slots);
      return all.length;
    }
    this.#space.diagnosis.absentStatus = unresolvable(
      `node(s) didn't satisfy plugin(s) [${this.#rejectorsSoFar(narrowedBy).join(' ')}]`,
    );
    return this.#listNodes(nodeNames, () => true);
  }

  /** Writes the slots of those nodes that there are to the front of `space.slots`; returns how many. */
  #listNodes(names: Iterable<string>, isWanted: (name: string) => boolean): number {
    const { nodes } = this.#cycle;
    const { slots } = this.#space;
    let count = 0;
    for (const name of names) {
      if (!isWanted(name)) continue;
      const slot = nodes.slotOf(name);
      if (slot !== undefined && nodes.nodeAt(slot) !== undefined) slots[count++] = slot;
    }
    return count;
  }

  /** As in kube-scheduler, with the plugin that has just refused the pod's nominated node, wherever that node is. */
  #rejectorsSoFar(narrowedBy: readonly string[]): string[] {
    const { diagnosis } = this.#space;
    const slot = this.#nominatedSlot();
    const refusal = slot !== undefined && diagnosis.isExplicit(slot) ? diagnosis.statusOf(slot) : undefined;
    return [...new Set([...narrowedBy, ...(refusal?.plugin === undefined ? [] : [refusal.plugin])])].sort();
  }

  /** Scores the first `feasible` slots, at least one, and picks one. Scores from outside the profile are added. */
  choose(
    feasible: number,
    {
      observer = this.#options.observer,
      outside = none,
    }: {
      readonly observer?: EvaluationObserver | undefined;
      readonly outside?: readonly OutsideScore[];
    } = {},
  ): Decision & { kind: 'fits' } {
    const space = this.#space;
    if (feasible === 1) return this.#take(space.slots[0]!, 1, false);
    const rows = { slots: space.slots, length: feasible };
    const skipped = runPreScores(this.#cycle, this.#profile, rows, observer);
    timedPoint(observer, 'Score', () =>
      scoreNodes(this.#cycle, this.#profile, rows, { table: space.scores, skipped, observer }),
    );
    const profile = withOutsideScores(this.#profile, space.scores, this.#cycle.nodes, outside);
    const slot = selectHost(this.#cycle, profile, space.scores, { random: this.#options.random });
    return {
      ...this.#take(slot, feasible, false),
      ties: space.scores.bestLength,
      scores: space.scores,
      chosen: space.scores.scoreOf(slot),
    };
  }

  #take(slot: number, feasibleCount: number, nominated: boolean): Decision & { kind: 'fits' } {
    const { diagnosis } = this.#space;
    return {
      kind: 'fits',
      nodeName: this.#cycle.nodes.nameAt(slot),
      slot,
      feasibleCount,
      evaluatedCount: feasibleCount + diagnosis.explicitCount,
      ties: 1,
      nominated,
      diagnosis,
    };
  }
}
