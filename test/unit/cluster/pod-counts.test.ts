import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { NodeEligibility } from '../../../src/cluster/domain-counts.js';
import type { Node } from '../../../src/cluster/node.js';
import { NodeTable } from '../../../src/cluster/node-table.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { PodCounts, type PodSelection, selectionKey } from '../../../src/cluster/pod-counts.js';
import { compileLabelSelector } from '../../../src/kube/label-selector.js';
import { makePod } from '../../build-objects.js';
import { nodeOf } from '../plugins/cluster-objects.js';
import { anyLabels, anySelection, selection } from './any-selection.js';

const names = ['n0', 'n1', 'n2', 'n3', 'n4'];
const keys = ['zone', 'host'];

/** Keeps off tainted nodes. */
const untainted: NodeEligibility = {
  key: 'untainted',
  mark(nodes, rows, marks) {
    for (let i = 0; i < rows.length; i++)
      marks[i] = nodes.nodeAt(rows.slots[i]!)!.taints.length === 0 ? 1 : 0;
  },
};
const eligibilities = [undefined, untainted];

const name = fc.constantFrom(...names);
const labels = fc.record(
  { zone: fc.constantFrom('z1', 'z2', 'z3'), host: fc.constantFrom('h1', 'h2') },
  { requiredKeys: [] },
);
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('node' as const), name, labels, tainted: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('no node' as const), name }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('pod' as const),
      name,
      labels: anyLabels,
      namespace: fc.constantFrom('x', 'y', 'z'),
      terminating: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('no pod' as const), which: fc.nat(20) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pod update' as const), which: fc.nat(20), labels: anyLabels }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('borrow' as const), name, labels: anyLabels }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('many nodes' as const),
      count: fc.integer({ min: 1, max: 70 }),
    }),
  },
  { weight: 5, arbitrary: fc.constant({ kind: 'ask' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface World {
  readonly table: NodeTable;
  readonly nodes: Map<string, Node>;
  readonly pods: { slot: number; nodeName: string; pod: Pod }[];
}

function place(world: World, nodeName: string, pod: Pod): void {
  world.pods.push({ slot: world.table.addPod(nodeName, pod), nodeName, pod });
}

function take(world: World, which: number): { nodeName: string; pod: Pod } | undefined {
  if (world.pods.length === 0) return undefined;
  const [gone] = world.pods.splice(which % world.pods.length, 1);
  world.table.removePod(gone!.slot, gone!.pod);
  return gone;
}

function setNode(world: World, node: Node): void {
  world.table.setNode(node);
  world.nodes.set(node.name, node);
}

function play(world: World, event: Step): void {
  const { table, nodes } = world;
  switch (event.kind) {
    case 'node': {
      const spec = event.tainted ? { taints: [{ key: 'k', effect: 'NoSchedule' }] } : {};
      setNode(world, nodeOf(event.name, { labels: event.labels as Record<string, string>, spec }));
      return;
    }
    case 'no node':
      table.removeNode(event.name);
      nodes.delete(event.name);
      return;
    case 'pod': {
      const metadata = event.terminating ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {};
      place(world, event.name, makePod({ labels: event.labels, namespace: event.namespace, metadata }));
      return;
    }
    case 'no pod':
      take(world, event.which);
      return;
    case 'pod update': {
      const gone = take(world, event.which);
      if (gone !== undefined)
        place(world, gone.nodeName, { ...gone.pod, labels: event.labels, terminating: true });
      return;
    }
    case 'borrow':
      borrow(table, event.name, makePod({ labels: event.labels }));
      return;
    case 'many nodes':
      for (let i = 0; i < event.count; i++) {
        setNode(world, nodeOf(`more-${i}`, { labels: { zone: `z${i % 4}`, host: `unique-${i}` } }));
      }
      return;
    case 'ask':
  }
}

/** What happens on a borrowed row is nobody's news. */
function borrow(table: NodeTable, from: string, extra: Pod): void {
  const slot = table.slotOf(from);
  if (slot === undefined) return;
  const row = table.borrowRow(slot);
  table.addPodAt(row, extra);
  for (const pod of [...table.podsAt(row).values()].slice(0, 1)) table.removePodAt(row, pod);
  table.returnRow(row);
}

/** All that is counted of a selection, by names, as it is asked for. */
function counted(table: NodeTable, podCounts: PodCounts, selected: PodSelection): unknown {
  const bySlot = podCounts.bySlot(selected);
  const slots: [string, number][] = [];
  for (let slot = 0; slot < table.capacity; slot++) {
    if (bySlot.at(slot) !== 0) slots.push([table.nameAt(slot), bySlot.at(slot)]);
  }
  const domains = keys.flatMap((key) =>
    eligibilities.map((eligibility) => {
      const counts = podCounts.byDomain(selected, key, eligibility);
      const rows = table.rows();
      const entries: [string, number, number][] = [];
      for (let id = 0; id < counts.nodeCounts.length; id++) {
        if (counts.nodeCounts[id]! > 0)
          entries.push([counts.column.valueOf(id)!, counts.totals[id]!, counts.nodeCounts[id]!]);
        else expect(counts.totals[id]).toBe(0);
      }
      return {
        key,
        eligibility: eligibility?.key,
        entries: entries.sort(),
        domainCount: counts.domainCount,
        sum: counts.sum,
        atNodes: Array.from(rows.slots.subarray(0, rows.length), (slot) => [
          table.nameAt(slot),
          counts.totalAt(slot),
        ]).sort(),
      };
    }),
  );
  return { total: bySlot.total, slots: slots.sort(), domains };
}

function isChosen({ clauses, withoutTerminating }: PodSelection, pod: Pod): boolean {
  const isMissed = clauses.some(
    ({ namespaces, selector }) =>
      !selector.matches(pod.labels) || (namespaces !== 'all' && !namespaces.has(pod.namespace)),
  );
  return !isMissed && !(withoutTerminating && pod.terminating);
}

/** The same, counted by hand from what there is. */
function recounted({ nodes, pods }: World, selected: PodSelection): unknown {
  const chosen = pods.filter(({ pod }) => isChosen(selected, pod));
  const on = (nodeName: string): number => chosen.filter((each) => each.nodeName === nodeName).length;
  const slots = [...new Set(chosen.map(({ nodeName }) => nodeName))].map((each) => [each, on(each)]);
  const domains = keys.flatMap((key) =>
    eligibilities.map((eligibility) => {
      const eligible = [...nodes.values()].filter(
        (node) => eligibility === undefined || node.taints.length === 0,
      );
      const byValue = new Map<string, [number, number]>();
      for (const node of eligible) {
        const value = node.labels[key];
        if (value === undefined) continue;
        const [pods = 0, count = 0] = byValue.get(value) ?? [];
        byValue.set(value, [pods + on(node.name), count + 1]);
      }
      const entries = Array.from(byValue, ([value, [total, count]]) => [value, total, count]);
      return {
        key,
        eligibility: eligibility?.key,
        entries: entries.sort(),
        domainCount: entries.length,
        sum: entries.reduce((sum, [, total]) => sum + (total as number), 0),
        atNodes: [...nodes.values()]
          .map((node) => [node.name, byValue.get(node.labels[key] ?? '')?.[0] ?? 0])
          .sort(),
      };
    }),
  );
  return { total: chosen.length, slots: slots.sort(), domains };
}

/** Compared as texts: thousands of times over, deep comparison takes its time. */
function expectRecount(world: World, podCounts: PodCounts, selected: PodSelection): void {
  const found = JSON.stringify(counted(world.table, podCounts, selected), undefined, 1);
  expect(found).toBe(JSON.stringify(recounted(world, selected), undefined, 1));
}

describe('counts of pods', () => {
  it('equal a recount from scratch after every step of any history of nodes and pods', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40, size: 'max' }),
        fc.array(anySelection, { minLength: 1, maxLength: 3 }),
        (history, selections) => {
          const table = new NodeTable();
          const podCounts = new PodCounts(table);
          const world: World = { table, nodes: new Map(), pods: [] };
          for (const event of history) {
            play(world, event);
            if (event.kind !== 'ask') continue;
            for (const each of selections) expectRecount(world, podCounts, each);
          }
          for (const each of selections) expectRecount(world, podCounts, each);
        },
      ),
      { numRuns: 80 },
    );
  }, 60_000);

  it('follow a cluster that outgrows the table, in counts asked for before and after', () => {
    const table = new NodeTable();
    const podCounts = new PodCounts(table);
    const world: World = { table, nodes: new Map(), pods: [] };
    const early = selection([{ namespaces: 'all', spec: { matchLabels: { app: 'a' } } }]);
    const late = selection([{ namespaces: 'all', spec: {} }]);
    setNode(world, nodeOf('n0', { labels: { zone: 'z1' } }));
    counted(table, podCounts, early);
    for (let i = 0; i < 300; i++) {
      setNode(world, nodeOf(`node-${i}`, { labels: { zone: `z${i % 3}` } }));
      place(world, `node-${i}`, makePod({ labels: { app: i % 2 === 0 ? 'a' : 'b' } }));
    }
    for (const each of [early, late]) expectRecount(world, podCounts, each);
  });

  it('take no pods of unknown nodes for those of a domain, however many there are', () => {
    const table = new NodeTable();
    const podCounts = new PodCounts(table);
    const world: World = { table, nodes: new Map(), pods: [] };
    const everything = selection([{ namespaces: 'all', spec: {} }]);
    setNode(world, nodeOf('n0', { labels: { zone: 'z1' } }));
    counted(table, podCounts, everything);
    for (let i = 0; i < 100; i++) place(world, `ghost-${i}`, makePod());
    expectRecount(world, podCounts, everything);
  });

  it('hold when the table drops its label columns and builds them anew', () => {
    const table = new NodeTable();
    const podCounts = new PodCounts(table);
    const world: World = { table, nodes: new Map(), pods: [] };
    const everything = selection([{ namespaces: 'all', spec: {} }]);
    for (const zone of ['z1', 'z2']) setNode(world, nodeOf('n0', { labels: { zone } }));
    table.labelColumn('zone');
    setNode(world, nodeOf('n1', { labels: { zone: 'z1' } }));
    setNode(world, nodeOf('n0', { labels: { zone: 'z3' } }));
    place(world, 'n0', makePod());
    counted(table, podCounts, everything);
    for (let i = 0; i < 300; i++) table.labelColumn(`key-${i}`);
    expectRecount(world, podCounts, everything);
    const byZone = podCounts.byDomain(everything, 'zone');
    expect(byZone.column).toBe(table.labelColumn('zone'));
    expect(byZone.totalAt(table.borrowRow(table.slotOf('n0')!))).toBe(1);
  });

  it('tell a domain without pods from no domain, and count pods on unknown nodes in the total alone', () => {
    const table = new NodeTable();
    const podCounts = new PodCounts(table);
    const everything = selection([{ namespaces: 'all', spec: {} }]);
    table.setNode(nodeOf('n0', { labels: { zone: 'z1' } }));
    table.addPod('ghost', makePod());
    const byZone = podCounts.byDomain(everything, 'zone');
    expect([byZone.domainCount, byZone.sum, podCounts.bySlot(everything).total]).toEqual([1, 0, 1]);
    table.setNode(nodeOf('ghost', { labels: { zone: 'z2' } }));
    expect([byZone.domainCount, byZone.sum]).toEqual([2, 1]);
    table.removeNode('n0');
    expect([byZone.domainCount, byZone.totalAt(table.slotOf('ghost')!)]).toEqual([1, 1]);
  });

  it('do not know borrowed rows, and still answer for the domain of one', () => {
    const table = new NodeTable();
    const podCounts = new PodCounts(table);
    const everything = selection([{ namespaces: 'all', spec: {} }]);
    const slot = table.setNode(nodeOf('n0', { labels: { zone: 'z1' } }));
    table.addPod('n0', makePod());
    const row = table.borrowRow(slot);
    table.addPodAt(row, makePod());
    const byZone = podCounts.byDomain(everything, 'zone');
    expect([byZone.sum, byZone.totalAt(row), podCounts.bySlot(everything).at(row)]).toEqual([1, 1, 0]);
    table.returnRow(row);
    expect([byZone.sum, podCounts.bySlot(everything).total]).toEqual([1, 1]);
  });

  it('are shared by equal selections', () => {
    const podCounts = new PodCounts(new NodeTable());
    const ask = (values: string[]) =>
      selection([
        { namespaces: new Set(values), spec: { matchExpressions: [{ key: 'app', operator: 'In', values }] } },
      ]);
    expect(podCounts.bySlot(ask(['a', 'b']))).toBe(podCounts.bySlot(ask(['b', 'a'])));
    expect(podCounts.byDomain(ask(['a']), 'zone')).toBe(podCounts.byDomain(ask(['a']), 'zone'));
    expect(podCounts.byDomain(ask(['a']), 'zone', untainted)).not.toBe(
      podCounts.byDomain(ask(['a']), 'zone'),
    );
    expect(podCounts.size).toBe(2);
  });

  it('of the selection that was not asked for the longest are dropped when there are too many', () => {
    const table = new NodeTable();
    const podCounts = new PodCounts(table);
    const one = (n: number) => selection([{ namespaces: 'all', spec: { matchLabels: { app: `app-${n}` } } }]);
    table.setNode(nodeOf('n0', { labels: { zone: 'z1' } }));
    const first = podCounts.bySlot(one(0));
    const second = podCounts.bySlot(one(1));
    const secondByZone = podCounts.byDomain(one(1), 'zone');
    for (let n = 2; n < 1024; n++) podCounts.bySlot(one(n));
    expect(podCounts.bySlot(one(0))).toBe(first);
    podCounts.bySlot(one(1024));
    expect(podCounts.size).toBe(1024);
    table.addPod('n0', makePod({ labels: { app: 'app-0' } }));
    table.addPod('n0', makePod({ labels: { app: 'app-1' } }));
    expect([first.total, second.total, secondByZone.sum]).toEqual([1, 0, 0]);
    expect([podCounts.bySlot(one(1)).total, podCounts.byDomain(one(1), 'zone').sum]).toEqual([1, 1]);
  });

  it('by domain of one selection are bounded too, and start afresh when they are asked for again', () => {
    const table = new NodeTable();
    const podCounts = new PodCounts(table);
    const everything = selection([{ namespaces: 'all', spec: {} }]);
    const byZone = (n: number) => {
      const all: NodeEligibility = { key: `all-${n}`, mark: (_nodes, _rows, marks) => void marks.fill(1) };
      return podCounts.byDomain(everything, 'zone', all);
    };
    table.setNode(nodeOf('n0', { labels: { zone: 'z1' } }));
    const many = Array.from({ length: 1000 }, (_, n) => byZone(n));
    const [first, last] = [many[0]!, many.at(-1)!];
    // Both are summed up once, and kept by the pods that come from then on: the last one alone.
    expect([first.sum, last.sum]).toEqual([0, 0]);
    table.addPod('n0', makePod());
    expect([first.sum, last.sum]).toEqual([0, 1]);
    expect(byZone(999)).toBe(last);
    expect(byZone(0).sum).toBe(1);
  });

  it('are right for pods that share one map of labels, in namespaces of their own, and for some that end', () => {
    const table = new NodeTable();
    const [web, db] = [{ app: 'web' }, { app: 'db' }];
    const slot = table.setNode(nodeOf('n0'));
    for (const labels of [web, db])
      for (const namespace of ['x', 'y'])
        for (const terminating of [false, true]) {
          const times = terminating ? 1 : 2;
          for (let n = 0; n < times; n++) {
            const pod = makePod({ name: `${labels.app}-${namespace}-${terminating}-${n}`, namespace });
            table.addPod('n0', { ...pod, labels, terminating });
          }
        }
    const clauses = [{ namespaces: new Set(['x']), spec: { matchLabels: web } }];
    const count = (counted: PodSelection): number => new PodCounts(table).bySlot(counted).at(slot);
    expect(count(selection(clauses))).toBe(3);
    expect(count({ ...selection(clauses), withoutTerminating: true })).toBe(2);
  });

  it('by domain that are asked for again and again are never dropped', () => {
    const podCounts = new PodCounts(new NodeTable());
    const everything = selection([{ namespaces: 'all', spec: {} }]);
    const kept = podCounts.byDomain(everything, 'zone');
    for (let n = 0; n < 1000; n++) {
      podCounts.byDomain(everything, `key-${n}`);
      expect(podCounts.byDomain(everything, 'zone')).toBe(kept);
    }
  });
});

