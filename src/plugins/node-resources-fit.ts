import { Action } from '../cluster/action.js';
import type { Node } from '../cluster/node.js';
import type { NodeTable, Rows } from '../cluster/node-table.js';
import type { Pod, PodSpec } from '../cluster/pod.js';
import type { Requests } from '../cluster/requests.js';
import { isExtended } from '../cluster/resource-names.js';
import type { NodeResourcesFitArgs } from '../config/plugin-args.js';
import type { Hint } from '../framework/cluster-event.js';
import type { Cycle } from '../framework/cycle.js';
import type {
  PreFilterPlugin,
  PreScorePlugin,
  RowFilterPlugin,
  RowScorePlugin,
} from '../framework/plugin.js';
import type { Status } from '../framework/status.js';
import { checkFitArgs, defaultFitArgs, strategyOf } from './node-resources-fit-args.js';
import { resourceColumns, type WeightedResource } from './resource-columns.js';
import { type ResourceStrategy, scoreByStrategy } from './resource-strategies.js';

export const nodeResourcesFit = 'NodeResourcesFit';

/* A verdict is a set of bits, one for each thing a node lacks; scalars have the bits from `firstScalar` on, in the pod's order. */
const tooManyPods = 1;
const noCpu = 2;
const noMemory = 4;
const noEphemeral = 8;
const firstScalar = 4;
/** Taking pods away would not be enough. */
const hopeless = 1 << 30;
const scalarBits = 26;

/** What the filter compares: the scalars that are asked for and not ignored. */
interface Wanted {
  readonly scalars: readonly (readonly [name: string, amount: number])[];
}

/** Refuses nodes that lack a resource the pod asks for, and scores the others by how full they would be. */
export class NodeResourcesFit implements PreFilterPlugin, RowFilterPlugin, PreScorePlugin, RowScorePlugin {
  readonly name = nodeResourcesFit;
  readonly events = [
    { resource: 'AssignedPod' as const, action: Action.Delete, hint: podDeletedHint, perTemplate: true },
    { resource: 'TargetPod' as const, action: Action.UpdatePodScaleDown },
    {
      resource: 'AssignedPod' as const,
      action: Action.UpdatePodScaleDown,
      hint: podShrunkHint,
      perTemplate: true,
    },
    {
      resource: 'Node' as const,
      action: Action.Add | Action.UpdateNodeAllocatable,
      hint: nodeHint,
      perTemplate: true,
    },
  ];
  readonly #ignored: ReadonlySet<string>;
  readonly #ignoredGroups: ReadonlySet<string>;
  readonly #strategy: ResourceStrategy;
  readonly #resources: readonly WeightedResource[];
  readonly #wanted = new WeakMap<PodSpec, Wanted>();

  /** Throws on arguments that kube-scheduler would refuse. */
  constructor(args: NodeResourcesFitArgs = defaultFitArgs) {
    checkFitArgs(args);
    this.#ignored = new Set(args.ignoredResources);
    this.#ignoredGroups = new Set(args.ignoredResourceGroups);
    this.#strategy = strategyOf(args);
    this.#resources = args.scoringStrategy.resources;
  }

  preFilter(): { readonly kind: 'proceed' } {
    return { kind: 'proceed' };
  }

  filterRows(
    { nodes }: Cycle,
    { spec }: Pod,
    rows: Rows,
    verdicts: Int32Array,
  ): ReturnType<RowFilterPlugin['filterRows']> {
    const { ephemeralStorage } = spec.requests;
    const { scalars } = this.#wantedOf(spec);
    const allFit = judgeBasics(nodes, spec.requests, rows, verdicts);
    if (ephemeralStorage <= 0 && scalars.length === 0) return allFit ? 'none' : undefined;
    if (ephemeralStorage > 0) {
      judge(
        nodes.allocatableEphemeral,
        nodes.requestedEphemeral,
        ephemeralStorage,
        rows,
        verdicts,
        noEphemeral,
      );
    }
    this.#judgeScalars(nodes, scalars, rows, verdicts);
    return undefined;
  }

  verdictStatus({ pod }: Cycle, verdict: number): Status {
    const reasons: string[] = [];
    if (verdict & tooManyPods) reasons.push('Too many pods');
    if (verdict & noCpu) reasons.push('Insufficient cpu');
    if (verdict & noMemory) reasons.push('Insufficient memory');
    if (verdict & noEphemeral) reasons.push('Insufficient ephemeral-storage');
    for (const [index, [name]] of this.#wantedOf(pod.spec).scalars.entries()) {
      if (verdict & scalarBit(index)) reasons.push(`Insufficient ${name}`);
    }
    return { code: verdict & hopeless ? 'UnschedulableAndUnresolvable' : 'Unschedulable', reasons };
  }

  judgesByRow(): boolean {
    return true;
  }

  preScore(): undefined {
    return undefined;
  }

  scoreRows({ nodes }: Cycle, { spec }: Pod, rows: Rows, scores: Float64Array): undefined {
    this.#score(nodes, spec, rows, scores, false);
  }

  exactScoreRows({ nodes }: Cycle, { spec }: Pod, rows: Rows, scores: Float64Array): void {
    this.#score(nodes, spec, rows, scores, true);
  }

