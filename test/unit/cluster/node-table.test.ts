import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Node } from '../../../src/cluster/node.js';
import { NodeTable } from '../../../src/cluster/node-table.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { nodeOf, podOf } from '../plugins/cluster-objects.js';
import { tableState } from './table-state.js';

const names = ['n0', 'n1', 'n2', 'n3', 'n4'];
const nodeVariants: readonly ((name: string) => Node)[] = [
  (name) => nodeOf(name),
  (name) =>
    nodeOf(name, {
      labels: { zone: 'a', 'topology.kubernetes.io/zone': 'a' },
      spec: { unschedulable: true },
    }),
  (name) =>
    nodeOf(name, {
      labels: { zone: 'b', disk: 'ssd', 'topology.kubernetes.io/zone': 'b' },
      allocatable: { cpu: '8', 'example.com/gpu': '2', 'ephemeral-storage': '1Gi' },
      spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] },
      status: { images: [{ names: ['x:1', 'y:1'], sizeBytes: 1e8 }], declaredFeatures: ['F'] },
    }),
  (name) =>
    nodeOf(name, {
      labels: { disk: 'hdd' },
      allocatable: { 'hugepages-2Mi': '4Mi' },
      status: { images: [{ names: ['x:1'], sizeBytes: 2e8 }] },
    }),
];
const podVariants = [
  {},
  { requests: { cpu: '1', memory: '1Gi' } },
  { requests: { 'example.com/gpu': '1', 'ephemeral-storage': '5' } },
  {
    requests: { 'hugepages-2Mi': '2Mi' },
    spec: { containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort: 80 }] }] },
  },
  { spec: { containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort: 80, hostIP: '10.0.0.1' }] }] } },
] as const;

const name = fc.constantFrom(...names);
const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), name, variant: fc.nat(nodeVariants.length - 1) }),
  fc.record({ kind: fc.constant('remove' as const), name }),
  fc.record({ kind: fc.constant('add pod' as const), name, variant: fc.nat(podVariants.length - 1) }),
  fc.record({ kind: fc.constant('remove pod' as const), which: fc.nat(20) }),
  fc.record({ kind: fc.constant('borrow' as const), name, variant: fc.nat(podVariants.length - 1) }),
  fc.record({ kind: fc.constant('read labels' as const), key: fc.constantFrom('zone', 'disk') }),
);

/** Runs a history and keeps, beside the table, what is left of it. */
function play(history: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]) {
  const table = new NodeTable();
  const nodes = new Map<string, Node>();
  const pods: { slot: number; nodeName: string; pod: Pod }[] = [];
  for (const event of history) {
    if (event.kind === 'set') {
      const node = nodeVariants[event.variant]!(event.name);
      table.setNode(node);
      nodes.set(event.name, node);
    } else if (event.kind === 'remove') {
      table.removeNode(event.name);
      nodes.delete(event.name);
    } else if (event.kind === 'add pod') {
      const pod = podOf(podVariants[event.variant]);
      pods.push({ slot: table.addPod(event.name, pod), nodeName: event.name, pod });
    } else if (event.kind === 'remove pod' && pods.length > 0) {
      const [gone] = pods.splice(event.which % pods.length, 1);
      table.removePod(gone!.slot, gone!.pod);
    } else if (event.kind === 'borrow') {
      borrowAndReturn(table, event.name, podOf(podVariants[event.variant]));
    } else if (event.kind === 'read labels') table.labelColumn(event.key);
  }
  return { table, nodes, pods };
}

function borrowAndReturn(table: NodeTable, from: string, extra: Pod): void {
  const slot = table.slotOf(from);
  if (slot === undefined) return;
  const before = tableState(table);
  const generation = table.generation;
  const row = table.borrowRow(slot);
  table.addPodAt(row, extra);
  for (const pod of [...table.podsAt(slot).values()].slice(0, 1)) table.removePodAt(row, pod);
  expect(table.slotOf(from)).toBe(slot);
  table.returnRow(row);
  expect(tableState(table)).toEqual(before);
  expect(table.generation).toBe(generation);
}

