import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { Cycle } from '../../../src/framework/cycle.js';
import { createVolumeRestrictions } from '../../../src/plugins/volume-restrictions.js';
import { makeNode, makePod } from '../../build-objects.js';
import { claim, clusterWith, filtered, outcomeOf, using, verdictOn, type World } from './volume-objects.js';

const diskTaken = 'Unschedulable: node(s) had no available disk';
const claimTaken =
  'Unschedulable: node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod';
const nodes = [makeNode({ name: 'a' }), makeNode({ name: 'b' })];
const pluginOf = (cluster: ClusterState) => createVolumeRestrictions(undefined, { cluster });
const exclusive = (name: string, namespace = 'default') =>
  claim(name, { namespace, accessModes: ['ReadWriteOncePod'] });

function judge(pod: Pod, world: World) {
  const cluster = clusterWith({ nodes, ...world });
  return outcomeOf(pluginOf(cluster), pod, cluster);
}

/** What a pod with one inline disk meets on node `a`, where a pod has another. */
function beside(held: Record<string, unknown>, wanted: Record<string, unknown>) {
  const outcome = judge(makePod({ spec: using(wanted) }), {
    pods: [makePod({ nodeName: 'a', spec: using(held) })],
  });
  expect(outcome).toMatchObject({ nodes: { b: '' } });
  return (outcome as { nodes: Record<string, string> }).nodes.a;
}

