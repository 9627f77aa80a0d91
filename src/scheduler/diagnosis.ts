import type { Cycle } from '../framework/cycle.js';
import type { Rejections, RowFilterPlugin } from '../framework/plugin.js';
import type { Profile } from '../framework/profile.js';
import type { Status } from '../framework/status.js';

const nobody = -1;

/** Refusals that were found earlier and still hold. */
export interface UntoldRefusals {
  readonly refusedCount: number;
  tell(refusals: Pick<Diagnosis, 'reject'>): void;
}

/** How many nodes one plugin refused for one and the same cause. */
export interface Tally {
  readonly plugin: string;
  readonly status: Status;
  readonly count: number;
}

/**
 * Why nodes were refused, as data: by slot the plugin and its verdict. Messages, metrics, events and explanations are views of
 * it. One object serves all evaluations, one after the other: what it says holds until the next one begins.
 */
export class Diagnosis implements Rejections {
  nodeCount = 0;
  /** Nodes with a refusal of their own. */
  explicitCount = 0;
  /** What holds for every node that has no refusal of its own: the pod as a whole was refused, or the node was never asked. */
  absentStatus: Status | undefined;
  /** Set when a PreFilter plugin refused the pod. */
  preFilterMessage: string | undefined;
  /** Plugins that left only some nodes to be judged. */
  narrowedBy: readonly string[] = [];
  /** Plugins that refused the pod as a whole. */
  preFilterRejectors: readonly string[] = [];

  #filters: readonly RowFilterPlugin[] = [];
  #cycle: Cycle | undefined;
  #pluginOf = new Int16Array(0);
  #verdictOf = new Int32Array(0);
  /** By plugin, then by verdict: many nodes share a status. */
  #statuses: Map<number, Status>[] = [];
  #tallies: Tally[] | undefined;
  /** What is not yet written down by slot: nobody may ask. */
  #untold: UntoldRefusals | undefined;
  #isSettled = false;

  /** Forgets the previous evaluation. */
  begin(cycle: Cycle, profile: Profile): void {
    this.nodeCount = cycle.nodes.nodeCount;
    this.explicitCount = 0;
    this.absentStatus = undefined;
    this.preFilterMessage = undefined;
    this.narrowedBy = [];
    this.preFilterRejectors = [];
    this.#filters = profile.filter;
    this.#cycle = cycle;
    this.#tallies = undefined;
    this.#statuses = [];
    this.#untold = undefined;
    this.#isSettled = false;
  }

  /** Takes over refusals of all nodes, in place of those noted so far. What they are is read when somebody asks. */
  adopt(refusals: UntoldRefusals): void {
    this.explicitCount = refusals.refusedCount;
    this.#untold = refusals;
    this.#isSettled = false;
  }

  /** Puts the lists by slot in order before they are read or written. */
  #settle(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    const { capacity } = this.#cycle!.nodes;
    if (this.#pluginOf.length < capacity) {
      this.#pluginOf = new Int16Array(capacity);
      this.#verdictOf = new Int32Array(capacity);
    }
    this.#pluginOf.fill(nobody);
    const untold = this.#untold;
    this.#untold = undefined;
    if (untold === undefined) return;
    this.explicitCount = 0;
    untold.tell(this);
  }

  /** `plugin` is the plugin's place among the profile's filters. */
  reject(slot: number, plugin: number, verdict: number): void {
    this.#settle();
    if (this.#pluginOf[slot] === nobody) this.explicitCount += 1;
    this.#pluginOf[slot] = plugin;
    this.#verdictOf[slot] = verdict;
  }

  /** Takes a refusal back: the node counts as not looked at. */
  retract(slot: number): void {
    this.#settle();
    if (this.#pluginOf[slot] !== nobody) this.explicitCount -= 1;
    this.#pluginOf[slot] = nobody;
  }

  statusOf(slot: number): Status | undefined {
    this.#settle();
    const plugin = this.#pluginOf[slot] ?? nobody;
    return plugin === nobody ? this.absentStatus : this.#status(plugin, this.#verdictOf[slot]!);
  }

  /** True when the node was refused by a filter, not by what holds for all. */
  isExplicit(slot: number): boolean {
    this.#settle();
    return (this.#pluginOf[slot] ?? nobody) !== nobody;
  }

  /** Refusals by filters, equal ones counted together. */
  get tallies(): readonly Tally[] {
    this.#tallies ??= this.#count();
    return this.#tallies;
  }

  /** Reason to number of nodes; a node with two reasons counts in both. */
  reasonCounts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    const add = (status: Status, nodes: number): void => {
      for (const reason of status.reasons) counts.set(reason, (counts.get(reason) ?? 0) + nodes);
    };
    for (const { status, count } of this.tallies) add(status, count);
    const absent = this.nodeCount - this.explicitCount;
    if (this.absentStatus !== undefined && absent > 0) add(this.absentStatus, absent);
    return counts;
  }

  /** Plugins whose word kept the pod from being placed: events that can change their mind bring it back. */
  rejectors(): ReadonlySet<string> {
    const names = new Set([...this.narrowedBy, ...this.preFilterRejectors]);
    for (const { plugin } of this.tallies) names.add(plugin);
    return names;
  }

  /** Rejectors that answered `Pending`. */
  pendingPlugins(): ReadonlySet<string> {
    return new Set(this.tallies.flatMap(({ plugin, status }) => (status.code === 'Pending' ? [plugin] : [])));
  }

  #status(plugin: number, verdict: number): Status {
    this.#statuses[plugin] ??= new Map();
    const known = this.#statuses[plugin].get(verdict);
    if (known !== undefined) return known;
    const filter = this.#filters[plugin]!;
    const status = { ...filter.verdictStatus(this.#cycle!, verdict), plugin: filter.name };
    this.#statuses[plugin].set(verdict, status);
    return status;
  }

  #count(): Tally[] {
    this.#settle();
    const byCause = new Map<number, number>();
    const { slots, length } = this.#cycle!.nodes.rows();
    for (let i = 0; i < length; i++) {
      const slot = slots[i]!;
      const plugin = this.#pluginOf[slot]!;
      if (plugin === nobody) continue;
      const cause = plugin * 2 ** 32 + (this.#verdictOf[slot]! >>> 0);
      byCause.set(cause, (byCause.get(cause) ?? 0) + 1);
    }
    return [...byCause].map(([cause, count]) => {
      const status = this.#status(Math.floor(cause / 2 ** 32), (cause % 2 ** 32) | 0);
      return { plugin: status.plugin!, status, count };
    });
  }
}
