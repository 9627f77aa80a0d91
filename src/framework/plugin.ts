import type { NodeTable, Rows } from '../cluster/node-table.js';
import type { Pod } from '../cluster/pod.js';
import type { EventRegistration } from './cluster-event.js';
import type { Cycle } from './cycle.js';
import type { NodeView } from './node-view.js';
import type { Status } from './status.js';

/*
 * What a plugin is. A plugin implements the extension points that it needs; points of kube-scheduler keep their names. Filter and
 * Score have two forms, of which a plugin has one: the simple form judges one node, the vector form judges rows of columns.
 * Wherever a Status is returned, `undefined` is success.
 */

export interface Plugin {
  readonly name: string;
  /** Events that can cure a rejection by this plugin. Absent: every event may. Empty: none does. */
  readonly events?: readonly EventRegistration<never, never>[];
}

/** A pod in the queue, as far as ordering goes. */
export interface QueuedPod {
  readonly pod: Pod;
  /** When it was last put into the queue, milliseconds. */
  readonly timestamp: number;
}

/** May this pod enter the active queue at all? A refusal gates it. */
export interface PreEnqueuePlugin extends Plugin {
  preEnqueue(pod: Pod): Status | undefined;
}

/** Exactly one per process: which pod is tried first. */
export interface QueueSortPlugin extends Plugin {
  less(a: QueuedPod, b: QueuedPod): boolean;
}

export type PreFilterResult =
  | {
      readonly kind: 'proceed' /** Only these nodes are worth judging; names may not exist. */;
      readonly nodeNames?: ReadonlySet<string>;
    }
  /** The pod does not concern the plugin: its Filter is not called in this cycle. */
  | { readonly kind: 'skip' }
  | { readonly kind: 'rejected'; readonly status: Status };

/** Once per cycle, before any node is judged: prepare, narrow, or refuse the pod as a whole. */
export interface PreFilterPlugin extends Plugin {
  preFilter(cycle: Cycle, pod: Pod, nodes: NodeTable): PreFilterResult;
  /** A hypothetical row got a pod: bring what PreFilter noted up to date. */
  addPod?(cycle: Cycle, added: Pod, slot: number): void;
  /** A hypothetical row lost a pod. */
  removePod?(cycle: Cycle, removed: Pod, slot: number): void;
}

/**
 * What a plugin's Filter and Score say of a row may be kept for all pods with the same spec and the same `accounted`, until the row
 * changes, if it follows from these and the row's own columns, pods and ports: plugins of which that is true say so.
 */
export interface JudgesByRow {
  /** For the pods of a spec. Absent: never. */
  judgesByRow?(pod: Pod): boolean;
}

/** Something that nodes have in common or not, as a number. */
export interface RowTrait {
  /** Once read, a number holds until the row changes, as long as all of these stay the same, by `===`. */
  readonly basis: readonly unknown[];
  at(slot: number): number;
}

/**
 * What a plugin's Filter and Score say in a cycle may be the same for many nodes: for those of a zone, or those that have as many pods
 * of a kind. Then one of them is asked, and it speaks for all that are like it.
 */
export interface JudgesByTrait {
  /**
   * Rows that agree in all of these traits get the same verdict and the same score in this cycle. Asked after PreFilter and before
   * PreScore. `undefined`, or no such method: each row has to be judged. A plugin that neither filters nor scores in the cycle needs none.
   */
  traits?(cycle: Cycle, pod: Pod): readonly RowTrait[] | undefined;
}

/** Simple form: judges one node. */
export interface NodeFilterPlugin extends Plugin {
  filter(cycle: Cycle, pod: Pod, node: NodeView): Status | undefined;
}

/** Vector form: judges rows. */
export interface RowFilterPlugin extends Plugin, JudgesByRow, JudgesByTrait {
  /**
   * Writes one verdict for each row: `verdicts[i]` is about `rows.slots[i]`; 0 lets the node pass, any other number is this
   * plugin's own and is explained by `verdictStatus`. The array comes in filled with 0. `'none'`: no row was refused, and nobody
   * has to look for one.
   */
  filterRows(cycle: Cycle, pod: Pod, rows: Rows, verdicts: Int32Array): 'none' | undefined;
  /** What a verdict means: the same number always means the same within one cycle. */
  verdictStatus(cycle: Cycle, verdict: number): Status;
}

export interface PreScorePlugin extends Plugin, JudgesByRow, JudgesByTrait {
  /**
   * `'skip'`: the plugin contributes nothing to any node in this cycle. `rows` are those that fit or, where all plugins judge by row or by
   * trait, some that stand for the rest (`Rows.represented`).
   */
  preScore(cycle: Cycle, pod: Pod, rows: Rows): 'skip' | Status | undefined;
}

/** Simple form: an integer for one node; 0 to 100, or anything if the plugin normalises. */
export interface NodeScorePlugin extends Plugin {
  score(cycle: Cycle, pod: Pod, node: NodeView): number;
}

