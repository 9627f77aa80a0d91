import type { Node } from '../src/cluster/node.js';
import type { Pod } from '../src/cluster/pod.js';
import { createNodeProjector } from '../src/cluster/project-node.js';
import { createPodProjector } from '../src/cluster/project-pod.js';

/*
 * Objects for tests, made from what the API server would send: they pass the same projection as in production.
 */

type Json = Record<string, unknown>;

const projectPod = createPodProjector();
const projectNode = createNodeProjector();
let serial = 0;

export interface PodParts {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels?: Record<string, string>;
  readonly requests?: Record<string, string>;
  readonly schedulerName?: string;
  /** Bound to this node. */
  readonly nodeName?: string;
  readonly priority?: number;
  readonly metadata?: Json;
  readonly spec?: Json;
  readonly status?: Json;
}

/** A pod as the API server stores it. */
export function rawPod(parts: PodParts = {}): Json {
  const id = ++serial;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: parts.name ?? `pod-${id}`,
      namespace: parts.namespace ?? 'default',
      uid: parts.uid ?? `uid-${id}`,
      resourceVersion: String(id),
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: parts.labels ?? {},
      ...parts.metadata,
    },
    spec: {
      schedulerName: parts.schedulerName ?? 'berth',
      priority: parts.priority ?? 0,
      ...(parts.nodeName === undefined ? {} : { nodeName: parts.nodeName }),
      containers: [
        { name: 'app', image: 'registry.example/app:1', resources: { requests: parts.requests ?? {} } },
      ],
      ...parts.spec,
    },
    status: { phase: parts.nodeName === undefined ? 'Pending' : 'Running', ...parts.status },
  };
}

export function makePod(parts: PodParts = {}): Pod {
  return projectPod(rawPod(parts));
}

export interface NodeParts {
  readonly name?: string;
  readonly labels?: Record<string, string>;
  readonly allocatable?: Record<string, string>;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly unschedulable?: boolean;
  readonly metadata?: Json;
  readonly status?: Json;
}

/** A node as the API server stores it: 4 CPUs, 32 GiB, 110 pods unless told otherwise. */
export function rawNode(parts: NodeParts = {}): Json {
  const id = ++serial;
  const name = parts.name ?? `node-${id}`;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      uid: `node-uid-${name}`,
      resourceVersion: String(id),
      labels: { 'kubernetes.io/hostname': name, ...parts.labels },
      ...parts.metadata,
    },
    spec: {
      ...(parts.taints === undefined ? {} : { taints: parts.taints }),
      ...(parts.unschedulable === true ? { unschedulable: true } : {}),
    },
    status: { allocatable: { cpu: '4', memory: '32Gi', pods: '110', ...parts.allocatable }, ...parts.status },
  };
}

export function makeNode(parts: NodeParts = {}): Node {
  return projectNode(rawNode(parts));
}
