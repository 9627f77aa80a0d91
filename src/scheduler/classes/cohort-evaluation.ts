import type { Rows } from '../../cluster/node-table.js';
import type { Cycle } from '../../framework/cycle.js';
import type { RowTrait } from '../../framework/plugin.js';
import type { Profile } from '../../framework/profile.js';
import type { Random } from '../../random.js';
import type { UntoldRefusals } from '../diagnosis.js';
import type { EvaluationObserver } from '../evaluation-observer.js';
import type { EvaluationSpace } from '../evaluation-space.js';
import type { FilterPass, Refusals } from '../filter-pass.js';
import { type KnownScores, scoreNodes } from '../score-pass.js';
import type { ChosenScore } from '../score-table.js';
import { findExactTotals } from '../select-host.js';
import { roundingNoise } from '../tie-break.js';
import { BestTree } from './best-tree.js';
import type { ChangedRows } from './changed-rows.js';
import { keptScore, knownScores } from './kept-table.js';
import type { PodClass, PodClasses } from './pod-classes.js';

export interface CohortEvaluationOptions {
  readonly cycle: Cycle;
  readonly profile: Profile;
  readonly classes: PodClasses;
  /** Its refusals are up to date. */
  readonly podClass: PodClass;
  readonly pass: FilterPass;
  readonly space: EvaluationSpace;
  readonly random: Random;
  readonly observer: EvaluationObserver | undefined;
}

export interface CohortChoice {
  readonly slot: number;
  readonly ties: number;
  readonly chosen: ChosenScore;
}

type Trees = readonly [BestTree, ...BestTree[]];

/**
 * A search and a choice among all nodes that ask the plugins beside a class about one row of each cohort. Of the rows of a cohort the class
 * knows the best; what the plugins add is the same for all of them.
 */
export class CohortEvaluation {
  readonly #options: CohortEvaluationOptions;
  readonly #refusals: CohortRefusals;
  /** One row for each cohort that fits. */
  readonly #standIns: Int32Array;
  #fitting = 0;
  #represented = 0;

  private constructor(options: CohortEvaluationOptions) {
    const { cohorts } = options.podClass;
    this.#options = options;
    this.#refusals = new CohortRefusals(options.podClass, options.classes.changed);
    this.#standIns = new Int32Array(cohorts.count);
  }

  /** undefined where the plugins beside the class cannot say what rows have in common, or rows have too little. */
  static of(options: CohortEvaluationOptions): CohortEvaluation | undefined {
    const { cycle, podClass, classes, pass } = options;
    const { plan, cohorts, refusals } = podClass;
    const { byTrait } = plan;
    if (byTrait === undefined || cycle.nodes.hasBorrowedRows) return undefined;
    if (!pass.everyFilterFrom(plan.filterCount, (filter) => byTrait.includes(filter))) return undefined;
    const traits: RowTrait[] = [];
    for (const plugin of byTrait) {
      const more = plugin.traits!(cycle, cycle.pod);
      if (more === undefined) return undefined;
      traits.push(...more);
    }
    // Then none of them has a say, and the class answers alone.
    if (traits.length === 0) return undefined;
    const isOfUse = cohorts.catchUp({ cycle, traits, refusals, changed: classes.changed });
    return isOfUse ? new CohortEvaluation(options) : undefined;
  }

