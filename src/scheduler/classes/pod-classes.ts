import type { Pod, PodSpec } from '../../cluster/pod.js';
import { type Requests, sameRequests } from '../../cluster/requests.js';
import type { Profile } from '../../framework/profile.js';
import { ChangedRows } from './changed-rows.js';
import { type ClassPlan, planFor } from './class-plan.js';
import { CohortTrees } from './cohort-trees.js';
import { Cohorts } from './cohorts.js';
import { KeptRefusals } from './kept-refusals.js';
import { KeptScores } from './kept-scores.js';

/** Classes times rows: some 50 bytes each; up to 125 more where rows are divided into cohorts. */
const maxRows = 1 << 19;
/** Classes of a profile: in a small cluster it is not the rows that a class takes room for. */
const mostClasses = 128;
/** So many turns of all classes one may go unused before another takes its place. */
const patience = 4;

/** Pods that are equal in all that plugins read which judge by row, and what these plugins say of each row. */
export interface PodClass {
  readonly plan: ClassPlan;
  readonly accounted: Requests;
  readonly refusals: KeptRefusals;
  readonly scores: KeptScores;
  readonly cohorts: Cohorts;
  readonly trees: CohortTrees;
}

/**
 * The classes of pods that are in use. A class begins with its second pod: most templates that come once do not come again. One for each
 * scheduler; classes of a profile go with it.
 */
export class PodClasses {
  readonly changed = new ChangedRows();
  readonly #maxRows: number;
  readonly #maxCohorts: number | undefined;
  readonly #byProfile = new WeakMap<Profile, ClassesOfProfile>();

  constructor(options: { readonly maxRows?: number; readonly maxCohorts?: number | undefined } = {}) {
    this.#maxRows = options.maxRows ?? maxRows;
    this.#maxCohorts = options.maxCohorts;
  }

  /** The class of a pod, to be brought up to date; undefined for a pod that is the first of its kind, or whose kind cannot be kept. */
  find(profile: Profile, pod: Pod, rowCount: number): PodClass | undefined {
    const limit = Math.min(mostClasses, Math.floor(this.#maxRows / rowCount));
    return this.#of(profile).find(profile, pod, limit);
  }

  /** The pod's class went wrong: pods like it are judged without one from now on. */
  giveUp(profile: Profile, { spec }: Pod): void {
    this.#of(profile).giveUp(spec);
  }

  #of(profile: Profile): ClassesOfProfile {
    let classes = this.#byProfile.get(profile);
    if (classes === undefined) {
      classes = new ClassesOfProfile(this.#maxCohorts);
      this.#byProfile.set(profile, classes);
    }
    return classes;
  }
}

interface Entry {
  readonly podClass: PodClass;
  lastUse: number;
}

class ClassesOfProfile {
  /** The one that was used last comes last. */
  readonly #entries = new Map<PodSpec, Entry>();
  readonly #seen = new WeakSet<PodSpec>();
  readonly #givenUp = new WeakSet<PodSpec>();
  readonly #maxCohorts: number | undefined;
  #last: PodSpec | undefined;
  #uses = 0;

  constructor(maxCohorts: number | undefined) {
    this.#maxCohorts = maxCohorts;
  }

  find(profile: Profile, pod: Pod, limit: number): PodClass | undefined {
    const { spec, accounted } = pod;
    this.#uses += 1;
    const known = this.#entries.get(spec);
    if (known !== undefined && sameRequests(known.podClass.accounted, accounted)) {
      this.#use(spec, known);
      return known.podClass;
    }
    if (this.#givenUp.has(spec) || this.#isNew(spec) || !this.#hasRoom(limit)) return undefined;
    const podClass = {
      plan: planFor(profile, pod),
      accounted,
      refusals: new KeptRefusals(),
      scores: new KeptScores(),
      cohorts: new Cohorts(this.#maxCohorts),
      trees: new CohortTrees(),
    };
    this.#entries.delete(spec);
    this.#use(spec, { podClass, lastUse: this.#uses });
    return podClass;
  }

  giveUp(spec: PodSpec): void {
    this.#entries.delete(spec);
    this.#givenUp.add(spec);
  }

  #isNew(spec: PodSpec): boolean {
    if (this.#seen.has(spec)) return false;
    this.#seen.add(spec);
    return true;
  }

  /**
   * Makes room for one more, of classes that have not been used for long. Where more templates take turns than there is room for, some
   * keep their classes; if each took another's place, none would ever find its own.
   */
  #hasRoom(limit: number): boolean {
    for (const [spec, { lastUse }] of this.#entries) {
      if (this.#entries.size < limit) break;
      if (this.#entries.size === limit && this.#uses - lastUse <= patience * limit) return false;
      this.#entries.delete(spec);
    }
    return limit > 0;
  }

  #use(spec: PodSpec, used: Entry): void {
    used.lastUse = this.#uses;
    if (this.#last === spec && this.#entries.has(spec)) return;
    this.#entries.delete(spec);
    this.#entries.set(spec, used);
    this.#last = spec;
  }
}
