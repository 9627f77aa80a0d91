import type { Rows } from '../../cluster/node-table.js';
import type { Cycle } from '../../framework/cycle.js';
import type { Profile } from '../../framework/profile.js';
import type { Random } from '../../random.js';
import { type EvaluationObserver, timedPoint } from '../evaluation-observer.js';
import type { EvaluationSpace } from '../evaluation-space.js';
import type { FilterPass, Promises } from '../filter-pass.js';
import type { PreFilterOutcome } from '../pre-filter-pass.js';
import { feasibleNodesWanted } from '../sampling.js';
import { type KnownScores, runPreScores, scoreNodes } from '../score-pass.js';
import type { ChosenScore, ScoreTable } from '../score-table.js';
import { selectHost } from '../select-host.js';
import { CohortEvaluation } from './cohort-evaluation.js';
import type { KeptRefusals } from './kept-refusals.js';
import { keptScore, knownScores, showKept, withKeptColumns } from './kept-table.js';
import type { PodClass, PodClasses } from './pod-classes.js';

/** What plugins said cannot be kept, or one of them failed over it. */
export class ClassFault extends Error {
  override readonly name = 'ClassFault';
}

export interface ClassEvaluationOptions {
  readonly space: EvaluationSpace;
  readonly random: Random;
  readonly classes?: PodClasses | undefined;
  readonly observer?: EvaluationObserver | undefined;
}

interface Parts {
  readonly cycle: Cycle;
  readonly profile: Profile;
  readonly classes: PodClasses;
  readonly podClass: PodClass;
  /** Plugins that PreFilter left out. */
  readonly skipped: ReadonlySet<string>;
  readonly pass: FilterPass;
  readonly space: EvaluationSpace;
  readonly random: Random;
  readonly observer: EvaluationObserver | undefined;
}

export interface ClassChoice {
  readonly slot: number;
  readonly ties: number;
  readonly chosen: ChosenScore;
  /** Of all nodes; of use until something changes. */
  scores(): ScoreTable;
}

/**
 * One search and one choice among all nodes, with what is kept for the pod's class: as without it, plugins of which nothing is kept
 * included. Steps throw `PluginFault`, and `ClassFault` when the class is not to be used again and nothing was decided.
 */
export class ClassEvaluation {
  readonly #options: Parts;
  readonly #rows: PassingRows;
  /** True while nobody but the class refused a node. */
  #isClassAlone = false;
  /** Where the other plugins are asked about some rows that stand for the rest. */
  #byCohort: CohortEvaluation | undefined;

  private constructor(options: Parts) {
    this.#options = options;
    this.#rows = new PassingRows(options.podClass.refusals, options.space);
  }

  /**
   * undefined for a pod that has no class (yet), and where not all nodes are looked at: PreFilter left some out, or they are a sample.
   */
  static of(
    cycle: Cycle,
    profile: Profile,
    { nodeNames, skipped }: Extract<PreFilterOutcome, { kind: 'proceed' }>,
    pass: FilterPass,
    { classes, space, random, observer }: ClassEvaluationOptions,
  ): ClassEvaluation | undefined {
    const { nodeCount } = cycle.nodes;
    const isSampled = feasibleNodesWanted(nodeCount, profile.percentageOfNodesToScore) < nodeCount;
    if (classes === undefined || nodeNames !== undefined || isSampled) return undefined;
    const podClass = classes.find(profile, cycle.pod, nodeCount);
    if (podClass === undefined) return undefined;
    return new ClassEvaluation({ cycle, profile, classes, podClass, skipped, pass, space, random, observer });
  }

  /** After a `ClassFault`: pods like this one are judged without a class from now on. */
  giveUp(): void {
    const { classes, profile, cycle } = this.#options;
    classes.giveUp(profile, cycle.pod);
  }

  /** How many nodes fit; refusals are in the diagnosis. */
  search(): number {
    return timedPoint(this.#options.observer, 'Filter', () => this.#search());
  }

  #search(): number {
    const { cycle, profile, classes, podClass, skipped, pass, space, observer } = this.#options;
    const { plan, refusals } = podClass;
    const { changed } = classes;
    changed.follow(cycle.nodes);
    const filters = profile.filter.slice(0, plan.filterCount);
    keeping(() => refusals.catchUp({ cycle, filters, skipped, changed, space, observer }));
    space.diagnosis.adopt(refusals);
    const promises = pass.promises();
    if (promises.size === 0) {
      this.#byCohort = keeping(() => CohortEvaluation.of(this.#options));
      if (this.#byCohort !== undefined) return this.#byCohort.search();
    }
    this.#isClassAlone = promises.size === 0 && !pass.hasFiltersFrom(plan.filterCount);
    return this.#isClassAlone ? refusals.passingCount : this.#searchFurther(promises);
  }

  /** Of what the class lets pass, nodes that are promised to others as they will be then, and the filters that it does not answer for. */
  #searchFurther(promises: Promises): number {
    const { classes, podClass, pass, space } = this.#options;
    const { placeOf } = classes.changed;
    this.#rows.settle();
    // What is said of a node as it will be comes first, also where the class refuses it as it is.
    for (const [slot, pods] of promises)
      if (!podClass.refusals.isPassing(placeOf[slot]!)) pass.fitsBeside(slot, pods);
    const left = pass.keepPromises(promises, space.slots, podClass.refusals.passingCount);
    return pass.runFrom(podClass.plan.filterCount, space.slots, left);
  }

