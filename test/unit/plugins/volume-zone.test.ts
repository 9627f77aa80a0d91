import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Pod } from '../../../src/cluster/pod.js';
import type { PersistentVolumeClaim } from '../../../src/cluster/storage.js';
import { Cycle } from '../../../src/framework/cycle.js';
import { createVolumeZone } from '../../../src/plugins/volume-zone.js';
import { makeNode, makePod } from '../../build-objects.js';
import { claim, clusterWith, outcomeOf, storageClass, using, volume, type World } from './volume-objects.js';

const zone = 'topology.kubernetes.io/zone';
const region = 'topology.kubernetes.io/region';
const oldZone = 'failure-domain.beta.kubernetes.io/zone';
const oldRegion = 'failure-domain.beta.kubernetes.io/region';
const away = 'UnschedulableAndUnresolvable: node(s) had no available volume zone';

type Labels = Record<string, string>;

function judge(pod: Pod, world: World) {
  const cluster = clusterWith(world);
  return outcomeOf(createVolumeZone(undefined, { cluster }), pod, cluster);
}

/** What a pod meets on a node, its only volume having these labels. */
function on(node: Labels, volumeLabels: Labels) {
  return judge(makePod({ spec: using('data') }), {
    nodes: [makeNode({ name: 'n', labels: node })],
    claims: [claim('data', { volumeName: 'pv' })],
    volumes: [volume('pv', { labels: volumeLabels })],
  });
}