describe('the node table', () => {
  it('equals a recount from scratch after any history of nodes and pods, borrowed rows included', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (history) => {
        const { table, nodes, pods } = play(history);
        const recount = new NodeTable();
        for (const node of nodes.values()) recount.setNode(node);
        for (const { nodeName, pod } of pods) recount.addPod(nodeName, pod);
        expect(tableState(table)).toEqual(tableState(recount));
        for (const key of ['zone', 'disk']) {
          const isEverywhere = [...nodes.values()].every(({ labels }) => Object.hasOwn(labels, key));
          expect(table.everyNodeHas(key)).toBe(isEverywhere);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('shows a borrowed row to nobody, and judges it as the node that it copies', () => {
    const table = new NodeTable();
    const slot = table.setNode(nodeVariants[2]!('n'));
    table.addPod('n', podOf(podVariants[3]));
    const row = table.borrowRow(slot);
    expect(Array.from(table.rows().slots)).toEqual([slot]);
    expect(table.nodeCount).toBe(1);
    expect(table.nameAt(row)).toBe('n');
    expect(table.requestedMemory[row]).toBe(table.requestedMemory[slot]);
    expect(table.taintSet[row]).toBe(table.taintSet[slot]);
    expect(table.labelColumn('disk').ids[row]).toBe(table.labelColumn('disk').ids[slot]);
    expect(table.portsAt(row)?.toJSON()).toEqual(table.portsAt(slot)?.toJSON());
    table.addPodAt(row, podOf(podVariants[1]));
    expect(table.podCount[row]).toBe(2);
    expect(table.podCount[slot]).toBe(1);
    expect([...table.changedSince(0)]).toEqual([slot]);
    table.returnRow(row);
    expect(() => table.returnRow(row)).toThrow('was not borrowed');
  });

  it('counts pods of a node that is not there yet, and lists the node once it is', () => {
    const table = new NodeTable();
    const pod = podOf(podVariants[1]);
    const slot = table.addPod('later', pod);
    expect(table.rows().length).toBe(0);
    expect(table.setNode(nodeOf('later'))).toBe(slot);
    expect(table.requestedCpu[slot]).toBe(1000);
    table.removeNode('later');
    expect(table.slotOf('later')).toBe(slot);
    table.removePod(slot, pod);
    expect(table.slotOf('later')).toBeUndefined();
  });

  it('grows without losing anything', () => {
    const table = new NodeTable();
    table.labelColumn('zone');
    const many = Array.from({ length: 300 }, (_, i) => nodeVariants[i % nodeVariants.length]!(`node-${i}`));
    for (const node of many) table.addPod(node.name, podOf(podVariants[2]));
    for (const node of many) table.setNode(node);
    const recount = new NodeTable();
    for (const node of many) recount.setNode(node);
    for (const node of many)
      for (const pod of table.podsAt(table.slotOf(node.name)!).values()) recount.addPod(node.name, pod);
    expect(tableState(table)).toEqual(tableState(recount));
  });

  it('changes nothing about images when a node lists the same ones again', () => {
    const image = Object.freeze({ names: Object.freeze(['x:1']), sizeBytes: 1e8 });
    const table = new NodeTable();
    table.setNode({ ...nodeOf('n'), images: [image] });
    const { version } = table.images;
    table.setNode({ ...nodeOf('n'), images: [image] });
    expect(table.images.version).toBe(version);
    table.setNode({ ...nodeOf('n'), images: [image, { names: ['y:1'], sizeBytes: 1 }] });
    expect(table.images.version).toBeGreaterThan(version);
    expect([table.images.get('x:1')?.slots.size, table.images.get('y:1')?.slots.size]).toEqual([1, 1]);
  });

  it('lets zones take turns', () => {
    const table = new NodeTable();
    const zoned = (of: string, zone: string) =>
      nodeOf(of, { labels: { 'topology.kubernetes.io/zone': zone } });
    for (const node of [
      zoned('a1', 'a'),
      zoned('a2', 'a'),
      zoned('a3', 'a'),
      zoned('b1', 'b'),
      zoned('c1', 'c'),
    ])
      table.setNode(node);
    expect(Array.from(table.rows().slots, (slot) => table.nameAt(slot))).toEqual([
      'a1',
      'b1',
      'c1',
      'a2',
      'a3',
    ]);
  });
});
