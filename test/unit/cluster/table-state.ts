import type { NodeTable } from '../../../src/cluster/node-table.js';

const labelKeys = ['zone', 'disk', 'topology.kubernetes.io/zone'];
const scalars = ['example.com/gpu', 'hugepages-2Mi'];
const images = ['x:1', 'y:1'];

/** All that a table says, by node name and comparable with another table that came about in another way. */
export function tableState(nodes: NodeTable): Record<string, unknown> {
  const rows = nodes.rows();
  const listed = Array.from(rows.slots.subarray(0, rows.length), (slot) => nodes.nameAt(slot));
  const entries: [string, unknown][] = [];
  for (let slot = 0; slot < nodes.capacity; slot++) {
    const name = nodes.nameAt(slot);
    if (name !== '') entries.push([name, slotState(nodes, slot)]);
    else if (columnsOf(nodes, slot).some((value) => value !== 0))
      entries.push([`free slot ${slot}`, columnsOf(nodes, slot)]);
  }
  return {
    nodeCount: nodes.nodeCount,
    cordonedCount: nodes.cordonedCount,
    listed: listed.sort(),
    images: images.map((image) =>
      [...(nodes.images.get(image)?.slots ?? [])].map((slot) => nodes.nameAt(slot)).sort(),
    ),
    imageCount: nodes.images.size,
    taintSets: nodes.taintSets.size,
    featureSets: nodes.featureSets.size,
    slots: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function slotState(nodes: NodeTable, slot: number): unknown {
  return {
    node: nodes.nodeAt(slot)?.uid,
    isFound: nodes.slotOf(nodes.nameAt(slot)) === slot,
    columns: columnsOf(nodes, slot),
    taints: nodes.taintSets.value(nodes.taintSet[slot]!),
    features: [...nodes.featureSets.value(nodes.featureSet[slot]!)],
    labels: labelKeys.map((key) => nodes.labelColumn(key).valueOf(nodes.labelColumn(key).ids[slot]!)),
    pods: [...nodes.podsAt(slot).keys()].sort(),
    ports: nodes.portsAt(slot)?.toJSON(),
  };
}

function columnsOf(nodes: NodeTable, slot: number): number[] {
  return [
    nodes.allocatableCpu,
    nodes.allocatableMemory,
    nodes.allocatableEphemeral,
    nodes.requestedCpu,
    nodes.requestedMemory,
    nodes.requestedEphemeral,
    nodes.nonZeroCpu,
    nodes.nonZeroMemory,
    nodes.allowedPods,
    nodes.podCount,
    nodes.unschedulable,
    ...scalars.flatMap((name) => [nodes.scalarAllocatable(name) ?? [], nodes.scalarRequested(name) ?? []]),
  ].map((column) => column[slot] ?? 0);
}