/** Vector form: `scores[i]` is about `rows.slots[i]`; integers. The array comes in filled with 0. */
export interface RowScorePlugin extends Plugin, JudgesByRow, JudgesByTrait {
  /**
   * `'constant'`: all rows have the score of the first, also the exact one, and normalising it alone gives what normalising all of
   * them would.
   */
  scoreRows(cycle: Cycle, pod: Pod, rows: Rows, scores: Float64Array): 'constant' | undefined;
  /** The same scores before they were truncated to integers: decides between nodes whose totals are equal. */
  exactScoreRows?(cycle: Cycle, pod: Pod, rows: Rows, scores: Float64Array): void;
  /** What scores depend on beside the row and the pod, for a plugin that judges by row: kept scores hold while this text stays. */
  scoreBasis?(cycle: Cycle, pod: Pod): string;
}

/** Brings raw scores of all feasible nodes into 0 to 100, in place. */
export interface NormalizePlugin extends Plugin {
  normalizeScores(cycle: Cycle, pod: Pod, scores: Float64Array, length: number): void;
  /** Present where that is kube-scheduler's default normalisation: the highest score becomes 100, or with `reverse` 0. */
  readonly byHighest?: { readonly reverse: boolean };
}

export interface ReservePlugin extends Plugin {
  reserve(cycle: Cycle, pod: Pod, nodeName: string): Status | undefined;
  /** Takes a reservation back; must bear being called without one. */
  unreserve(cycle: Cycle, pod: Pod, nodeName: string): void;
}

export type PermitResult = Status | { readonly code: 'WaitUpTo'; readonly milliseconds: number } | undefined;

export interface PermitPlugin extends Plugin {
  permit(cycle: Cycle, pod: Pod, nodeName: string): PermitResult;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface BindOptions extends CallOptions {
  /** When the node was chosen, in monotonic milliseconds of the scheduler's clock; waiting for Permit and PreBind came after it. */
  readonly decidedAt?: number;
}

export interface PreBindPlugin extends Plugin {
  /** `'skip'`: nothing to do for this pod, PreBind is not called. */
  preBindPreFlight?(cycle: Cycle, pod: Pod, nodeName: string): 'skip' | Status | undefined;
  preBind(cycle: Cycle, pod: Pod, nodeName: string, options?: CallOptions): Promise<Status | undefined>;
}

export interface BindPlugin extends Plugin {
  /** A `Skip` status leaves the pod to the next binder. */
  bind(cycle: Cycle, pod: Pod, nodeName: string, options?: BindOptions): Promise<Status | undefined>;
}

export interface PostBindPlugin extends Plugin {
  postBind(cycle: Cycle, pod: Pod, nodeName: string): void;
}

/** What PostFilter plugins are told about a pod that fits nowhere. */
export interface Rejections {
  /** Nodes in the cluster. */
  readonly nodeCount: number;
  /** Why one node was refused. */
  statusOf(slot: number): Status | undefined;
}

export type PostFilterResult =
  | { readonly kind: 'nominated'; readonly nodeName: string; readonly message: string }
  | {
      readonly kind: 'rejected';
      readonly status: Status;
      /** Drop a nomination that the pod has. */
      readonly clearNomination: boolean;
      /** Plugins whose word stood in the way of help: events that can change their mind bring the pod back as well. */
      readonly rejectors?: ReadonlySet<string>;
    };

/** A node as it would be with other pods on it: a row of its own, seen by nobody else. */
export interface HypotheticalNode {
  /** A borrowed row: columns and `podsAt` show the node as changed so far. */
  readonly slot: number;
  /** Takes a pod away, with what PreFilter plugins noted of it. */
  remove(pod: Pod): void;
  /** Puts a pod on the node, or back on it. */
  add(pod: Pod): void;
  /** All filters of the cycle, with and without the pods that the node is promised to. Success is `undefined`. Throws on a plugin's fault. */
  refusal(): Status | undefined;
}

/** Lets a PostFilter plugin try out what the pod at hand would meet if nodes were different. */
export interface HypotheticalNodes {
  /** True when what filters say of a row, as it is or changed, follows from the row alone: nothing elsewhere and no promise has a say. */
  readonly byRowAlone: boolean;
  /** Whatever was changed is taken back when `experiment` returns or throws. */
  try<T>(slot: number, experiment: (node: HypotheticalNode) => T): T;
}

export interface PostFilterPlugin extends Plugin {
  postFilter(
    cycle: Cycle,
    pod: Pod,
    rejections: Rejections,
    hypothetical: HypotheticalNodes,
  ): PostFilterResult;
}

/** How each extension point is recognised, and the order in which kube-scheduler's configuration names them. */
export const extensionPoints = [
  'preEnqueue',
  'queueSort',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
] as const;

export type ExtensionPoint = (typeof extensionPoints)[number];

const methodsOf: Readonly<Record<ExtensionPoint, readonly string[]>> = {
  preEnqueue: ['preEnqueue'],
  queueSort: ['less'],
  preFilter: ['preFilter'],
  filter: ['filter', 'filterRows'],
  postFilter: ['postFilter'],
  preScore: ['preScore'],
  score: ['score', 'scoreRows'],
  reserve: ['reserve'],
  permit: ['permit'],
  preBind: ['preBind'],
  bind: ['bind'],
  postBind: ['postBind'],
};

/** True when the plugin takes part in an extension point. */
export function implementsPoint(plugin: Plugin, point: ExtensionPoint): boolean {
  const methods = plugin as unknown as Readonly<Record<string, unknown>>;
  return methodsOf[point].some((method) => typeof methods[method] === 'function');
}
