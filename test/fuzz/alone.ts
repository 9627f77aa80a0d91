import type { Berth } from '../../src/berth.js';
import { ClusterState } from '../../src/cluster/cluster-state.js';
import type { Pod, PodSpec } from '../../src/cluster/pod.js';
import { createNodeProjector } from '../../src/cluster/project-node.js';
import { noRequests } from '../../src/cluster/requests.js';
import { Cycle } from '../../src/framework/cycle.js';
import type { Profile } from '../../src/framework/profile.js';
import { createInTreeRegistry } from '../../src/plugins/in-tree.js';
import { buildProfiles } from '../../src/scheduler/build-profiles.js';
import { evaluate } from '../../src/scheduler/evaluate.js';
import { EvaluationSpace } from '../../src/scheduler/evaluation-space.js';

const required = 'requiredDuringSchedulingIgnoredDuringExecution';
/** Specs that were projected have positive ones. */
let lastId = 0;

const nodeName = 'sane';
const projectNode = createNodeProjector();
const sane = projectNode({
  metadata: { name: nodeName, uid: nodeName, resourceVersion: '1' },
  status: { allocatable: { cpu: '1000000', memory: '1Pi', 'ephemeral-storage': '1Pi', pods: '1000' } },
});

/**
 * True when an attempt for the pod fails as things are, and would not with its claims, their volumes and classes alone, on nodes that
 * have the same labels and are sane otherwise. A pod that has changed since it was tried is given the benefit of the doubt.
 */
export function failsForOthers(pod: Pod, { cluster, policy }: Berth): boolean {
  const own = policy.profiles.get(pod.schedulerName);
  if (own === undefined || !fails(pod, cluster, own)) return false;
  const alone = new ClusterState();
  const { claims, classes, volumes, csiNodes } = cluster.storage;
  const bound = new Set<string>();
  for (const claim of claims.values()) {
    if (claim.namespace !== pod.namespace) continue;
    alone.storage.claims.set(claim);
    bound.add(claim.volumeName);
  }
  for (const object of classes.values()) alone.storage.classes.set(object);
  for (const object of csiNodes.values()) alone.storage.csiNodes.set(object);
  for (const volume of volumes.values()) if (bound.has(volume.name)) alone.storage.volumes.set(volume);
  for (const slot of cluster.nodes.rows().slots) {
    const { name, labels } = cluster.nodes.nodeAt(slot)!;
    alone.setNode({ ...sane, name, labels });
  }
  const registry = createInTreeRegistry({ bind: async () => undefined });
  const profile = buildProfiles(policy.configuration, { registry, cluster: alone }).get(pod.schedulerName)!;
  return !fails(pod, alone, profile) && !fails({ ...pod, spec: onlyWishes(pod.spec) }, alone, profile);
}

function fails(pod: Pod, { nodes }: ClusterState, profile: Profile): boolean {
  const space = new EvaluationSpace();
  return evaluate(new Cycle(pod, nodes), profile, { space, random: () => 0 }).kind === 'error';
}

/** Without what may keep it off every node, now that the others are away: what it wishes for is then looked at. */
function onlyWishes(spec: PodSpec): PodSpec {
  const { nodeAffinity, podAffinity, podAntiAffinity } = spec.affinity ?? {};
  const wishes = <T extends object>(part: T | undefined) => part && { ...part, [required]: undefined };
  const affinity = {
    nodeAffinity: wishes(nodeAffinity),
    podAffinity: wishes(podAffinity),
    podAntiAffinity: wishes(podAntiAffinity),
  };
  lastId -= 1;
  const { topologySpreadConstraints: constraints } = spec;
  return {
    ...spec,
    id: lastId,
    nodeSelector: undefined,
    affinity: affinity as NonNullable<PodSpec['affinity']>,
    topologySpreadConstraints: constraints.filter(
      ({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway',
    ),
    tolerations: [{ key: '', operator: 'Exists', value: '', effect: '' }],
    requests: noRequests,
    hostPorts: [],
    requiredFeatures: [],
    hasResourceClaims: false,
    volumes: [],
    claimNames: [],
  };
}
