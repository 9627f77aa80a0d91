import type { ClusterState } from '../cluster/cluster-state.js';
import type { Node } from '../cluster/node.js';
import type { Pod } from '../cluster/pod.js';
import type { Namespace, PodController, Service } from '../cluster/workload.js';

/** Objects of one kind, by name. Empty unless the plugin names the kind in `reads`. */
export interface ObjectReader<T> {
  readonly size: number;
  /** `namespace` is left out for kinds outside namespaces. */
  get(name: string, namespace?: string): T | undefined;
  values(): Iterable<T>;
}

/** What Berth knows of the cluster at this moment. For reading only; what it hands out is shared. */
export interface ClusterReader {
  readonly nodeCount: number;
  nodes(): Iterable<Node>;
  node(name: string): Node | undefined;
  /** Pods on nodes: bound, and assumed by decisions whose binding is on its way. */
  pods(): Iterable<Pod>;
  /** Such a pod by its UID. */
  pod(uid: string): Pod | undefined;
  readonly namespaces: ObjectReader<Namespace>;
  readonly services: ObjectReader<Service>;
  readonly replicaSets: ObjectReader<PodController>;
  readonly statefulSets: ObjectReader<PodController>;
}

/** Shows a cluster state to those who must not change it. */
export function readerOf(cluster: ClusterState): ClusterReader {
  return {
    get nodeCount() {
      return cluster.nodes.nodeCount;
    },
    *nodes() {
      const { slots, length } = cluster.nodes.rows();
      for (let i = 0; i < length; i++) yield cluster.nodes.nodeAt(slots[i]!)!;
    },
    node(name) {
      const slot = cluster.nodes.slotOf(name);
      return slot === undefined ? undefined : cluster.nodes.nodeAt(slot);
    },
    pods: () => cluster.pods(),
    pod: (uid) => cluster.pod(uid),
    namespaces: cluster.namespaces,
    services: cluster.services,
    replicaSets: cluster.replicaSets,
    statefulSets: cluster.statefulSets,
  };
}
