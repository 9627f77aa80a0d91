import type { Node } from '../cluster/node.js';
import type { Pod } from '../cluster/pod.js';
import { createNodeProjector } from '../cluster/project-node.js';
import { createPodProjector } from '../cluster/project-pod.js';

/*
 * Objects for tests, made from what the API server would send: they pass the same projection as in production. `metadata`, `spec` and
 * `status` take whatever else the API knows.
 */

type Fields = Readonly<Record<string, unknown>>;

export interface PodParts {
  /** @default 'pod-1', 'pod-2' … */
  readonly name?: string;
  /** @default 'default' */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of its only container: `{ cpu: '500m', memory: '1Gi' }`. */
  readonly requests?: Readonly<Record<string, string>>;
  /** @default 0 */
  readonly priority?: number;
  /** Bound to this node. */
  readonly nodeName?: string;
  /** @default 'berth' */
  readonly schedulerName?: string;
  readonly metadata?: Fields;
  readonly spec?: Fields;
  readonly status?: Fields;
}

export interface NodeParts {
  /** @default 'node-1', 'node-2' … */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** @default 4 CPUs, 32 GiB, 110 pods */
  readonly allocatable?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly unschedulable?: boolean;
  readonly metadata?: Fields;
  readonly spec?: Fields;
  readonly status?: Fields;
}

const projectPod = createPodProjector();
const projectNode = createNodeProjector();
let pods = 0;
let nodes = 0;

/** A pod: pending, unless it names a node. */
export function makePod(parts: PodParts = {}): Pod {
  const serial = ++pods;
  return projectPod({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: parts.name ?? `pod-${serial}`,
      namespace: parts.namespace ?? 'default',
      uid: `pod-uid-${serial}`,
      resourceVersion: String(serial),
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
  });
}

/** A node that is ready for pods. */
export function makeNode(parts: NodeParts = {}): Node {
  const name = parts.name ?? `node-${++nodes}`;
  return projectNode({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      uid: `node-uid-${name}`,
      resourceVersion: '1',
      labels: { 'kubernetes.io/hostname': name, ...parts.labels },
      annotations: parts.annotations ?? {},
      ...parts.metadata,
    },
    spec: {
      ...(parts.taints === undefined ? {} : { taints: parts.taints }),
      ...(parts.unschedulable === true ? { unschedulable: true } : {}),
      ...parts.spec,
    },
    status: { allocatable: { cpu: '4', memory: '32Gi', pods: '110', ...parts.allocatable }, ...parts.status },
  });
}