  /** How many nodes fit; refusals are in the diagnosis. */
  search(): number {
    const { podClass, pass, space } = this.#options;
    const { cohorts, plan } = podClass;
    let count = 0;
    for (const cohort of cohorts.present) this.#standIns[count++] = cohorts.standInFor(cohort);
    this.#fitting = pass.runFrom(plan.filterCount, this.#standIns, count, this.#refusals);
    if (this.#refusals.isAny) space.diagnosis.adopt(this.#refusals);
    this.#represented = podClass.refusals.passingCount - this.#refusals.count;
    return this.#represented;
  }

  /** The node, where it is the only one that fits. */
  onlySlot(): number {
    return this.#standIns[0]!;
  }

  /** One row for each cohort that fits: for plugins that prepare to score. */
  get standIns(): Rows {
    return { slots: this.#standIns, length: this.#fitting, represented: this.#represented };
  }

  /** All rows that fit, in order. */
  listRows(): Rows {
    const { podClass, classes, space } = this.#options;
    const { order } = classes.changed;
    const { slots } = space;
    let length = 0;
    for (let place = 0; place < order.length; place++)
      if (podClass.refusals.isPassing(place) && !this.#refusals.includes(place))
        slots[length++] = order[place]!;
    return { slots, length };
  }

  /** True when the scores of the class, kept over all rows that it lets pass, hold among those that fit. */
  get keptScoresHold(): boolean {
    return !this.#refusals.isAny || this.#options.podClass.scores.isLevel;
  }

  /**
   * Picks one of the nodes that fit; the scores of the class are up to date and hold. undefined where exact totals are so near each other
   * that all of them have to be compared.
   */
  choose(skipped: ReadonlySet<string>): CohortChoice | undefined {
    const { cycle, profile, classes, podClass, space, random, observer } = this.#options;
    const { cohorts, trees, scores: kept } = podClass;
    const { changed } = classes;
    trees.catchUp({ nodes: cycle.nodes, cohorts, scores: kept, changed });
    const table = space.scores;
    const known = { ...knownScores(kept, changed.placeOf), addTotals() {}, addExactTotals() {} };
    scoreNodes(cycle, profile, this.standIns, { table, skipped, observer, known });
    const treeAt = (index: number): BestTree => trees.of(cohorts.of(changed.placeOf[table.slots[index]!]!));
    for (let i = 0; i < table.length; i++) table.totals[i]! += treeAt(i).total;
    table.findBest();
    let ties = 0;
    for (let i = 0; i < table.bestLength; i++) ties += treeAt(table.best[i]!).ties;
    const winning = this.#treesOfBest(treeAt, known);
    if (winning === undefined) return undefined;
    const place = winning.length === 1 ? winning[0].draw(random) : BestTree.drawAmong(winning, random);
    const standIn = cohorts.standInFor(cohorts.of(place));
    return {
      slot: changed.order[place]!,
      ties,
      chosen: keptScore(kept, place, table.scoreOf(standIn)),
    };
  }

  /** Of the cohorts that have the highest total: the trees of those with the highest exact total and, of these, the fewest pods. */
  #treesOfBest(treeAt: (index: number) => BestTree, known: KnownScores): Trees | undefined {
    const { cycle, profile, space } = this.#options;
    const table = space.scores;
    const { best, bestLength, exactTotals } = table;
    const trees = Array.from(best.subarray(0, bestLength), treeAt);
    if (bestLength === 1) return trees as unknown as Trees;
    findExactTotals(cycle, profile, table, known);
    const exact = trees.map((tree, i) => exactTotals[i]! + tree.exact);
    const least = Math.max(...exact) - roundingNoise;
    const near = trees.filter((_, i) => exact[i]! >= least);
    if (near.some(({ isFuzzy }) => isFuzzy)) return undefined;
    const fewest = Math.min(...near.map(({ fewestPods }) => fewestPods));
    return near.filter(({ fewestPods }) => fewestPods === fewest) as unknown as Trees;
  }
}

/** What the plugins beside a class said of rows that stand for others, and so of these. */
class CohortRefusals implements Refusals, UntoldRefusals {
  /** Rows. */
  count = 0;
  readonly #podClass: PodClass;
  readonly #changed: ChangedRows;
  readonly #byCohort = new Map<number, { readonly plugin: number; readonly verdict: number }>();

  constructor(podClass: PodClass, changed: ChangedRows) {
    this.#podClass = podClass;
    this.#changed = changed;
  }

  get isAny(): boolean {
    return this.count > 0;
  }

  /** With those by the class itself. */
  get refusedCount(): number {
    return this.#podClass.refusals.refusedCount + this.count;
  }

  includes(place: number): boolean {
    return this.#byCohort.has(this.#podClass.cohorts.of(place));
  }

  reject(slot: number, plugin: number, verdict: number): void {
    const { cohorts } = this.#podClass;
    const cohort = cohorts.of(this.#changed.placeOf[slot]!);
    this.#byCohort.set(cohort, { plugin, verdict });
    this.count += cohorts.sizeOf(cohort);
  }

  tell(refusals: Refusals): void {
    const { cohorts, refusals: byClass } = this.#podClass;
    byClass.tell(refusals);
    for (const [cohort, { plugin, verdict }] of this.#byCohort)
      for (const place of cohorts.placesOf(cohort))
        refusals.reject(this.#changed.order[place]!, plugin, verdict);
  }
}
