import type { Node } from '../cluster/node.js';
import type { Pod } from '../cluster/pod.js';
import type { Attempt } from './attempt.js';
import type { EventRegistration } from './cluster-event.js';
import type { NodeView } from './node-view.js';
import type { ExtensionPoint } from './plugin.js';
import type { PluginContext } from './plugin-context.js';
import type { ReadResource } from './registry.js';
import type { SchemaOutput, StandardSchema } from './standard-schema.js';
import type { Status } from './status.js';

/*
 * A plugin as its author writes it, in a module of its own. Extension points have kube-scheduler's names and are called when
 * kube-scheduler calls them. Wherever a Status may be returned, nothing (`undefined`) is success.
 */

/** Compared part by part, the smaller first; numbers as numbers, texts by UTF-16 units, numbers before texts. */
export type QueueKey = number | string | readonly (number | string)[];

/** Nothing: go on. `'skip'`: the pod does not concern the plugin, its Filter is not called. A status refuses the pod as a whole. */
export type PreFilterAnswer =
  | undefined
  | 'skip'
  | Status
  /** Only these nodes are worth judging; names may not exist. */
  | { readonly nodeNames: Iterable<string> };

/** A node to promise to the pod; or a status that refuses, with what to tell the user; or nothing. */
export type PostFilterAnswer = { readonly nominate: string; readonly message?: string } | Status | undefined;

/** Nothing: bind. A status refuses. `{ waitMs }`: hold the pod until `context.held` says more, at most that long (15 minutes). */
export type PermitAnswer = Status | { readonly waitMs: number } | undefined;

/** Why a pod fits nowhere. */
export interface Refusals {
  readonly nodeCount: number;
  /** Why a node was refused; undefined for one that does not exist. */
  statusOf(nodeName: string): Status | undefined;
}

export interface BindingOptions {
  /** Fires when the time is over or the program ends. */
  readonly signal: AbortSignal;
}

/** An event of the cluster that can cure a refusal by this plugin. Without a hint every such event may. */
export type PluginEvent =
  | PluginEventOf<'Node', Node>
  | PluginEventOf<'AssignedPod' | 'UnscheduledPod' | 'TargetPod' | 'Pod', Pod>
  | PluginEventOf<Exclude<EventRegistration['resource'], 'Node' | `${string}Pod`>, unknown>;

export interface PluginEventOf<Resource extends EventRegistration['resource'], Subject> {
  readonly resource: Resource;
  /** Bits of `Action`. */
  readonly action: number;
  /** Called for each pod that this plugin refused: keep it short, it is timed but not interrupted. */
  readonly hint?: (pod: Pod, old: Subject | undefined, now: Subject | undefined) => 'Queue' | 'Skip';
}

