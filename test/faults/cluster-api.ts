import type { LeaseObject, NodeObject, PodObject } from './api-objects.js';

/** An object to be made; the API server fills in the rest. */
export interface NewObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

export interface HistoryWatcher {
  /** The watch has lost its place; this is what there is now. */
  relisted(kind: 'pods' | 'nodes' | 'leases', objects: readonly unknown[], version: number): void;
  pod(type: 'ADDED' | 'MODIFIED' | 'DELETED', pod: PodObject): void;
  node(type: 'ADDED' | 'MODIFIED' | 'DELETED', node: NodeObject): void;
  lease(type: 'ADDED' | 'MODIFIED' | 'DELETED', lease: LeaseObject): void;
}

/** The API server as those use it who are no part of the trial: the workload, the other scheduler, and the checker. No fault is between. */
export interface ClusterApi {
  create(object: NewObject): Promise<void>;
  /** A JSON merge patch of a node. */
  patchNode(name: string, patch: object, options?: { readonly status?: boolean }): Promise<void>;
  /** Nothing happens when there is none. */
  deleteNode(name: string): Promise<void>;
  deletePod(name: string): Promise<void>;
  /** False when the pod is bound already, or gone. */
  bind(pod: PodObject, nodeName: string): Promise<boolean>;
  pods(): Promise<PodObject[]>;
  nodes(): Promise<NodeObject[]>;
  /** Tells of everything that is there and of everything that happens; resolves when the first is done. */
  watch(watcher: HistoryWatcher, options: { readonly signal: AbortSignal }): Promise<void>;
}

export const namespace = 'default';
