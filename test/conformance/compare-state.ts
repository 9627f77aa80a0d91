import type { NodeTable } from '../../src/cluster/node-table.js';
import type { Pod } from '../../src/cluster/pod.js';
import type { Requests } from '../../src/cluster/requests.js';
import type { CaseProfile, CaseSetup } from './case-setup.js';
import type { GoldenAmounts, GoldenPod, GoldenVerdict } from './golden-file.js';
import type { FileTally } from './tally.js';

/** What the cluster looks like before anything is judged: plugin lists and the sums over pods of every node. */
export function compareState(
  { profiles, cluster }: CaseSetup,
  verdict: GoldenVerdict,
  tally: FileTally,
): void {
  for (const [schedulerName, points] of Object.entries(verdict.profiles)) {
    for (const [point, expected] of Object.entries(points)) {
      const got = profiles.get(schedulerName);
      tally.compare('plugin lists', expected, got && listOf(got, point), {
        detail: `${schedulerName} ${point}`,
      });
    }
  }
  for (const [node, expected] of Object.entries(verdict.nodes)) {
    const got = accountingOf(cluster.nodes, node, expected.allocatable, expected.requested);
    tally.compare('node accounting', withScalars(expected), got, { node });
  }
  const extra = [...cluster.nodes.rows().slots]
    .map((slot) => cluster.nodes.nameAt(slot))
    .filter((name) => !(name in verdict.nodes));
  for (const node of extra) tally.disagree('node accounting', undefined, 'a node', { node });
}

export function compareRequests(pod: Pod, { requests }: GoldenPod, tally: FileTally): void {
  const got = {
    ...amounts(pod.spec.requests),
    nonZeroMilliCPU: pod.nonZeroCpu,
    nonZeroMemory: pod.nonZeroMemory,
  };
  tally.compare('requests', withScalars(requests), got, { pod: `${pod.namespace}/${pod.name}` });
}

function listOf({ lists }: CaseProfile, point: string): unknown {
  const list = lists[point as keyof typeof lists];
  return point === 'score' ? list : list?.map(({ name }) => name);
}

function accountingOf(
  nodes: NodeTable,
  name: string,
  allocatable: GoldenAmounts,
  requested: GoldenAmounts,
): unknown {
  const slot = nodes.slotOf(name);
  const node = slot === undefined ? undefined : nodes.nodeAt(slot);
  if (slot === undefined || node === undefined) return undefined;
  const scalars = (of: (name: string) => number | undefined, names: GoldenAmounts) =>
    Object.fromEntries(Object.keys(names.scalar ?? {}).map((scalar) => [scalar, of(scalar)]));
  return {
    pods: nodes.podCount[slot],
    allowedPods: nodes.allowedPods[slot],
    allocatable: {
      milliCPU: nodes.allocatableCpu[slot],
      memory: nodes.allocatableMemory[slot],
      ephemeralStorage: nodes.allocatableEphemeral[slot],
      scalar: scalars((scalar) => nodes.scalarAllocatable(scalar)?.[slot], allocatable),
    },
    requested: {
      milliCPU: nodes.requestedCpu[slot],
      memory: nodes.requestedMemory[slot],
      ephemeralStorage: nodes.requestedEphemeral[slot],
      scalar: scalars((scalar) => nodes.scalarRequested(scalar)?.[slot], requested),
    },
    nonZeroMilliCPU: nodes.nonZeroCpu[slot],
    nonZeroMemory: nodes.nonZeroMemory[slot],
  };
}

function amounts({ cpu, memory, ephemeralStorage, scalars }: Requests): GoldenAmounts {
  return { milliCPU: cpu, memory, ephemeralStorage, scalar: Object.fromEntries(scalars) };
}

/** An absent map of scalars is an empty one. */
function withScalars(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, part]) => [key, withScalars(part)] as const);
  const complete = Object.fromEntries(entries);
  return 'milliCPU' in complete ? { scalar: {}, ...complete } : complete;
}