/** The functions of each extension point. Optional ones belong to the point without being it. */
export interface PointFunctions {
  readonly preEnqueue: {
    /** May the pod be tried at all? A status keeps it out of the queue until an event of the plugin's comes. */
    readonly preEnqueue: (pod: Pod) => Status | undefined;
  };
  readonly queueSort: {
    /** What the queue is ordered by. Called once each time a pod is queued; `queuedAt` is in milliseconds since the epoch. */
    readonly queueKey: (pod: Pod, queuedAt: number) => QueueKey;
  };
  readonly preFilter: {
    /** Once per attempt, before any node is judged. */
    readonly preFilter: (pod: Pod, attempt: Attempt) => PreFilterAnswer;
    /** `node` is hypothetical and got a pod: bring what PreFilter noted up to date. */
    readonly addPod?: (added: Pod, node: NodeView, attempt: Attempt) => void;
    /** The inverse of `addPod`. */
    readonly removePod?: (removed: Pod, node: NodeView, attempt: Attempt) => void;
  };
  readonly filter: {
    /** For each node that is still in question. */
    readonly filter: (pod: Pod, node: NodeView, attempt: Attempt) => Status | undefined;
  };
  readonly postFilter: {
    /** Once, for a pod that fits nowhere. */
    readonly postFilter: (pod: Pod, refusals: Refusals, attempt: Attempt) => PostFilterAnswer;
  };
  readonly preScore: {
    /** Once, with the nodes that fit, when there is more than one. `'skip'`: the plugin scores no node in this attempt. */
    readonly preScore: (pod: Pod, nodes: Iterable<NodeView>, attempt: Attempt) => 'skip' | Status | undefined;
  };
  readonly score: {
    /**
     * For each node that fits: 0 (worst) to 100 (best), or any number when `normalizeScores` is there. Totals count whole numbers;
     * the rest decides between nodes whose totals are equal.
     */
    readonly score: (pod: Pod, node: NodeView, attempt: Attempt) => number;
    /** Brings the scores of all nodes that fit into 0 to 100, in place. */
    readonly normalizeScores?: (pod: Pod, scores: Float64Array, attempt: Attempt) => void;
  };
  readonly reserve: {
    /** The pod was given the node, and will be bound unless somebody objects. */
    readonly reserve: (pod: Pod, nodeName: string, attempt: Attempt) => Status | undefined;
    /** It will not be: give back what was reserved. Called once more often than `reserve` at times. */
    readonly unreserve: (pod: Pod, nodeName: string, attempt: Attempt) => void;
  };
  readonly permit: {
    readonly permit: (pod: Pod, nodeName: string, attempt: Attempt) => PermitAnswer;
  };
  readonly preBind: {
    /** Is there anything to do before this pod is bound? `'skip'`: no. */
    readonly preBindPreFlight?: (pod: Pod, nodeName: string, attempt: Attempt) => 'skip' | Status | undefined;
    readonly preBind: (pod: Pod, nodeName: string, options: BindingOptions) => Promise<Status | undefined>;
  };
  readonly bind: {
    /** `'skip'` leaves the pod to the next binder. */
    readonly bind: (
      pod: Pod,
      nodeName: string,
      options: BindingOptions,
    ) => Promise<Status | 'skip' | undefined>;
  };
  readonly postBind: {
    /** The pod is bound; nothing can be changed any more. */
    readonly postBind: (pod: Pod, nodeName: string, attempt: Attempt) => void;
  };
}

/** The functions of several extension points together. */
export type FunctionsOf<Point extends ExtensionPoint> = {
  [P in Point]: (functions: PointFunctions[P]) => void;
}[Point] extends (functions: infer All) => void
  ? All
  : never;

/** What `create` returns. */
export type PluginFunctions<Point extends ExtensionPoint = ExtensionPoint> = FunctionsOf<Point> & {
  /** Events that can cure a refusal by this plugin. Absent: every event may. Empty: none does. */
  readonly events?: readonly PluginEvent[];
};

/** Every function a plugin may have, for those who do not know which it has. */
export type AnyPluginFunctions = Partial<PluginFunctions>;

/** What a plugin module exports as `plugin`. */
export interface PluginDefinition<Args = unknown> {
  /** As profiles name it. */
  readonly name: string;
  /** The extension points that it takes part in. */
  readonly points: readonly ExtensionPoint[];
  /** Checks the arguments in `pluginConfig`, and fills in their defaults. Absent: the plugin takes none. */
  readonly args?: StandardSchema | undefined;
  /** Kinds of objects beside pods and nodes that it reads; they are watched only while some plugin reads them. */
  readonly reads?: readonly ReadResource[] | undefined;
  /** Makes the plugin for one profile. Throws on what cannot be. */
  readonly create: (context: PluginContext<Args>) => AnyPluginFunctions;
}

interface TypedDefinition<Point extends ExtensionPoint, Args> {
  readonly name: string;
  readonly points: readonly Point[];
  readonly reads?: readonly ReadResource[];
  readonly create: (context: PluginContext<Args>) => PluginFunctions<Point>;
}

/** Writes a plugin down with its types checked: `create` has to return the functions of all points that it names. */
export function definePlugin<const Point extends ExtensionPoint>(
  definition: TypedDefinition<Point, undefined> & { readonly args?: undefined },
): PluginDefinition<undefined>;
export function definePlugin<const Point extends ExtensionPoint, Schema extends StandardSchema>(
  definition: TypedDefinition<Point, SchemaOutput<Schema>> & { readonly args: Schema },
): PluginDefinition<SchemaOutput<Schema>>;
export function definePlugin(definition: unknown): unknown {
  return definition;
}
