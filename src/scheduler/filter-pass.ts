import type { Rows } from '../cluster/node-table.js';
import type { Pod } from '../cluster/pod.js';
import type { Cycle } from '../framework/cycle.js';
import type { PreFilterPlugin, RowFilterPlugin } from '../framework/plugin.js';
import type { Profile } from '../framework/profile.js';
import type { Status } from '../framework/status.js';
import { BorrowedRow } from './borrowed-row.js';
import type { EvaluationObserver } from './evaluation-observer.js';
import { timedPlugin } from './evaluation-observer.js';
import type { EvaluationSpace } from './evaluation-space.js';
import type { Nominations } from './nominations.js';
import { PluginFault } from './plugin-fault.js';

const passed = -1;
const noPromises: Promises = new Map();

/** Pods that must not be pushed aside, by the slot of the node they were promised. */
export type Promises = ReadonlyMap<number, readonly Pod[]>;

export interface FilterPassOptions {
  readonly cycle: Cycle;
  readonly profile: Profile;
  readonly space: EvaluationSpace;
  /** Plugins whose PreFilter said `skip`. */
  readonly skipped: ReadonlySet<string>;
  readonly nominations: Nominations;
  readonly observer?: EvaluationObserver | undefined;
}

/**
 * Filters of one cycle, over any rows. Rows are judged by one plugin after the other, survivors closing ranks in between. A node
 * that is promised to other pods has to fit with and without them; the first is judged on a borrowed row.
 */
export class FilterPass {
  readonly #cycle: Cycle;
  readonly #space: EvaluationSpace;
  readonly #nominations: Nominations;
  readonly #observer: EvaluationObserver | undefined;
  readonly #filters: readonly RowFilterPlugin[];
  readonly #skipped: ReadonlySet<string>;
  readonly #hooks: readonly PreFilterPlugin[];

