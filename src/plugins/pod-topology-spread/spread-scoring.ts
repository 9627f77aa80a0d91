import type { DomainCounts } from '../../cluster/domain-counts.js';
import { absent } from '../../cluster/label-column.js';
import type { NodeTable, Rows } from '../../cluster/node-table.js';
import type { PodCounts } from '../../cluster/pod-counts.js';
import type { SlotCounts } from '../../cluster/slot-counts.js';
import { naturalLog } from './natural-log.js';
import { hostnameKey, type SpreadConstraint } from './spread-constraint.js';

/* Looked up once: the loops below run for every node. */
const { floor, round } = Math;

const highestScore = 100;

interface WeighedBase {
  readonly topologyKey: string;
  /** Of one pod in the node's domain. */
  readonly weight: number;
  /** Added for each node that has the key: `maxSkew` − 1. */
  readonly allowance: number;
}

/** A soft constraint in one cycle whose domains are hosts: pods are counted on the node itself, whatever node it is. */
interface WeighedHosts extends WeighedBase {
  readonly kind: 'host';
  readonly counts: SlotCounts;
}

/** A soft constraint in one cycle with domains of many nodes. */
interface WeighedDomains extends WeighedBase {
  readonly kind: 'domain';
  readonly counts: DomainCounts;
  /** Pods on nodes without the label: they belong to the domain of nodes that have it with an empty value. */
  readonly unlabelled: number;
}

/** Both by place in the rows. */
interface Additions {
  readonly scores: Float64Array;
  /** Becomes 1 for a node that lacks the key. */
  readonly lacking: Uint8Array;
}

export interface SoftSpread {
  readonly constraints: readonly SpreadConstraint[];
  readonly podCounts: PodCounts;
  /** Nodes without some topology key are ignored: they get 0 points and make no domain. */
  readonly requireAllKeys: boolean;
}

/**
 * Scores of one cycle: for each soft constraint the pods in the node's domain, weighed by the logarithm of the number of domains,
 * so that one pod more on a host counts for more than one more in a zone. Fewer is better.
 */
export class SpreadScoring {
  readonly #requireAllKeys: boolean;
  /** Some node may lack a key of a constraint; mostly none does, and nobody has to look for it. */
  readonly #mayLackKeys: boolean;
  readonly #weighed: readonly (WeighedHosts | WeighedDomains)[];
  /** By place in the rows scored last: 1 for a node that is ignored. */
  #ignored: Uint8Array;
  /** Of the nodes scored last, ignored ones left out, before rounding. */
  #lowest = 0;
  #highest = 0;

  /** `rows` are all nodes that fit, or some of them that show every domain: these are the domains that count. */
  constructor(nodes: NodeTable, rows: Rows, { constraints, podCounts, requireAllKeys }: SoftSpread) {
    this.#requireAllKeys = requireAllKeys;
    this.#ignored = new Uint8Array(rows.length);
    const ignored = this.#ignored;
    this.#mayLackKeys = !constraints.every(({ topologyKey }) => nodes.everyNodeHas(topologyKey));
    const looksForKeys = requireAllKeys && this.#mayLackKeys;
    const { length, represented = length } = rows;
    const nodeCount = represented - (looksForKeys ? markLacking(nodes, rows, constraints, ignored) : 0);
    this.#weighed = constraints.map((constraint) => {
      const { topologyKey, maxSkew, counted, inclusion } = constraint;
      const base = { topologyKey, allowance: maxSkew - 1 };
      if (topologyKey === hostnameKey) {
        return { kind: 'host', ...base, counts: podCounts.bySlot(counted), weight: weightOf(nodeCount) };
      }
      return {
        kind: 'domain',
        ...base,
        counts: podCounts.byDomain(counted, topologyKey, inclusion),
        weight: weightOf(countDomains(nodes, rows, topologyKey, ignored)),
        unlabelled: requireAllKeys ? 0 : countUnlabelled(nodes, constraint, podCounts.bySlot(counted)),
      };
    });
  }

  /** Rounded, as kube-scheduler has them; 0 for ignored nodes. */
  score(nodes: NodeTable, rows: Rows, scores: Float64Array): void {
    this.#weigh(nodes, rows, scores);
    const ignored = this.#ignored;
    let lowest = Number.POSITIVE_INFINITY;
    let highest = 0;
    const { length } = rows;
    for (let i = 0; i < length; i++) {
      if (ignored[i] === 1) {
        scores[i] = 0;
        continue;
      }
      const score = scores[i]!;
      if (score < lowest) lowest = score;
      if (score > highest) highest = score;
      scores[i] = round(score);
    }
    this.#lowest = lowest;
    this.#highest = highest;
  }

  /** Brings the scores of all rows, as `score` gave them, into 0 to 100, where more is better. */
  normalize(scores: Float64Array, length: number): void {
    const ignored = this.#ignored;
    let lowest = Number.POSITIVE_INFINITY;
    let highest = 0;
    for (let i = 0; i < length; i++) {
      if (ignored[i] === 1) continue;
      const score = scores[i]!;
      if (score < lowest) lowest = score;
      if (score > highest) highest = score;
    }
    if (highest === 0) {
      for (let i = 0; i < length; i++) scores[i] = ignored[i] === 1 ? 0 : highestScore;
      return;
    }
    const span = highest - lowest;
    if (span < length / 4) {
      this.#lookUp(scores, length, { lowest, highest });
      return;
    }
    for (let i = 0; i < length; i++)
      scores[i] = ignored[i] === 1 ? 0 : floor((highestScore * (highest + lowest - scores[i]!)) / highest);
  }

  /** Few different scores, which are whole numbers: each is divided once. */
  #lookUp(
    scores: Float64Array,
    length: number,
    { lowest, highest }: { readonly lowest: number; readonly highest: number },
  ): void {
    const ignored = this.#ignored;
    const normalized = new Float64Array(highest - lowest + 1);
    for (let above = 0; above < normalized.length; above++)
      normalized[above] = floor((highestScore * (highest - above)) / highest);
    for (let i = 0; i < length; i++) scores[i] = ignored[i] === 1 ? 0 : normalized[scores[i]! - lowest]!;
  }

  /** What `normalize` would give if nothing were rounded on the way; the range is that of the rows scored last. */
  exact(nodes: NodeTable, rows: Rows, scores: Float64Array): void {
    this.#weigh(nodes, rows, scores);
    const ignored = this.#ignored;
    const lowest = this.#lowest;
    const highest = this.#highest;
    for (let i = 0; i < rows.length; i++) {
      if (ignored[i] === 1) scores[i] = 0;
      else if (highest === 0) scores[i] = highestScore;
      else scores[i] = (highestScore * (highest + lowest - scores[i]!)) / highest;
    }
  }

  #weigh(nodes: NodeTable, rows: Rows, scores: Float64Array): void {
    if (this.#ignored.length < rows.length) this.#ignored = new Uint8Array(rows.length);
    const ignored = this.#ignored;
    ignored.fill(0, 0, rows.length);
    for (const weighed of this.#weighed) {
      if (weighed.kind === 'host') addOfHosts(weighed, nodes, rows, { scores, lacking: ignored });
      else addOfDomains(weighed, nodes, rows, { scores, lacking: ignored });
    }
    if (!this.#requireAllKeys && this.#mayLackKeys) ignored.fill(0, 0, rows.length);
  }
}

