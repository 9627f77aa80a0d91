import type { Pod } from '../cluster/pod.js';
import type { Cycle } from '../framework/cycle.js';
import type { PreFilterPlugin, RowFilterPlugin } from '../framework/plugin.js';
import type { Profile } from '../framework/profile.js';
import type { EvaluationObserver } from './evaluation-observer.js';
import { timedPlugin } from './evaluation-observer.js';
import type { EvaluationSpace } from './evaluation-space.js';
import type { Nominations } from './nominations.js';
import { PluginFault } from './plugin-fault.js';

const passed = -1;

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
   * Judges `slots[from..from+length)`, notes refusals in the diagnosis, and moves the slots that fit to the front of that range.
   * Returns how many there are. Throws `PluginFault`.
   */
  run(from: number, length: number): number {
    const slots = from === 0 ? this.#space.slots : this.#space.slots.subarray(from);
    let left = this.#nominations.isEmpty ? length : this.#withNominated(slots, length);
    for (let index = 0; index < this.#filters.length && left > 0; index++)
      left = this.#filter(index, slots, left);
    return left;
  }

  #filter(index: number, slots: Int32Array, length: number): number {
    const filter = this.#filters[index]!;
    if (this.#skipped.has(filter.name)) return length;
    const { verdicts, diagnosis } = this.#space;
    verdicts.fill(0, 0, length);
    this.#judge(filter, { slots, length }, verdicts);
    let left = 0;
    for (let i = 0; i < length; i++) {
      const slot = slots[i]!;
      const verdict = verdicts[i]!;
      if (verdict === 0) slots[left++] = slot;
      else diagnosis.reject(slot, index, verdict);
    }
    return left;
  }

  #judge(filter: RowFilterPlugin, rows: { slots: Int32Array; length: number }, verdicts: Int32Array): void {
    const cycle = this.#cycle;
    try {
      if (this.#observer?.onPlugin === undefined) filter.filterRows(cycle, cycle.pod, rows, verdicts);
      else {
        timedPlugin(this.#observer, filter.name, 'Filter', () =>
          filter.filterRows(cycle, cycle.pod, rows, verdicts),
        );
      }
    } catch (cause) {
      throw PluginFault.of(filter.name, (text) => `running "${filter.name}" filter plugin: ${text}`, cause);
    }
  }

  #withNominated(slots: Int32Array, length: number): number {
    const { nodes } = this.#cycle;
    let left = 0;
    for (let i = 0; i < length; i++) {
      const slot = slots[i]!;
      const nominated = this.#nominations.podsFor(nodes.nameAt(slot));
      if (nominated.length === 0 || this.#fitsBeside(slot, nominated)) slots[left++] = slot;
    }
    return left;
  }

  /** True when the node fits with the pods it is promised to; else the refusal is noted. */
  #fitsBeside(slot: number, nominated: readonly Pod[]): boolean {
    const { pod } = this.#cycle;
    const stronger = nominated.filter(({ uid, priority }) => priority >= pod.priority && uid !== pod.uid);
    if (stronger.length === 0) return true;
    return this.onHypotheticalRow(slot, stronger, (row) => {
      const index = this.firstRefusal(row);
      if (index !== passed) this.#space.diagnosis.reject(slot, index, this.#space.verdict[0]!);
      return index === passed;
    });
  }

  /** A node as it would be with some more pods; taken back, with what plugins noted of it, whatever happens. */
  onHypotheticalRow<T>(slot: number, added: readonly Pod[], judge: (row: number) => T): T {
    const { nodes } = this.#cycle;
    const row = nodes.borrowRow(slot);
    let done = 0;
    try {
      for (const pod of added) {
        nodes.addPodAt(row, pod);
        done += 1;
        for (const plugin of this.#hooks) plugin.addPod?.(this.#cycle, pod, row);
      }
      return judge(row);
    } finally {
      while (done-- > 0) {
        const pod = added[done]!;
        nodes.removePodAt(row, pod);
        for (const plugin of this.#hooks) plugin.removePod?.(this.#cycle, pod, row);
      }
      nodes.returnRow(row);
    }
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