describe('the key of a selection', () => {
  const clause = (spec: unknown, namespaces: 'all' | ReadonlySet<string> = 'all') => {
    const compiled = compileLabelSelector(spec as never);
    if (!compiled.ok) throw new Error(compiled.error);
    return { namespaces, selector: compiled.selector };
  };

  it('differs whenever the meaning does', () => {
    const keysOf = [
      selectionKey([clause({})]),
      selectionKey([clause(undefined)]),
      selectionKey([clause({})], { withoutTerminating: true }),
      selectionKey([clause({}, new Set())]),
      selectionKey([clause({}, new Set(['all']))]),
      selectionKey([clause({ matchLabels: { a: 'b' } })]),
      selectionKey([clause({ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['b'] }] })]),
      selectionKey([clause({ matchExpressions: [{ key: 'a', operator: 'In', values: ['b', 'c'] }] })]),
      selectionKey([clause({ matchLabels: { a: 'b' } }), clause({})]),
    ];
    expect(new Set(keysOf).size).toBe(keysOf.length);
  });

  it('is the same for a map and for the expression that it stands for', () => {
    const expression = [{ key: 'a', operator: 'In', values: ['b'] }];
    expect(selectionKey([clause({ matchLabels: { a: 'b' } })])).toBe(
      selectionKey([clause({ matchExpressions: expression })]),
    );
  });
});
