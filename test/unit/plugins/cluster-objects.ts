import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Node } from '../../../src/cluster/node.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { createNodeProjector } from '../../../src/cluster/project-node.js';
import { createPodProjector } from '../../../src/cluster/project-pod.js';

type Raw = Readonly<Record<string, unknown>>;

const projectPod = createPodProjector();
const projectNode = createNodeProjector();
let count = 0;

export interface PodParts {
  readonly name?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Requests of the only container. */
  readonly requests?: Raw;
  readonly spec?: Raw;
  readonly status?: Raw;
  readonly terminating?: boolean;
}

/** A pod with one container, made by the projector that the program uses. */
export function podOf({ name, uid, labels, requests, spec, status, terminating }: PodParts = {}): Pod {
  count += 1;
  return projectPod({
    metadata: {
      name: name ?? `pod-${count}`,
      namespace: 'default',
      uid: uid ?? `uid-${count}`,
      labels,
      ...(terminating && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    spec: {
      containers: [{ name: 'main', image: 'app', ...(requests && { resources: { requests } }) }],
      ...spec,
    },
    status,
  });
}

export interface NodeParts {
  readonly labels?: Readonly<Record<string, string>>;
  readonly allocatable?: Raw;
  readonly spec?: Raw;
  readonly status?: Raw;
}

/** A node of 4 cores, 8 GiB and 110 pods unless told otherwise. */
export function nodeOf(name: string, { labels, allocatable, spec, status }: NodeParts = {}): Node {
  return projectNode({
    metadata: { name, uid: `uid-of-${name}`, labels },
    spec,
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110', ...allocatable }, ...status },
  });
}

export function clusterOf(nodes: readonly Node[], pods: readonly Pod[] = []): ClusterState {
  const cluster = new ClusterState();
  for (const node of nodes) cluster.setNode(node);
  for (const pod of pods) cluster.setBoundPod(pod);
  return cluster;
}