  /** The node, where it is the only one that fits. */
  onlySlot(): number {
    if (this.#byCohort !== undefined) return this.#byCohort.onlySlot();
    if (this.#isClassAlone) this.#rows.settle();
    return this.#options.space.slots[0]!;
  }

  /** Picks one of the `feasible` nodes that the search found, at least two. */
  choose(feasible: number): ClassChoice {
    const { cycle, profile, podClass, observer } = this.#options;
    const rows = this.#rowsToScore(feasible);
    const skipped = runPreScores(cycle, profile, rows, observer);
    return timedPoint(observer, 'Score', () => {
      const running = profile.score.filter(({ plugin }) => !skipped.has(plugin.name));
      const kept = running.filter((score) => podClass.plan.scores.has(score));
      this.#scoresCatchUp(kept);
      if (this.#byCohort !== undefined) return this.#chooseByCohort(this.#byCohort, running, skipped);
      const isAll = this.#isClassAlone && kept.length === running.length;
      return isAll ? this.#chooseFromTree(running, skipped) : this.#chooseFromTable(rows, running, skipped);
    });
  }

  #rowsToScore(feasible: number): Rows {
    if (this.#byCohort !== undefined) return this.#byCohort.standIns;
    return this.#isClassAlone ? this.#rows : { slots: this.#options.space.slots, length: feasible };
  }

  #scoresCatchUp(scores: Profile['score']): void {
    const { cycle, classes, podClass, space, observer } = this.#options;
    const { changed } = classes;
    const { refusals } = podClass;
    keeping(() => podClass.scores.catchUp({ cycle, scores, refusals, changed, space, observer }));
  }

  #chooseFromTree(running: Profile['score'], skipped: ReadonlySet<string>): ClassChoice {
    const { profile, classes, podClass, random, space } = this.#options;
    const { scores: kept } = podClass;
    const { tree } = kept;
    const place = tree.draw(random);
    const { order, placeOf } = classes.changed;
    const show = (): ScoreTable => {
      const leftOut = profile.score.flatMap(({ plugin: { name } }) => (skipped.has(name) ? [name] : []));
      return showKept(space.scores, kept, this.#rows.settle(), { running, skipped: leftOut, placeOf });
    };
    return { slot: order[place]!, ties: tree.ties, chosen: keptScore(kept, place), scores: show };
  }

  #chooseByCohort(
    byCohort: CohortEvaluation,
    running: Profile['score'],
    skipped: ReadonlySet<string>,
  ): ClassChoice {
    const choice = byCohort.keptScoresHold ? byCohort.choose(skipped) : undefined;
    if (choice === undefined) return this.#chooseFromTable(byCohort.listRows(), running, skipped);
    let shown: ScoreTable | undefined;
    const show = (): ScoreTable => {
      shown ??= this.#scoreForShow(byCohort.listRows(), running, skipped);
      return shown;
    };
    return { ...choice, scores: show };
  }

  /** Scores all rows, although a choice was made by one for each cohort: for whoever wants to see them. */
  #scoreForShow(rows: Rows, running: Profile['score'], skipped: ReadonlySet<string>): ScoreTable {
    const { podClass, classes, space } = this.#options;
    const { placeOf } = classes.changed;
    const known = this.#scoreTable(rows, skipped, { isMeasured: false });
    space.scores.findBest();
    if (known === undefined) return space.scores;
    return withKeptColumns(space.scores, podClass.scores, { running, placeOf });
  }

  /** Others have scores to add. */
  #chooseFromTable(rows: Rows, running: Profile['score'], skipped: ReadonlySet<string>): ClassChoice {
    const { cycle, profile, classes, podClass, random, space } = this.#options;
    const { scores: kept } = podClass;
    const { placeOf } = classes.changed;
    const table = space.scores;
    const known = this.#scoreTable(rows, skipped);
    const slot = selectHost(cycle, profile, table, { random, known });
    const ties = table.bestLength;
    const chosen = table.scoreOf(slot);
    if (known === undefined) return { slot, ties, chosen, scores: () => table };
    const show = (): ScoreTable => withKeptColumns(table, kept, { running, placeOf });
    return { slot, ties, chosen: keptScore(kept, placeOf[slot]!, chosen), scores: show };
  }

  /** Scores all rows into the table; returns what is known of them without a column of its own. */
  #scoreTable(
    rows: Rows,
    skipped: ReadonlySet<string>,
    { isMeasured }: { readonly isMeasured: boolean } = { isMeasured: true },
  ): KnownScores | undefined {
    const { cycle, profile, classes, podClass, space } = this.#options;
    const observer = isMeasured ? this.#options.observer : undefined;
    const { scores: kept } = podClass;
    const { placeOf } = classes.changed;
    const known = kept.holdFor(rows, placeOf) ? knownScores(kept, placeOf) : undefined;
    scoreNodes(cycle, profile, rows, { table: space.scores, observer, skipped, known });
    return known;
  }
}

/** The rows that a class lets pass, listed when somebody wants to see them: often nobody does. */
class PassingRows implements Rows {
  readonly #refusals: KeptRefusals;
  readonly #space: EvaluationSpace;
  #isListed = false;

  constructor(refusals: KeptRefusals, space: EvaluationSpace) {
    this.#refusals = refusals;
    this.#space = space;
  }

  get slots(): Int32Array {
    if (!this.#isListed) this.#refusals.copyPassing(this.#space.slots);
    this.#isListed = true;
    return this.#space.slots;
  }

  get length(): number {
    return this.#refusals.passingCount;
  }

  settle(): Rows {
    const { slots, length } = this;
    return { slots, length };
  }
}

function keeping<T>(catchUp: () => T): T {
  try {
    return catchUp();
  } catch (cause) {
    throw new ClassFault('a class of pods cannot be kept', { cause });
  }
}
