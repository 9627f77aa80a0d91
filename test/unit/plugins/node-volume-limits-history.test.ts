import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Pod } from '../../../src/cluster/pod.js';
import { Cycle } from '../../../src/framework/cycle.js';
import { createNodeVolumeLimits, type NodeVolumeLimits } from '../../../src/plugins/node-volume-limits.js';
import { makeNode, makePod } from '../../build-objects.js';
import {
  attachment,
  claim,
  clusterWith,
  csiNode,
  csiVolume,
  filtered,
  storageClass,
  using,
  verdictOn,
  volume,
} from './volume-objects.js';

/*
 * NodeVolumeLimits keeps what it counted until something changes that the count rests on. Whatever happens, it has to say what a
 * count from scratch says.
 */

const full = 'Unschedulable: node(s) exceed max volume count';
const gce = 'pd.csi.storage.gke.io';

/** Name of a claim, or of a GCE disk written into the pod. */
type Source = { readonly claim: string } | { readonly disk: string };
type Key = readonly [key: string, driver: string];

const nodeName = fc.constantFrom('n1', 'n2', 'n3');
const claimName = fc.constantFrom('c0', 'c1', 'c2', 'c3');
const source: fc.Arbitrary<Source> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ claim: claimName }) },
  fc.record({ disk: fc.constantFrom('x', 'y') }),
);
const sources = fc.array(source, { minLength: 1, maxLength: 2 });
const limits = fc.dictionary(fc.constantFrom('d', gce), fc.integer({ min: 0, max: 3 }), { maxKeys: 2 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('add pod' as const), nodeName, sources }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove pod' as const), which: fc.nat() }) },
  // '' unbinds the claim, 'late' names a volume that may not be there.
  fc.record({
    kind: fc.constant('bind' as const),
    claimName,
    to: fc.constantFrom('d1', 'd2', 'in-tree', 'late', ''),
  }),
  fc.record({ kind: fc.constantFrom('make volume' as const, 'remove volume' as const) }),
  fc.record({ kind: fc.constantFrom('make class' as const, 'remove class' as const) }),
  fc.record({ kind: fc.constant('remove claim' as const), claimName }),
  fc.record({ kind: fc.constant('limit' as const), nodeName, limits: fc.option(limits, { nil: undefined }) }),
  fc.record({
    kind: fc.constantFrom('attach' as const, 'detach' as const),
    nodeName,
    to: fc.constantFrom('d1', 'd2', 'd3', 'in-tree'),
  }),
  fc.record({ kind: fc.constantFrom('add node' as const, 'remove node' as const), nodeName }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface PlacedPod {
  readonly pod: Pod;
  readonly sources: readonly Source[];
}

/** A cluster, and beside it the same facts in the plainest form. */
class World {
  readonly cluster = clusterWith({
    nodes: ['n1', 'n2'].map((name) => makeNode({ name })),
    volumes: [
      ...['d1', 'd2', 'd3'].map((name) => csiVolume(name, 'd')),
      volume('in-tree', { gcePersistentDisk: { pdName: 'x' } }),
    ],
    classes: [storageClass('by-d', { provisioner: 'd' })],
    csiNodes: [csiNode('n1', { d: 2 }), csiNode('n2', { d: 1, [gce]: 1 })],
  });
  readonly plugin: NodeVolumeLimits = createNodeVolumeLimits(undefined, { cluster: this.cluster });
  readonly pods: PlacedPod[] = [];
  readonly #bindings = new Map<string, string>();
  readonly #limits = new Map<string, Record<string, number>>([
    ['n1', { d: 2 }],
    ['n2', { d: 1, [gce]: 1 }],
  ]);
  readonly #attached = new Set<string>();
  #isLateThere = false;
  #hasClass = true;

  constructor() {
    for (const [name, to] of [
      ['c0', 'd1'],
      ['c1', 'd2'],
      ['c2', 'in-tree'],
      ['c3', 'd3'],
    ] as const)
      this.#bind(name, to);
  }

  apply(change: Step): void {
    const { cluster } = this;
    const { storage } = cluster;
    switch (change.kind) {
      case 'add pod': {
        const placed = placedPod(change.sources, change.nodeName);
        this.pods.push(placed);
        cluster.setBoundPod(placed.pod);
        return;
      }
      case 'remove pod': {
        const [gone] = this.pods.splice(change.which % Math.max(this.pods.length, 1), 1);
        if (gone !== undefined) cluster.removePod(gone.pod.uid);
        return;
      }
      case 'bind':
        this.#bind(change.claimName, change.to);
        return;
      case 'remove claim':
        this.#bindings.delete(change.claimName);
        storage.claims.delete({ name: change.claimName, namespace: 'default' });
        return;
      case 'make volume':
        this.#isLateThere = true;
        storage.volumes.set(csiVolume('late', gce));
        return;
      case 'remove volume':
        this.#isLateThere = false;
        storage.volumes.delete({ name: 'late' });
        return;
      case 'make class':
        this.#hasClass = true;
        storage.classes.set(storageClass('by-d', { provisioner: 'd' }));
        return;
      case 'remove class':
        this.#hasClass = false;
        storage.classes.delete({ name: 'by-d' });
        return;
      case 'limit':
        if (change.limits === undefined) {
          this.#limits.delete(change.nodeName);
          storage.csiNodes.delete({ name: change.nodeName });
        } else {
          this.#limits.set(change.nodeName, change.limits);
          storage.csiNodes.set(csiNode(change.nodeName, change.limits));
        }
        return;
      case 'attach':
        this.#attached.add(`${change.nodeName} ${change.to}`);
        storage.attachments.set(attachment('d', change.nodeName, change.to));
        return;
      case 'detach':
        this.#attached.delete(`${change.nodeName} ${change.to}`);
        storage.attachments.delete(attachment('d', change.nodeName, change.to));
        return;
      case 'add node':
        cluster.setNode(makeNode({ name: change.nodeName }));
        return;
      case 'remove node':
        cluster.removeNode(change.nodeName);
    }
  }

  get nodeNames(): string[] {
    const { nodes } = this.cluster;
    return Array.from(nodes.rows().slots, (slot) => nodes.nameAt(slot));
  }

  /** What a pod with the wanted volumes meets on a node with these pods. */
  expected(wanted: readonly Source[], on: string, pods: readonly PlacedPod[]): string {
    const missing = wanted.find((of) => this.#isMissing(of));
    if (missing !== undefined) {
      const name = 'claim' in missing ? missing.claim : '';
      return `UnschedulableAndUnresolvable: looking up PVC default/${name}: persistentvolumeclaim "${name}" not found`;
    }
    const limit = this.#limits.get(on);
    if (limit === undefined) return '';
    const there = new Map(this.#keys(pods.flatMap(({ sources: held }) => held)));
    const fresh = new Map(this.#keys(wanted).filter(([key]) => !there.has(key)));
    for (const name of ['d1', 'd2', 'd3'])
      if (this.#attached.has(`${on} ${name}`)) there.set(`d/${name}`, 'd');
    const count = (keys: ReadonlyMap<string, string>, driver: string) =>
      [...keys.values()].filter((by) => by === driver).length;
    const isOver = Object.entries(limit).some(
      ([driver, most]) => count(fresh, driver) > 0 && count(there, driver) + count(fresh, driver) > most,
    );
    return isOver ? full : '';
  }

  #bind(name: string, volumeName: string): void {
    this.#bindings.set(name, volumeName);
    this.cluster.storage.claims.set(claim(name, { volumeName, storageClassName: 'by-d' }));
  }

  #isMissing(of: Source): boolean {
    return 'claim' in of && !this.#bindings.has(of.claim);
  }

  #keys(of: readonly Source[]): Key[] {
    return of
      .filter((one) => !this.#isMissing(one))
      .flatMap((one) => this.#key(one) ?? [])
      .map(([key, by]) => [key, by] as const);
  }

  #key(of: Source): [Key] | undefined {
    if ('disk' in of) return [[`${gce}/${of.disk}`, gce]];
    const name = this.#bindings.get(of.claim)!;
    if (name === 'in-tree') return [[`${gce}/x`, gce]];
    if (name.startsWith('d')) return [[`d/${name}`, 'd']];
    if (name === 'late' && this.#isLateThere) return [[`${gce}/late`, gce]];
    return this.#hasClass ? [[`claim ${of.claim}`, 'd']] : undefined;
  }
}

function placedPod(of: readonly Source[], on?: string): PlacedPod {
  const volumes = of.map((one) => ('claim' in one ? one.claim : { gcePersistentDisk: { pdName: one.disk } }));
  return {
    sources: of,
    pod: makePod({ spec: using(...volumes), ...(on !== undefined && { nodeName: on }) }),
  };
}

/** Judges every row alone, every row as a hypothetical one with other pods, and all rows together. */
function check(world: World, wanted: readonly Source[], extra: readonly Source[]): void {
  const { cluster, plugin } = world;
  const { nodes } = cluster;
  const { pod } = placedPod(wanted);
  const cycle = new Cycle(pod, nodes);
  const on = (name: string) => world.pods.filter((placed) => placed.pod.nodeName === name);
  for (const name of world.nodeNames) {
    const others = [...on(name).slice(1), placedPod(extra, name)];
    const row = nodes.borrowRow(nodes.slotOf(name)!);
    for (const gone of on(name).slice(0, 1)) nodes.removePodAt(row, gone.pod);
    nodes.addPodAt(row, others.at(-1)!.pod);
    expect(verdictOn(plugin, cycle, row)).toBe(world.expected(wanted, name, others));
    nodes.returnRow(row);
  }
  const rows = nodes.rows();
  const verdicts = new Int32Array(rows.length);
  plugin.filterRows(cycle, pod, rows, verdicts);
  const alone = filtered(plugin, new Cycle(pod, nodes), cluster);
  for (const [i, name] of world.nodeNames.entries()) {
    expect(alone[name]).toBe(world.expected(wanted, name, on(name)));
    expect(verdicts[i] === 0).toBe(alone[name] === '');
  }
}

describe('NodeVolumeLimits, after any history,', () => {
  it('agrees with a count from scratch, on real and on hypothetical rows, in whatever company', () => {
    const history = fc.array(fc.record({ change: step, wanted: sources, extra: sources }), { maxLength: 30 });
    fc.assert(
      fc.property(history, (steps) => {
        const world = new World();
        for (const { change, wanted, extra } of steps) {
          world.apply(change);
          check(world, wanted, extra);
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['at once', []],
    ['with the last pod on it', [placedPod([], 'n1')]],
  ])('forgets a node that went %s before its slot is lent out', (_when, pods) => {
    const world = new World();
    const { cluster, plugin } = world;
    for (const { pod } of pods) cluster.setBoundPod(pod);
    world.apply({ kind: 'add pod', nodeName: 'n2', sources: [{ claim: 'c0' }] });
    check(world, [{ claim: 'c1' }], [{ claim: 'c3' }]);
    const slot = cluster.nodes.slotOf('n1');
    world.apply({ kind: 'remove node', nodeName: 'n1' });
    check(world, [{ claim: 'c1' }], [{ claim: 'c3' }]);
    for (const { pod } of pods) cluster.removePod(pod.uid);
    const row = cluster.nodes.borrowRow(cluster.nodes.slotOf('n2')!);
    expect(row).toBe(slot);
    const cycle = new Cycle(placedPod([{ claim: 'c1' }]).pod, cluster.nodes);
    expect(verdictOn(plugin, cycle, row)).toBe(full);
    cluster.nodes.returnRow(row);
  });

  it('knows a node that came back in another slot', () => {
    const world = new World();
    world.apply({ kind: 'add pod', nodeName: 'n1', sources: [{ claim: 'c0' }] });
    check(world, [{ claim: 'c1' }], [{ claim: 'c3' }]);
    world.apply({ kind: 'remove node', nodeName: 'n1' });
    world.apply({ kind: 'remove pod', which: 0 });
    for (const nodeName of ['n3', 'n1'] as const) world.apply({ kind: 'add node', nodeName });
    check(world, [{ claim: 'c1' }], [{ claim: 'c3' }]);
    world.apply({ kind: 'limit', nodeName: 'n3', limits: { d: 0 } });
    check(world, [{ claim: 'c1' }], [{ claim: 'c3' }]);
  });
});