describe('VolumeRestrictions', () => {
  const gce = (pdName: string, readOnly?: boolean) => ({ gcePersistentDisk: { pdName, readOnly } });
  const aws = (volumeID: string, readOnly?: boolean) => ({ awsElasticBlockStore: { volumeID, readOnly } });
  const iscsi = (iqn: string, readOnly?: boolean, lun = 0) => ({
    iscsi: { iqn, lun, targetPortal: `host-${lun}`, readOnly },
  });
  const rbd = (monitors: string[], readOnly?: boolean, image = 'i', pool = 'p') => ({
    rbd: { monitors, image, pool, readOnly },
  });

  it.each([
    ['one GCE disk', gce('d'), gce('d'), diskTaken],
    ['two GCE disks', gce('d'), gce('e'), ''],
    ['one GCE disk, one of the two reading', gce('d', true), gce('d'), diskTaken],
    ['one GCE disk, both reading', gce('d', true), gce('d', true), ''],
    ['one EBS volume', aws('v'), aws('v'), diskTaken],
    ['one EBS volume, both reading', aws('v', true), aws('v', true), diskTaken],
    ['two EBS volumes', aws('v'), aws('w'), ''],
    ['one iSCSI target, other portal and lun', iscsi('q'), iscsi('q', false, 1), diskTaken],
    ['one iSCSI target, both reading', iscsi('q', true), iscsi('q', true), ''],
    ['two iSCSI targets', iscsi('q'), iscsi('r'), ''],
    ['one RBD image, a monitor in common', rbd(['m', 'n']), rbd(['n', 'o']), diskTaken],
    ['one RBD image, no monitor in common', rbd(['m']), rbd(['n']), ''],
    ['two RBD images', rbd(['m']), rbd(['m'], false, 'j'), ''],
    ['two RBD pools', rbd(['m']), rbd(['m'], false, 'i', 'q'), ''],
    ['one RBD image, both reading', rbd(['m'], true), rbd(['m'], true), ''],
    ['disks of two kinds, one name', gce('v'), aws('v'), ''],
  ])('judges %s', (_what, held, wanted, expected) => {
    expect(beside(held, wanted)).toBe(expected);
    expect(beside(wanted, held)).toBe(expected);
  });

  it('compares every volume of the pod with every volume of every pod of the node', () => {
    const pods = [
      makePod({ nodeName: 'a' }),
      makePod({ nodeName: 'a', spec: using({ emptyDir: {} }, gce('x'), aws('v')) }),
      makePod({ nodeName: 'b', spec: using(gce('y')) }),
    ];
    const wanting = (...sources: Record<string, unknown>[]) =>
      judge(makePod({ spec: using(...sources) }), { pods });
    expect(wanting(gce('z'), aws('v'))).toEqual({ nodes: { a: diskTaken, b: '' } });
    expect(wanting(gce('x'), gce('y'))).toEqual({ nodes: { a: diskTaken, b: diskTaken } });
  });

  it('refuses every node while any pod of the cluster holds a ReadWriteOncePod claim, and tells the disk first', () => {
    const claims = [exclusive('data'), claim('shared', { accessModes: ['ReadWriteMany'] })];
    const pods = [
      makePod({ nodeName: 'a', spec: using('data', 'shared') }),
      makePod({ nodeName: 'b', spec: using(gce('d')) }),
    ];
    expect(judge(makePod({ spec: using('data') }), { claims, pods })).toEqual({
      nodes: { a: claimTaken, b: claimTaken },
    });
    expect(judge(makePod({ spec: using('data', gce('d')) }), { claims, pods })).toEqual({
      nodes: { a: claimTaken, b: diskTaken },
    });
    expect(judge(makePod({ spec: using('shared') }), { claims, pods })).toBe('skip');
  });

  it('does not count uses in other namespaces, by pods of unknown nodes, or through ephemeral volumes', () => {
    const claims = [exclusive('data'), exclusive('data', 'other'), exclusive('eph-v0')];
    const pods = [
      makePod({ nodeName: 'a', namespace: 'other', spec: using('data') }),
      makePod({ nodeName: 'gone', spec: using('data') }),
      makePod({ nodeName: 'a', name: 'eph', spec: using({ ephemeral: {} }) }),
    ];
    expect(judge(makePod({ spec: using('data') }), { claims, pods })).toBe('skip');
    expect(judge(makePod({ spec: using('eph-v0') }), { claims, pods })).toBe('skip');
    const onceKnown = clusterWith({ nodes: [...nodes, makeNode({ name: 'gone' })], claims, pods });
    expect(outcomeOf(pluginOf(onceKnown), makePod({ spec: using('data') }), onceKnown)).toMatchObject({
      nodes: { a: claimTaken },
    });
  });

  it('refuses a pod whose claim is missing, whatever else it has, and takes no offence at missing ephemeral ones', () => {
    expect(judge(makePod({ spec: using(gce('d'), 'none') }), {})).toEqual({
      rejected: 'UnschedulableAndUnresolvable: persistentvolumeclaim "none" not found',
    });
    expect(
      judge(makePod({ spec: using('elsewhere') }), { claims: [claim('elsewhere', { namespace: 'x' })] }),
    ).toEqual({ rejected: 'UnschedulableAndUnresolvable: persistentvolumeclaim "elsewhere" not found' });
    expect(judge(makePod({ spec: using({ ephemeral: {} }) }), {})).toBe('skip');
  });

  it.each([
    ['without volumes', {}],
    [
      'with other volumes',
      using({ emptyDir: {} }, { azureDisk: { diskURI: 'd' } }, { csi: { driver: 'd' } }),
    ],
    ['with a free claim', using('data')],
  ])('skips a pod %s', (_what, spec) => {
    expect(judge(makePod({ spec }), { claims: [exclusive('data')] })).toBe('skip');
  });

  it('counts pods on hypothetical rows by the name of the claim alone, and forgets them again', () => {
    const claims = [exclusive('data')];
    const holder = makePod({ nodeName: 'a', spec: using('data') });
    const namesake = makePod({ nodeName: 'a', namespace: 'other', spec: using('data', 'data', 'more') });
    const cluster = clusterWith({ nodes, claims, pods: [holder, namesake] });
    const plugin = pluginOf(cluster);
    const pod = makePod({ spec: using('data') });
    const cycle = new Cycle(pod, cluster.nodes);
    plugin.preFilter(cycle, pod, cluster.nodes);
    plugin.removePod!(cycle, holder, 0);
    expect(filtered(plugin, cycle, cluster)).toEqual({ a: '', b: '' });
    plugin.removePod!(cycle, namesake, 0);
    plugin.addPod!(cycle, holder, 0);
    // One use added, two uses of a namesake taken: as in kube-scheduler, the counter is below zero and nobody is refused.
    expect(filtered(plugin, cycle, cluster)).toEqual({ a: '', b: '' });
    plugin.addPod!(cycle, namesake, 0);
    expect(filtered(plugin, cycle, cluster)).toEqual({ a: claimTaken, b: claimTaken });
  });

  it('judges a hypothetical row by the pods on it', () => {
    const holder = makePod({ nodeName: 'a', spec: using(gce('d')) });
    const cluster = clusterWith({ nodes, pods: [holder] });
    const plugin = pluginOf(cluster);
    const pod = makePod({ spec: using(gce('d')) });
    const cycle = new Cycle(pod, cluster.nodes);
    plugin.preFilter(cycle, pod, cluster.nodes);
    for (const [name, change, expected] of [
      ['a', () => {}, diskTaken],
      ['a', (row: number) => cluster.nodes.removePodAt(row, holder), ''],
      ['b', (row: number) => cluster.nodes.addPodAt(row, holder), diskTaken],
    ] as const) {
      const row = cluster.nodes.borrowRow(cluster.nodes.slotOf(name)!);
      change(row);
      expect(verdictOn(plugin, cycle, row)).toBe(expected);
      cluster.nodes.returnRow(row);
    }
    expect(filtered(plugin, cycle, cluster)).toEqual({ a: diskTaken, b: '' });
  });

  it('agrees after any history with a look at all pods', () => {
    type Source = string | Record<string, unknown>;
    const disks: readonly Source[] = [gce('d'), gce('d', true), aws('v'), iscsi('q'), rbd(['m']), rbd(['n'])];
    const source: fc.Arbitrary<Source> = fc.oneof(
      fc.constantFrom('c0', 'c1', 'c2'),
      fc.constantFrom(...disks),
    );
    const sources = fc.array(source, { maxLength: 2 });
    const namespace = fc.constantFrom('default', 'other');
    const nodeName = fc.constantFrom('a', 'b', 'ghost');
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), namespace, nodeName, sources }),
      fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }),
      fc.record({ kind: fc.constantFrom('node added' as const, 'node removed' as const), nodeName }),
    );
    const claims = ['default', 'other'].flatMap((of) => [
      exclusive('c0', of),
      exclusive('c1', of),
      claim('c2', { namespace: of }),
    ]);
    /** A disk is in the way of itself, unless both only read; the two RBD sources have no monitor in common. */
    const clashes = (one: Source, other: Source) =>
      typeof one !== 'string' &&
      typeof other !== 'string' &&
      (one === other ? one !== disks[1] : disks.indexOf(one) + disks.indexOf(other) === 1);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), sources, (steps, wanted) => {
        const cluster = clusterWith({ nodes, claims });
        const plugin = pluginOf(cluster);
        const live: { readonly pod: Pod; readonly sources: readonly Source[] }[] = [];
        for (const change of steps) {
          if (change.kind === 'add') {
            const pod = makePod({ ...change, spec: using(...change.sources) });
            live.push({ pod, sources: change.sources });
            cluster.setBoundPod(pod);
          } else if (change.kind === 'remove') {
            const [gone] = live.splice(change.which % Math.max(live.length, 1), 1);
            if (gone !== undefined) cluster.removePod(gone.pod.uid);
          } else if (change.kind === 'node added') cluster.setNode(makeNode({ name: change.nodeName }));
          else cluster.removeNode(change.nodeName);
        }
        const names = Array.from(cluster.nodes.rows().slots, (slot) => cluster.nodes.nameAt(slot));
        const counted = live.filter(({ pod }) => names.includes(pod.nodeName));
        const isTaken = counted.some(
          ({ pod, sources: held }) =>
            pod.namespace === 'default' &&
            held.some((name) => (name === 'c0' || name === 'c1') && wanted.includes(name)),
        );
        const verdict = (node: string) =>
          counted.some(
            ({ pod, sources: held }) =>
              pod.nodeName === node && held.some((one) => wanted.some((other) => clashes(one, other))),
          )
            ? diskTaken
            : isTaken
              ? claimTaken
              : '';
        const isJudged = isTaken || wanted.some((one) => typeof one !== 'string');
        expect(outcomeOf(plugin, makePod({ spec: using(...wanted) }), cluster)).toEqual(
          isJudged ? { nodes: Object.fromEntries(names.map((name) => [name, verdict(name)])) } : 'skip',
        );
      }),
      { numRuns: 300 },
    );
  });

  it('counts the pods that are there when it is made', () => {
    const pods = [makePod({ nodeName: 'a', spec: using('data', gce('d')) })];
    const cluster = clusterWith({ nodes, claims: [exclusive('data')], pods });
    const pod = makePod({ spec: using('data', gce('d')) });
    expect(outcomeOf(pluginOf(cluster), pod, cluster)).toEqual({ nodes: { a: diskTaken, b: claimTaken } });
    expect(outcomeOf(pluginOf(cluster), pod, cluster)).toEqual({ nodes: { a: diskTaken, b: claimTaken } });
  });

  describe('asks for another try', () => {
    const { events } = pluginOf(clusterWith({}));
    const hint = (i: number) => events![i]!.hint as unknown as (...args: unknown[]) => string;
    const pod = makePod({ spec: using('data', gce('d')) });

    it('when a pod of the namespace goes that held a disk or claim', () => {
      const gone = (...volumes: (string | Record<string, unknown>)[]) => makePod({ spec: using(...volumes) });
      expect(hint(0)(pod, gone('data'), undefined)).toBe('Queue');
      expect(hint(0)(pod, gone(gce('d')), undefined)).toBe('Queue');
      expect(hint(0)(pod, gone('other', gce('e'), aws('d')), undefined)).toBe('Skip');
      expect(hint(0)(pod, makePod({ namespace: 'x', spec: using('data', gce('d')) }), undefined)).toBe(
        'Skip',
      );
    });

    it('when a node comes, and when a claim comes that the pod names', () => {
      expect(events![1]).toEqual({ resource: 'Node', action: 1 });
      expect(hint(2)(pod, undefined, claim('data'))).toBe('Queue');
      expect(hint(2)(pod, undefined, claim('more'))).toBe('Skip');
      expect(hint(2)(pod, undefined, claim('data', { namespace: 'x' }))).toBe('Skip');
    });
  });
});
