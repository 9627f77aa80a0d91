import type { Pod } from '../cluster/pod.js';
import type { HypotheticalNode, HypotheticalNodes } from '../framework/plugin.js';
import type { Status } from '../framework/status.js';
import type { BorrowedRow } from './borrowed-row.js';
import type { FilterPass } from './filter-pass.js';

/** Lets PostFilter plugins of one cycle try out what its pod would meet if other pods came or went. */
export class HypotheticalRows implements HypotheticalNodes {
  readonly #pass: FilterPass;

  constructor(pass: FilterPass) {
    this.#pass = pass;
  }

  get byRowAlone(): boolean {
    return this.#pass.judgesByRowAlone;
  }

  try<T>(slot: number, experiment: (node: HypotheticalNode) => T): T {
    return this.#pass.onBorrowedRow(slot, (row) => experiment(new HypotheticalRow(this.#pass, row)));
  }
}

class HypotheticalRow implements HypotheticalNode {
  readonly slot: number;
  readonly #pass: FilterPass;
  readonly #row: BorrowedRow;

  constructor(pass: FilterPass, row: BorrowedRow) {
    this.#pass = pass;
    this.#row = row;
    this.slot = row.slot;
  }

  remove(pod: Pod): void {
    this.#row.remove(pod);
  }

  add(pod: Pod): void {
    this.#row.add(pod);
  }

  refusal(): Status | undefined {
    return this.#pass.refusalOf(this.#row);
  }
}