describe('VolumeZone', () => {
  it.each<[Labels, Labels, string]>([
    [{ [zone]: 'a' }, { [zone]: 'a' }, ''],
    [{ [zone]: 'b' }, { [zone]: 'a' }, away],
    [{ [zone]: 'b' }, { [zone]: 'a__b' }, ''],
    [{ [zone]: 'b' }, { [zone]: 'a__ b ' }, ''],
    [{}, { [zone]: 'a' }, ''],
    [{ disk: 'ssd' }, { [zone]: 'a' }, ''],
    [{ [region]: 'r' }, { [zone]: 'a' }, away],
    [{ [region]: 'r' }, { [region]: 'r' }, ''],
    [{ [zone]: 'a', [region]: 'q' }, { [zone]: 'a', [region]: 'r' }, away],
    [{ [zone]: 'a', [region]: 'r' }, { [zone]: 'a', [region]: 'r' }, ''],
    // Beta labels of a volume are looked for under the stable key, where the node has no beta one; not the other way round.
    [{ [zone]: 'a' }, { [oldZone]: 'a' }, ''],
    [{ [zone]: 'b' }, { [oldZone]: 'a' }, away],
    [{ [region]: 'r' }, { [oldRegion]: 'r' }, ''],
    [{ [zone]: 'a', [oldZone]: 'b' }, { [oldZone]: 'a' }, away],
    [{ [zone]: 'b', [oldZone]: 'a' }, { [oldZone]: 'a' }, ''],
    [{ [oldZone]: 'a' }, { [zone]: 'a' }, away],
    [{ [zone]: '' }, { [zone]: 'a' }, away],
  ])('on a node with %j, a volume with %j meets "%s"', (node, volumeLabels, expected) => {
    expect(on(node, volumeLabels)).toEqual({ nodes: { n: expected } });
  });

  it.each<[Labels]>([
    [{}],
    [{ disk: 'ssd' }],
    [{ [zone]: '' }],
    [{ [zone]: 'a__' }],
    [{ [zone]: 'a__ __b' }],
  ])('skips a pod whose volume has no topology label that can be read: %j', (labels) => {
    expect(on({ [zone]: 'z' }, labels)).toBe('skip');
  });

  it('demands what all volumes of the pod demand, and passes over a label that cannot be read', () => {
    const outcome = judge(makePod({ spec: using('one', 'two') }), {
      nodes: ['a', 'b', 'c'].map((name) => makeNode({ name, labels: { [zone]: name } })),
      claims: [claim('one', { volumeName: 'pv-1' }), claim('two', { volumeName: 'pv-2' })],
      volumes: [
        volume('pv-1', { labels: { [zone]: 'a__b', [region]: '__' } }),
        volume('pv-2', { labels: { [zone]: 'b__c' } }),
      ],
    });
    expect(outcome).toEqual({ nodes: { a: away, b: '', c: away } });
  });

  const late = storageClass('late', { volumeBindingMode: 'WaitForFirstConsumer' });
  const byOldAnnotation = { annotations: { 'volume.beta.kubernetes.io/storage-class': 'now' } };
  it.each<[string, PersistentVolumeClaim | undefined]>([
    ['persistentvolumeclaim "data" not found', undefined],
    ['persistentvolume "pv" not found', claim('data', { volumeName: 'pv' })],
    ['PersistentVolumeClaim had no pv name and storageClass name', claim('data')],
    ['storageclass.storage.k8s.io "x" not found', claim('data', { storageClassName: 'x' })],
    ['VolumeBindingMode not set for StorageClass "odd"', claim('data', { storageClassName: 'odd' })],
    ['PersistentVolume had no name', claim('data', { storageClassName: 'now' })],
    ['PersistentVolume had no name', claim('data', { storageClassName: 'late', metadata: byOldAnnotation })],
  ])('refuses a pod: %s', (expected, of) => {
    const classes = [late, storageClass('now'), storageClass('odd', { volumeBindingMode: null })];
    const claims = of === undefined ? [] : [of];
    expect(judge(makePod({ spec: using('data') }), { claims, classes })).toEqual({
      rejected: `UnschedulableAndUnresolvable: ${expected}`,
    });
  });

  it('refuses a pod that names no claim', () => {
    expect(judge(makePod({ spec: using('') }), {})).toEqual({
      rejected: 'UnschedulableAndUnresolvable: PersistentVolumeClaim had no name',
    });
  });

  it('asks nothing of claims that wait for their first consumer, of ephemeral volumes, and of pods without claims', () => {
    const claims = [claim('data', { storageClassName: 'late' })];
    expect(judge(makePod({ spec: using('data', { ephemeral: {} }) }), { claims, classes: [late] })).toBe(
      'skip',
    );
    expect(judge(makePod({ spec: using({ gcePersistentDisk: { pdName: 'd' } }) }), {})).toBe('skip');
    expect(judge(makePod(), {})).toBe('skip');
  });

  it('agrees over columns with a look at the labels of each node, in whatever company a row comes', () => {
    const key = fc.constantFrom(zone, region, oldZone, oldRegion);
    const nodeLabels = fc.dictionary(key, fc.constantFrom('a', 'b', ''));
    const volumeLabels = fc.dictionary(key, fc.constantFrom('a', 'b__c', 'a__ b', '', '__'));
    const world = fc.record({
      nodes: fc.array(nodeLabels, { minLength: 1, maxLength: 5 }),
      volumes: fc.array(volumeLabels, { minLength: 1, maxLength: 2 }),
    });
    fc.assert(
      fc.property(world, (given) => {
        const cluster = clusterWith({
          nodes: given.nodes.map((labels, i) => makeNode({ name: `n${i}`, labels })),
          claims: given.volumes.map((_, i) => claim(`c${i}`, { volumeName: `pv${i}` })),
          volumes: given.volumes.map((labels, i) => volume(`pv${i}`, { labels })),
        });
        const pod = makePod({ spec: using(...given.volumes.map((_, i) => `c${i}`)) });
        const plugin = createVolumeZone(undefined, { cluster });
        const demands = given.volumes
          .flatMap((labels) => Object.entries(labels))
          .map(([of, text]) => ({ of, values: text.split('__').map((value) => value.trim()) }))
          .filter(({ values }) => !values.includes(''));
        const passes = (labels: Labels) =>
          Object.keys(labels).length === 0 ||
          demands.every(({ of, values }) => {
            const stable = { [oldZone]: zone, [oldRegion]: region }[of] ?? of;
            return values.includes(labels[of] ?? labels[stable] ?? 'nowhere');
          });
        expect(outcomeOf(plugin, pod, cluster)).toEqual(
          demands.length === 0
            ? 'skip'
            : {
                nodes: Object.fromEntries(
                  given.nodes.map((labels, i) => [`n${i}`, passes(labels) ? '' : away]),
                ),
              },
        );
        if (demands.length === 0) return;
        const cycle = new Cycle(pod, cluster.nodes);
        plugin.preFilter(cycle, pod, cluster.nodes);
        const rows = cluster.nodes.rows();
        const verdicts = new Int32Array(rows.length);
        plugin.filterRows(cycle, pod, rows, verdicts);
        expect([...verdicts]).toEqual(
          Array.from(rows.slots, (slot) =>
            passes(given.nodes[Number(cluster.nodes.nameAt(slot)[1])]!) ? 0 : 1,
          ),
        );
      }),
      { numRuns: 300 },
    );
  });

  describe('asks for another try', () => {
    const { events } = createVolumeZone(undefined, { cluster: clusterWith({}) });
    const hint = (i: number) => events![i]!.hint as unknown as (...args: unknown[]) => string;
    const pod = makePod({ spec: using('data') });

    it('when a class comes that waits for the first consumer, or a node comes or changes its labels', () => {
      expect(hint(0)(pod, undefined, late)).toBe('Queue');
      expect(hint(0)(pod, undefined, storageClass('now'))).toBe('Skip');
      expect(events![1]).toEqual({ resource: 'Node', action: 1 | 8 });
    });

    it('when a claim that the pod names comes or changes', () => {
      expect(hint(2)(pod, undefined, claim('data'))).toBe('Queue');
      expect(hint(2)(pod, claim('data'), claim('data', { volumeName: 'pv' }))).toBe('Queue');
      expect(hint(2)(pod, undefined, claim('data', { namespace: 'other' }))).toBe('Skip');
      expect(hint(2)(makePod({ spec: using({ ephemeral: {} }) }), undefined, claim('data'))).toBe('Skip');
    });

    it('when a volume comes, or says something else of its place', () => {
      const placed = (labels: Labels) => volume('pv', { labels });
      expect(hint(3)(pod, undefined, placed({}))).toBe('Queue');
      expect(hint(3)(pod, placed({ [zone]: 'a' }), placed({ [zone]: 'b' }))).toBe('Queue');
      expect(hint(3)(pod, placed({ [zone]: 'a' }), placed({ [oldZone]: 'a' }))).toBe('Queue');
      expect(hint(3)(pod, placed({ [zone]: 'a__b' }), placed({ [zone]: 'b__ a', disk: 'x' }))).toBe('Skip');
      expect(hint(3)(pod, placed({ [zone]: '' }), placed({}))).toBe('Skip');
    });
  });
});
