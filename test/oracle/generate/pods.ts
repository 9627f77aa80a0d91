import type { Loose, Manifest } from '../case.js';
import { nodeAffinity, nodeSelector, podAffinity, spreadConstraints, tolerations } from './constraints.js';
import { containers, oddRequests, podLevelResources, resizeStatus } from './containers.js';
import { podVolumes } from './pod-volumes.js';
import type { Owner } from './workloads.js';
import { storedAs, type World } from './world.js';

const priorities = [0, 0, 0, 100, 100, 1000, 50_000, -10, 2_000_000_000, 2_000_001_000] as const;

interface PodOptions {
  readonly owners: readonly Owner[];
  /** Objects that belong to the pod alone, such as claims of its own. */
  readonly also: Manifest[];
}

export function boundPod(world: World, index: number, options: PodOptions): Manifest {
  const { dice } = world;
  const pod = basePod(world, `bound-${String(index).padStart(3, '0')}`, { ...options, likes: 0.5 });
  pod.spec.nodeName = dice.chance(0.98) ? dice.pick(world.nodeNames) : 'gone';
  if (world.focus === 'preemption') pod.spec.priority = dice.pick([0, 0, 100, -10, 1000]);
  const startTime = world.startTime();
  pod.status = { phase: 'Running', ...(startTime === undefined ? {} : { startTime }) };
  if (world.likes('resources', 0.08)) resizeStatus(world, pod);
  if (dice.chance(0.03)) pod.status.phase = dice.pick(['Succeeded', 'Failed']);
  else if (dice.chance(0.05)) terminate(world, pod);
  return pod;
}

function terminate({ dice }: World, pod: Manifest): void {
  pod.metadata.deletionTimestamp = '2026-01-20T00:00:00Z';
  pod.metadata.deletionGracePeriodSeconds = 30;
  if (dice.chance(0.5)) {
    const reason = dice.pick(['PreemptionByScheduler', 'EvictionByEvictionAPI']);
    pod.status.conditions = [
      ...(pod.status.conditions ?? []),
      { type: 'DisruptionTarget', status: 'True', reason },
    ];
  }
}

/** Nominated, and not judged: it holds room on a node. */
export function nominatedPod(world: World, index: number, options: PodOptions): Manifest {
  const { dice } = world;
  const pod = basePod(world, `nominated-${index}`, { ...options, likes: 0.6 });
  if (dice.chance(0.1)) pod.spec.schedulerName = 'somebody-else';
  if (dice.chance(0.1)) pod.spec.schedulingGates = [{ name: 'example.com/wait' }];
  pod.status = { phase: 'Pending', nominatedNodeName: dice.pick([...world.nodeNames, 'gone']) };
  return pod;
}

export function pendingPod(world: World, index: number, options: PodOptions): Manifest {
  const { dice } = world;
  const pod = basePod(world, `pending-${String(index).padStart(2, '0')}`, { ...options, likes: 1 });
  if (world.focus === 'preemption' && dice.chance(0.7))
    pod.spec.priority = dice.pick([1000, 50_000, 2_000_000_000]);
  if (dice.chance(0.1)) pod.spec.preemptionPolicy = 'Never';
  if (dice.chance(0.02)) pod.spec.nodeName = dice.pick([...world.nodeNames, 'gone']);
  else if (dice.chance(0.03))
    pod.spec.schedulingGates = [{ name: 'example.com/wait' }, { name: 'other' }].slice(0, dice.int(1, 2));
  pod.status = { phase: 'Pending' };
  if (dice.chance(world.focus === 'preemption' ? 0.2 : 0.05))
    pod.status.nominatedNodeName = dice.pick([...world.nodeNames, 'gone']);
  return pod;
}

function basePod(
  world: World,
  name: string,
  { owners, also, likes }: PodOptions & { likes: number },
): Manifest {
  const { dice } = world;
  const namespace = dice.chance(0.01) ? 'unknown' : dice.pick(world.namespaces);
  const owner = dice.chance(0.3)
    ? dice.pick([...owners.filter((one) => one.namespace === namespace), undefined])
    : undefined;
  const stored = dice.weighted([
    [20, undefined],
    [2, 'unmerged'],
    [world.focus === 'nodeaffinity' ? 3 : 0.7, 'unchecked'],
  ]);
  const malformed = stored === 'unchecked';
  const wants = (focus: Parameters<World['likes']>[0], otherwise: number) =>
    world.likes(focus, otherwise) && dice.chance(likes);
  const pod = world.object(
    'v1',
    'Pod',
    name,
    {
      metadata: {
        labels: { ...(dice.chance(0.95) ? world.labels(world.podLabels, 0.55) : {}), ...owner?.labels },
        ...(owner === undefined ? {} : { ownerReferences: [owner.reference] }),
        ...(stored === undefined ? {} : { annotations: { [storedAs]: stored } }),
      },
      spec: {
        schedulerName: dice.pick(world.schedulerNames),
        priority: dice.pick(priorities),
        enableServiceLinks: true,
        preemptionPolicy: 'PreemptLowerPriority',
        ...containers(world),
      } as Loose,
    },
    namespace,
  );
  const { spec } = pod;
  if (wants('resources', 0.04)) podLevelResources(world, pod);
  if (malformed && dice.chance(0.3)) oddRequests(world, pod);
  if (dice.chance(0.06)) spec.overhead = { cpu: '250m', memory: dice.pick(['120Mi', '0', '1M']) };
  if (wants('taints', 0.15)) spec.tolerations = tolerations(world, malformed);
  if (wants('nodeaffinity', 0.08)) spec.nodeSelector = nodeSelector(world);
  const affinity: Loose = {
    ...(wants('nodeaffinity', 0.1) ? { nodeAffinity: nodeAffinity(world, malformed) } : {}),
    // Of its own broken terms a pending pod is told in words that nobody else uses.
    ...(wants('interpod', 0.1) ? podAffinity(world, malformed && likes < 1) : {}),
  };
  if (Object.keys(affinity).length > 0) spec.affinity = affinity;
  if (wants('spread', 0.1)) spec.topologySpreadConstraints = spreadConstraints(world, malformed);
  if (wants('volumes', 0.05)) podVolumes(world, pod, also);
  if (dice.chance(0.04)) spec.hostNetwork = true;
  if (dice.chance(0.04)) spec.hostUsers = false;
  return pod;
}