function addOfHosts(
  { topologyKey, weight, allowance, counts: slotCounts }: WeighedHosts,
  nodes: NodeTable,
  { slots, length }: Rows,
  { scores, lacking }: Additions,
): void {
  const { ids } = nodes.labelColumn(topologyKey);
  const { counts } = slotCounts;
  for (let i = 0; i < length; i++) {
    const slot = slots[i]!;
    if (ids[slot] === absent) lacking[i] = 1;
    else scores[i]! += (slot < counts.length ? counts[slot]! : 0) * weight + allowance;
  }
}

function addOfDomains(
  { topologyKey, weight, allowance, counts, unlabelled }: WeighedDomains,
  nodes: NodeTable,
  { slots, length }: Rows,
  { scores, lacking }: Additions,
): void {
  const column = nodes.labelColumn(topologyKey);
  const { ids } = column;
  const { totals } = counts;
  const unlabelledId = column.idOf('');
  const additions = new Float64Array(totals.length);
  for (let id = 0; id < totals.length; id++)
    additions[id] = (totals[id]! + (id === unlabelledId ? unlabelled : 0)) * weight + allowance;
  for (let i = 0; i < length; i++) {
    const id = ids[slots[i]!]!;
    if (id === absent) lacking[i] = 1;
    else scores[i]! += additions[id]!;
  }
}

function weightOf(domains: number): number {
  return naturalLog(domains + 2);
}

/** Marks the rows that lack the key of some constraint; returns how many there are. `lacking` comes in filled with 0. */
function markLacking(
  nodes: NodeTable,
  { slots, length }: Rows,
  constraints: readonly SpreadConstraint[],
  lacking: Uint8Array,
): number {
  let count = 0;
  for (const { topologyKey } of constraints) {
    const { ids } = nodes.labelColumn(topologyKey);
    for (let i = 0; i < length; i++) {
      if (ids[slots[i]!] !== absent || lacking[i] === 1) continue;
      lacking[i] = 1;
      count += 1;
    }
  }
  return count;
}

/** Distinct values that nodes have for a key; no value is the same as an empty one. */
function countDomains(
  nodes: NodeTable,
  { slots, length }: Rows,
  topologyKey: string,
  ignored: Uint8Array,
): number {
  const column = nodes.labelColumn(topologyKey);
  const { ids } = column;
  const seen = new Uint8Array(column.valueCount);
  const isEverywhere = nodes.everyNodeHas(topologyKey);
  let count = 0;
  let unlabelled = false;
  for (let i = 0; i < length; i++) {
    if (ignored[i] === 1) continue;
    const id = ids[slots[i]!]!;
    if (id === absent) unlabelled = true;
    else if (seen[id] === 0) {
      seen[id] = 1;
      count += 1;
      // All that there are: the first rows mostly show it.
      if (isEverywhere && count === column.valueCount) return count;
    }
  }
  const empty = column.idOf('');
  return unlabelled && (empty < 0 || seen[empty] === 0) ? count + 1 : count;
}

/** Pods on nodes without the key, of those whose pods count; 0 where no node could share their domain. */
function countUnlabelled(
  nodes: NodeTable,
  { topologyKey, inclusion }: SpreadConstraint,
  counts: SlotCounts,
): number {
  const column = nodes.labelColumn(topologyKey);
  if (column.idOf('') < 0) return 0;
  const rows = nodes.rows();
  const marks = new Uint8Array(rows.length).fill(1);
  inclusion?.mark(nodes, rows, marks);
  let sum = 0;
  for (let i = 0; i < rows.length; i++) {
    const slot = rows.slots[i]!;
    if (marks[i] === 1 && column.ids[slot] === absent) sum += counts.at(slot);
  }
  return sum;
}
