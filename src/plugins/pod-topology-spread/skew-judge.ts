import type { DomainCounts } from '../../cluster/domain-counts.js';
import { absent } from '../../cluster/label-column.js';
import type { Rows } from '../../cluster/node-table.js';
import type { Labels } from '../../cluster/pod.js';
import type { SpreadConstraint } from './spread-constraint.js';

/* Verdicts of the filter. */
export const missingLabel = 1;
export const skewed = 2;

/**
 * One hard constraint in one cycle: the counts of its domains, and how they differ while a hypothetical node is looked at. A node
 * fits if its domain, with the pod in it, has at most `maxSkew` pods more than the domain that has the fewest.
 */
export class SkewJudge {
  readonly #constraint: SpreadConstraint;
  readonly #counts: DomainCounts;
  /** 1 if the pod itself is one of those that the constraint counts. */
  readonly #self: 0 | 1;
  /** Domain, by its label value, to the pods that it has more than are counted: never 0. */
  readonly #changes = new Map<string, number>();
  /** Fewest pods of a domain, how many domains have as few, and the fewest among the other domains. */
  #lowest = Number.POSITIVE_INFINITY;
  #lowestDomains = 0;
  #nextLowest = Number.POSITIVE_INFINITY;

  constructor(constraint: SpreadConstraint, counts: DomainCounts, labels: Labels) {
    this.#constraint = constraint;
    this.#counts = counts;
    this.#self = constraint.selector.matches(labels) ? 1 : 0;
    this.#findLowest();
  }

  /**
   * Notes that a pod with these labels, of the judged pod's namespace, hypothetically came to a node or went. Unlike the counts
   * this looks neither at whether it terminates nor at whether the selector is empty: kube-scheduler's rule.
   */
  change(labels: Labels, slot: number, delta: 1 | -1): void {
    if (!this.#constraint.selector.matches(labels)) return;
    const counts = this.#counts;
    const id = counts.domainAt(slot);
    if (id === absent) return;
    const domain = counts.column.valueOf(id)!;
    const change = (this.#changes.get(domain) ?? 0) + delta;
    if (change === 0) this.#changes.delete(domain);
    else this.#changes.set(domain, change);
  }

  /** Judges the rows that no constraint has refused yet. */
  judge(rows: Rows, verdicts: Int32Array): void {
    const most = this.#constraint.maxSkew - this.#self + this.#minimum();
    if (this.#changes.size > 0) this.#judgeChanged(rows, verdicts, most);
    else this.#judgeCounted(rows, verdicts, most);
  }

  #judgeCounted({ slots, length }: Rows, verdicts: Int32Array, most: number): void {
    const { ids } = this.#counts.column;
    const { totals } = this.#counts;
    for (let i = 0; i < length; i++) {
      if (verdicts[i] !== 0) continue;
      const id = ids[slots[i]!]!;
      if (id === absent) verdicts[i] = missingLabel;
      else if (totals[id]! > most) verdicts[i] = skewed;
    }
  }

  #judgeChanged({ slots, length }: Rows, verdicts: Int32Array, most: number): void {
    const { column, totals } = this.#counts;
    for (let i = 0; i < length; i++) {
      if (verdicts[i] !== 0) continue;
      const id = column.ids[slots[i]!]!;
      if (id === absent) verdicts[i] = missingLabel;
      else if (totals[id]! + (this.#changes.get(column.valueOf(id)!) ?? 0) > most) verdicts[i] = skewed;
    }
  }

  /** Fewest pods of a domain, the hypothetical ones counted; 0 when there are too few domains. */
  #minimum(): number {
    const { domainCount } = this.#counts;
    if (domainCount === 0 || domainCount < this.#constraint.minDomains) return 0;
    if (this.#changes.size === 0) return this.#lowest;
    return this.#changes.size === 1 ? this.#minimumAfterOneChange() : this.#minimumAfterChanges();
  }

  /** The common case, at no cost: one hypothetical node at a time. */
  #minimumAfterOneChange(): number {
    const { column, totals } = this.#counts;
    const [[domain, change]] = this.#changes as unknown as [[string, number]];
    const total = totals[column.idOf(domain)]!;
    const lowestOfOthers =
      total === this.#lowest && this.#lowestDomains === 1 ? this.#nextLowest : this.#lowest;
    return Math.min(lowestOfOthers, total + change);
  }

  #minimumAfterChanges(): number {
    const { column, totals, nodeCounts } = this.#counts;
    let lowest = Number.POSITIVE_INFINITY;
    for (let id = 0; id < totals.length; id++) {
      if (nodeCounts[id] === 0) continue;
      lowest = Math.min(lowest, totals[id]! + (this.#changes.get(column.valueOf(id)!) ?? 0));
    }
    return lowest;
  }

  #findLowest(): void {
    const { totals, nodeCounts } = this.#counts;
    for (let id = 0; id < totals.length; id++) {
      if (nodeCounts[id] === 0) continue;
      const total = totals[id]!;
      if (total < this.#lowest) {
        this.#nextLowest = this.#lowest;
        this.#lowest = total;
        this.#lowestDomains = 1;
      } else if (total === this.#lowest) this.#lowestDomains += 1;
      else if (total < this.#nextLowest) this.#nextLowest = total;
    }
  }
}