  #score(nodes: NodeTable, spec: PodSpec, rows: Rows, scores: Float64Array, exact: boolean): void {
    const columns = resourceColumns(nodes, this.#resources, spec.scoringRequests, { nonZero: true });
    scoreByStrategy(this.#strategy, columns, rows, scores, { exact });
  }

  #judgeScalars(nodes: NodeTable, scalars: Wanted['scalars'], rows: Rows, verdicts: Int32Array): void {
    for (const [index, [name, amount]] of scalars.entries()) {
      const allocatable = nodes.scalarAllocatable(name);
      const requested = nodes.scalarRequested(name);
      const bit = scalarBit(index);
      if (allocatable !== undefined && requested !== undefined) {
        judge(allocatable, requested, amount, rows, verdicts, bit);
      } else {
        // No node ever offered it.
        for (let i = 0; i < rows.length; i++) verdicts[i]! |= bit | hopeless;
      }
    }
  }

  #wantedOf(spec: PodSpec): Wanted {
    let wanted = this.#wanted.get(spec);
    if (wanted === undefined) {
      wanted = {
        scalars: [...spec.requests.scalars].filter(([name, amount]) => amount > 0 && !this.#ignores(name)),
      };
      this.#wanted.set(spec, wanted);
    }
    return wanted;
  }

  #ignores(name: string): boolean {
    if (!isExtended(name)) return false;
    return this.#ignored.has(name) || this.#ignoredGroups.has(name.slice(0, name.indexOf('/')));
  }
}

/**
 * What every pod takes, in one pass over all nodes: most lack nothing and are through after three comparisons. True when all of them
 * do. What the pod does not ask for is not compared: a node may be overcommitted.
 */
function judgeBasics(
  nodes: NodeTable,
  { cpu, memory }: Requests,
  { slots, length }: Rows,
  verdicts: Int32Array,
): boolean {
  const { podCount, allowedPods, allocatableCpu, requestedCpu, allocatableMemory, requestedMemory } = nodes;
  const leastCpu = cpu > 0 ? cpu : Number.NEGATIVE_INFINITY;
  const leastMemory = memory > 0 ? memory : Number.NEGATIVE_INFINITY;
  let allFit = true;
  for (let i = 0; i < length; i++) {
    const slot = slots[i]!;
    const isFull = podCount[slot]! + 1 > allowedPods[slot]!;
    const lacksCpu = leastCpu > allocatableCpu[slot]! - requestedCpu[slot]!;
    const lacksMemory = leastMemory > allocatableMemory[slot]! - requestedMemory[slot]!;
    if (!isFull && !lacksCpu && !lacksMemory) continue;
    allFit = false;
    let verdict = isFull ? tooManyPods : 0;
    if (lacksCpu) verdict |= cpu > allocatableCpu[slot]! ? noCpu | hopeless : noCpu;
    if (lacksMemory) verdict |= memory > allocatableMemory[slot]! ? noMemory | hopeless : noMemory;
    verdicts[i] = verdict;
  }
  return allFit;
}

function judge(
  allocatable: Float64Array,
  requested: Float64Array,
  amount: number,
  { slots, length }: Rows,
  verdicts: Int32Array,
  bit: number,
): void {
  for (let i = 0; i < length; i++) {
    const slot = slots[i]!;
    const offered = allocatable[slot]!;
    if (amount > offered - requested[slot]!) verdicts[i]! |= amount > offered ? bit | hopeless : bit;
  }
}

/** Beyond all reason, scalars share the last bit: the verdict stays right, and names them all. */
function scalarBit(index: number): number {
  return 1 << (firstScalar + Math.min(index, scalarBits - 1));
}

function podDeletedHint(_pod: Pod, deleted: Pod | undefined): Hint {
  return deleted === undefined || deleted.nodeName !== '' || deleted.nominatedNodeName !== ''
    ? 'Queue'
    : 'Skip';
}

/** A resize of another pod helps when it frees something that the pod asks for. */
function podShrunkHint({ spec }: Pod, old: Pod | undefined, now: Pod | undefined): Hint {
  if (old === undefined || now === undefined) return 'Queue';
  const { requests } = spec;
  const before = old.accounted;
  const after = now.accounted;
  if (requests.cpu > 0 && after.cpu < before.cpu) return 'Queue';
  if (requests.memory > 0 && after.memory < before.memory) return 'Queue';
  if (requests.ephemeralStorage > 0 && after.ephemeralStorage < before.ephemeralStorage) return 'Queue';
  for (const [name, amount] of requests.scalars) {
    if (amount > 0 && (after.scalars.get(name) ?? 0) < (before.scalars.get(name) ?? 0)) return 'Queue';
  }
  return 'Skip';
}

/** A node helps when the pod would fit on it empty, and it is new or offers more of something that the pod asks for. */
function nodeHint({ spec }: Pod, old: Node | undefined, now: Node | undefined): Hint {
  if (now === undefined) return 'Skip';
  const { requests } = spec;
  const offer = now.allocatable;
  if (now.allowedPods < 1) return 'Skip';
  if (requests.cpu > offer.cpu || requests.memory > offer.memory) return 'Skip';
  if (requests.ephemeralStorage > offer.ephemeralStorage) return 'Skip';
  for (const [name, amount] of requests.scalars) if (amount > (offer.scalars.get(name) ?? 0)) return 'Skip';
  return old === undefined || offersMore(spec, old, now) ? 'Queue' : 'Skip';
}

function offersMore({ requests }: PodSpec, old: Node, now: Node): boolean {
  if (now.allowedPods > old.allowedPods) return true;
  const before = old.allocatable;
  const after = now.allocatable;
  if (requests.cpu > 0 && after.cpu > before.cpu) return true;
  if (requests.memory > 0 && after.memory > before.memory) return true;
  if (requests.ephemeralStorage > 0 && after.ephemeralStorage > before.ephemeralStorage) return true;
  for (const [name, amount] of requests.scalars) {
    if (amount > 0 && (after.scalars.get(name) ?? 0) > (before.scalars.get(name) ?? 0)) return true;
  }
  return false;
}