  constructor({ cycle, profile, space, skipped, nominations, observer }: FilterPassOptions) {
    this.#cycle = cycle;
    this.#space = space;
    this.#nominations = nominations;
    this.#observer = observer;
    this.#filters = profile.filter;
    this.#skipped = skipped;
    this.#hooks = profile.preFilter.filter(
      ({ name, addPod, removePod }) => !skipped.has(name) && (addPod ?? removePod),
    );
  }

  /**
   * Judges `slots[from..from+length)`, notes refusals in the diagnosis, and moves the slots that fit to the front of that range. Returns
   * how many there are. Throws `PluginFault`.
   */
  run(from: number, length: number): number {
    const slots = from === 0 ? this.#space.slots : this.#space.slots.subarray(from);
    return this.runFrom(0, slots, this.keepPromises(this.promises(), slots, length));
  }

  /** As `run`, by the filters from `firstFilter` on, and of the nodes as they are. Refusals are noted in the diagnosis, or where one says. */
  runFrom(
    firstFilter: number,
    slots: Int32Array,
    length: number,
    refusals: Refusals = this.#space.diagnosis,
  ): number {
    let left = length;
    for (let index = firstFilter; index < this.#filters.length && left > 0; index++)
      left = this.#filter(index, { slots, length: left }, refusals);
    return left;
  }

  /** True when nothing but a row itself decides about it in this cycle. */
  get judgesByRowAlone(): boolean {
    const { pod } = this.#cycle;
    return (
      this.#nominations.isEmpty &&
      this.#filters.every((filter) => this.#skipped.has(filter.name) || filter.judgesByRow?.(pod) === true)
    );
  }

  /** True when some filter from `index` on has a say in this cycle. */
  hasFiltersFrom(index: number): boolean {
    return this.#filtersFrom(index).length > 0;
  }

  /** True when that is true of all filters from `index` on that have a say in this cycle. */
  everyFilterFrom(index: number, condition: (filter: RowFilterPlugin) => boolean): boolean {
    return this.#filtersFrom(index).every(condition);
  }

  #filtersFrom(index: number): RowFilterPlugin[] {
    return this.#filters.slice(index).filter(({ name }) => !this.#skipped.has(name));
  }

  #filter(index: number, rows: Rows, refusals: Refusals): number {
    const filter = this.#filters[index]!;
    if (this.#skipped.has(filter.name)) return rows.length;
    const { verdicts } = this.#space;
    verdicts.fill(0, 0, rows.length);
    const answer = this.#judge(filter, rows, verdicts);
    return answer === 'none' ? rows.length : closeRanks(rows, verdicts, index, refusals);
  }

  #judge(filter: RowFilterPlugin, rows: Rows, verdicts: Int32Array): 'none' | undefined {
    return askFilter(filter, this.#cycle, rows, verdicts, this.#observer);
  }

  /** By slot of a promised node, the pods for which room has to be left there. */
  promises(): Promises {
    if (this.#nominations.isEmpty) return noPromises;
    const { nodes } = this.#cycle;
    const promised = new Map<number, readonly Pod[]>();
    for (const name of this.#nominations.nodeNames()) {
      const slot = nodes.slotOf(name);
      const stronger = this.#stronger(this.#nominations.podsFor(name));
      if (slot !== undefined && nodes.nodeAt(slot) !== undefined && stronger.length > 0)
        promised.set(slot, stronger);
    }
    return promised;
  }

  /** Moves the slots to the front that fit with the pods they are promised to, or are promised to nobody; returns how many. */
  keepPromises(promises: Promises, slots: Int32Array, length: number): number {
    if (promises.size === 0) return length;
    let left = 0;
    for (let i = 0; i < length; i++) {
      const slot = slots[i]!;
      const stronger = promises.get(slot);
      if (stronger === undefined || this.fitsBeside(slot, stronger)) slots[left++] = slot;
    }
    return left;
  }

  /** True when a node fits with further pods on it; else the refusal is noted. */
  fitsBeside(slot: number, others: readonly Pod[]): boolean {
    return this.onHypotheticalRow(slot, others, (row) => {
      const index = this.firstRefusal(row);
      if (index !== passed) this.#space.diagnosis.reject(slot, index, this.#space.verdict[0]!);
      return index === passed;
    });
  }

  /** Pods that were promised a node and that the pod at hand must not push aside. */
  #stronger(nominated: readonly Pod[]): readonly Pod[] {
    if (nominated.length === 0) return nominated;
    const { pod } = this.#cycle;
    return nominated.filter(({ uid, priority }) => priority >= pod.priority && uid !== pod.uid);
  }

  /** A node as it would be with some more pods; taken back, with what plugins noted of it, whatever happens. */
  onHypotheticalRow<T>(slot: number, added: readonly Pod[], judge: (row: number) => T): T {
    return this.onBorrowedRow(slot, (row) => {
      for (const pod of added) row.add(pod);
      return judge(row.slot);
    });
  }

  /** A copy of a node to change at will; taken back, with what plugins noted of it, whatever happens. */
  onBorrowedRow<T>(slot: number, use: (row: BorrowedRow) => T): T {
    const row = new BorrowedRow(this.#cycle, this.#hooks, slot);
    try {
      return use(row);
    } finally {
      row.end();
    }
  }

  /** What filters say of a row, with the pods that its node is promised to and without; undefined when it fits both times. */
  refusalOf(row: BorrowedRow): Status | undefined {
    const nodeName = this.#cycle.nodes.nameAt(row.slot);
    const stronger = this.#nominations.isEmpty ? [] : this.#stronger(this.#nominations.podsFor(nodeName));
    return (
      (stronger.length === 0 ? undefined : this.#refusalBeside(row, stronger)) ?? this.#statusOn(row.slot)
    );
  }

  #refusalBeside(row: BorrowedRow, nominated: readonly Pod[]): Status | undefined {
    const { mark } = row;
    try {
      for (const pod of nominated) row.add(pod);
      return this.#statusOn(row.slot);
    } finally {
      row.takeBackTo(mark);
    }
  }

  #statusOn(row: number): Status | undefined {
    const index = this.firstRefusal(row);
    if (index === passed) return undefined;
    const filter = this.#filters[index]!;
    return { ...filter.verdictStatus(this.#cycle, this.#space.verdict[0]!), plugin: filter.name };
  }

  /** The place of the first filter that refuses a row, its verdict left in `space.verdict`; -1 when all let it pass. */
  firstRefusal(row: number): number {
    for (let index = 0; index < this.#filters.length; index++)
      if (this.verdictOn(index, row) !== 0) return index;
    return passed;
  }

  /** One filter's verdict on one row; 0 for a filter that is left out in this cycle. */
  verdictOn(index: number, row: number): number {
    const filter = this.#filters[index]!;
    const { verdict, row: rows } = this.#space;
    verdict[0] = 0;
    if (this.#skipped.has(filter.name)) return 0;
    rows.slots[0] = row;
    this.#judge(filter, rows, verdict);
    return verdict[0]!;
  }
}

/** Asks one filter about rows. Throws `PluginFault`. */
export function askFilter(
  filter: RowFilterPlugin,
  cycle: Cycle,
  rows: Rows,
  verdicts: Int32Array,
  observer: EvaluationObserver | undefined,
): 'none' | undefined {
  try {
    if (observer === undefined) return filter.filterRows(cycle, cycle.pod, rows, verdicts);
    return timedPlugin(observer, filter.name, 'Filter', () =>
      filter.filterRows(cycle, cycle.pod, rows, verdicts),
    );
  } catch (cause) {
    throw PluginFault.of(filter.name, (text) => `running "${filter.name}" filter plugin: ${text}`, cause);
  }
}

/** Who is told of refused rows. `plugin` is the plugin's place among the profile's filters. */
export interface Refusals {
  reject(slot: number, plugin: number, verdict: number): void;
}

/** Moves the rows that pass to the front and tells of the others; returns how many pass. A loop over all nodes. */
export function closeRanks(
  { slots, length }: Rows,
  verdicts: Int32Array,
  plugin: number,
  refusals: Refusals,
): number {
  let left = 0;
  // Up to the first that is refused nobody moves.
  while (left < length && verdicts[left] === 0) left++;
  for (let i = left; i < length; i++) {
    const slot = slots[i]!;
    const verdict = verdicts[i]!;
    if (verdict === 0) slots[left++] = slot;
    else refusals.reject(slot, plugin, verdict);
  }
  return left;
}
