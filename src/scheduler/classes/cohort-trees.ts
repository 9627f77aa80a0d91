import type { NodeTable } from '../../cluster/node-table.js';
import { BestTree, type RankedRows } from './best-tree.js';
import type { ChangedRows } from './changed-rows.js';
import type { Cohorts } from './cohorts.js';
import type { KeptScores } from './kept-scores.js';

/** Larger than where a class has one tree alone: here it may have dozens. */
const blockSize = 32;
const none = -1;

export interface CohortTreesOptions {
  readonly nodes: NodeTable;
  /** Both brought up to date before. */
  readonly cohorts: Cohorts;
  readonly scores: KeptScores;
  readonly changed: ChangedRows;
}

/** For each cohort, which of its rows are the best by the scores that a class keeps. */
export class CohortTrees {
  #trees: BestTree[] = [];
  /** By place: the cohort in whose tree the row is. */
  #treeOf = new Int8Array(0);
  #cohortsBeginnings = 0;
  #upheavals = 0;
  #journalLength = 0;

  /** The tree of a cohort that has rows. */
  of(cohort: number): BestTree {
    return this.#trees[cohort]!;
  }

  /** Looks at what changed since the last call, or plants all trees anew. */
  catchUp(options: CohortTreesOptions): void {
    const { nodes, cohorts, scores, changed } = options;
    const isKnown = this.#cohortsBeginnings === cohorts.beginnings && this.#upheavals === scores.upheavals;
    const count = isKnown ? changed.since(nodes, this.#journalLength) : undefined;
    this.#cohortsBeginnings = cohorts.beginnings;
    this.#upheavals = scores.upheavals;
    this.#journalLength = nodes.journal.length;
    if (count === undefined) this.#plant(options);
    else this.#tend(options, count);
  }

  #plant({ cohorts, scores, changed }: CohortTreesOptions): void {
    const { length } = changed.order;
    this.#trees = [];
    this.#treeOf = new Int8Array(length);
    /** By cohort: one place of each block that has rows of it. */
    const places: number[][] = [];
    for (let place = 0; place < length; place++) {
      const cohort = cohorts.of(place);
      this.#treeOf[place] = cohort;
      if (cohort === none) continue;
      places[cohort] ??= [];
      const last = places[cohort].at(-1);
      if (last === undefined || Math.floor(last / blockSize) !== Math.floor(place / blockSize))
        places[cohort].push(place);
    }
    for (const cohort of cohorts.present) {
      const tree = treeOf(cohort, cohorts, scores);
      tree.fill(places[cohort]!);
      this.#trees[cohort] = tree;
    }
  }

  #tend({ cohorts, scores, changed }: CohortTreesOptions, count: number): void {
    const { slots, placeOf } = changed;
    for (let i = 0; i < count; i++) {
      const place = placeOf[slots[i]!]!;
      const before = this.#treeOf[place]!;
      const now = cohorts.of(place);
      this.#treeOf[place] = now;
      if (before !== none && before !== now) this.#refreshWithout(place, before, cohorts);
      if (now === none) continue;
      this.#trees[now] ??= treeOf(now, cohorts, scores);
      this.#trees[now].refresh(place);
    }
  }

  #refreshWithout(place: number, cohort: number, cohorts: Cohorts): void {
    if (cohorts.sizeOf(cohort) > 0) this.#trees[cohort]?.refresh(place);
    else delete this.#trees[cohort];
  }
}

function treeOf(cohort: number, cohorts: Cohorts, scores: KeptScores): BestTree {
  const rows: RankedRows = {
    length: scores.length,
    isPassing: (place) => cohorts.of(place) === cohort,
    total: (place) => scores.total(place),
    exact: (place) => scores.exact(place),
    podCount: (place) => scores.podCount(place),
  };
  return new BestTree(rows, blockSize);
}
