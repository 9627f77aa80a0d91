import { describe, expect, it } from '@jest/globals';
import { Action } from '../../../src/cluster/action.js';
import type { VolumeBindingArgs } from '../../../src/config/plugin-args.js';
import type { EventRegistration, Hint } from '../../../src/framework/cluster-event.js';
import { Cycle } from '../../../src/framework/cycle.js';
import { createVolumeBinding } from '../../../src/plugins/volume-binding.js';
import { makeNode, makePod } from '../../build-objects.js';
import {
  boundClaim,
  claim,
  clusterWith,
  csiDriver,
  csiNode,
  filtered,
  late,
  podUsing,
  pool,
  prepared,
  storageClass,
  verdicts,
  volume,
  type World,
  where,
} from './volume-binding-objects.js';

const zone = 'topology.kubernetes.io/zone';
const [a, b] = ['a', 'b'].map((name) => makeNode({ name, labels: { [zone]: name } })) as [
  ReturnType<typeof makeNode>,
  ReturnType<typeof makeNode>,
];
const inZone = (...names: string[]) => [where(zone, ...names)];
const making = (fields: object = {}) => storageClass(late, { provisioner: 'csi.example.com', ...fields });

const elsewhere = "node(s) didn't match PersistentVolume's node affinity";
const unbindable = "node(s) didn't find available persistent volumes to bind";
const tooSmall = 'node(s) did not have enough free storage';
const dangling = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)';

function pluginFor(world: World, args?: VolumeBindingArgs) {
  const cluster = clusterWith({ nodes: [a, b], ...world });
  return { cluster, plugin: createVolumeBinding(args, { cluster }) };
}

function judge(pod: Parameters<typeof verdicts>[1], world: World) {
  const { cluster, plugin } = pluginFor(world);
  return verdicts(plugin, pod, cluster);
}

function scores(pod: Parameters<typeof verdicts>[1], world: World, args?: VolumeBindingArgs) {
  const { cluster, plugin } = pluginFor(world, args);
  const cycle = new Cycle(pod, cluster.nodes);
  plugin.preFilter(cycle, pod, cluster.nodes);
  expect(plugin.preScore()).toBeUndefined();
  const rows = cluster.nodes.rows();
  const given = new Float64Array(rows.length).fill(-1);
  plugin.filterRows(cycle, pod, rows, new Int32Array(rows.length));
  plugin.scoreRows(cycle, pod, rows, given);
  return Object.fromEntries(Array.from(given, (score, i) => [cluster.nodes.nameAt(rows.slots[i]!), score]));
}

describe('VolumeBinding before any node is looked at', () => {
  it('has nothing to do with pods that use no claims', () => {
    expect(judge(podUsing(), {})).toBe('skip');
    expect(judge(podUsing({ gcePersistentDisk: { pdName: 'd' } }), {})).toBe('skip');
  });

  it.each<[string, World, string]>([
    ['missing', {}, 'persistentvolumeclaim "data" not found'],
    [
      'of another namespace',
      { claims: [claim('data', { namespace: 'other' })] },
      'persistentvolumeclaim "data" not found',
    ],
    [
      'lost',
      { claims: [claim('data', { phase: 'Lost', volumeName: 'gone' })] },
      'persistentvolumeclaim "data" bound to non-existent persistentvolume "gone"',
    ],
    [
      'being deleted',
      { claims: [claim('data', { terminating: true })] },
      'persistentvolumeclaim "data" is being deleted',
    ],
    [
      'lost and being deleted',
      { claims: [claim('data', { terminating: true, phase: 'Lost', volumeName: 'gone' })] },
      'persistentvolumeclaim "data" bound to non-existent persistentvolume "gone"',
    ],
    [
      'without class and volume',
      { claims: [claim('data', { class: '' })] },
      'pod has unbound immediate PersistentVolumeClaims',
    ],
    [
      'of a class that does not exist',
      { claims: [claim('data', { class: 'none' })] },
      'pod has unbound immediate PersistentVolumeClaims',
    ],
    [
      'of a class that binds at once',
      { claims: [claim('data')], classes: [storageClass(late, { volumeBindingMode: 'Immediate' })] },
      'pod has unbound immediate PersistentVolumeClaims',
    ],
    [
      'waiting for a volume that it names',
      { claims: [claim('data', { volumeName: 'pv' })] },
      'pod has unbound immediate PersistentVolumeClaims',
    ],
  ])('refuses a pod whose claim is %s', (_case, world, reason) => {
    expect(judge(podUsing('data'), world)).toBe(`UnschedulableAndUnresolvable: ${reason}`);
  });

  it('waits for the claim of an ephemeral volume, and refuses one that belongs to another pod', () => {
    const pod = podUsing({ ephemeral: { volumeClaimTemplate: {} } });
    expect(judge(pod, {})).toBe(
      'UnschedulableAndUnresolvable: waiting for ephemeral volume controller to create the persistentvolumeclaim "web-v0"',
    );
    expect(judge(pod, { claims: [claim('web-v0', { owner: 'somebody' })] })).toBe(
      'UnschedulableAndUnresolvable: PVC default/web-v0 was not created for pod default/web (pod is not owner)',
    );
    const own = { claims: [claim('web-v0', { owner: pod.uid })], volumes: [volume('pv')] };
    expect(judge(pod, own)).toEqual({ a: '', b: '' });
  });

  it('reports the first claim that is in trouble, whatever is wrong with later ones', () => {
    expect(
      judge(podUsing('ok', 'going', 'missing'), {
        claims: [claim('ok', { class: '' }), claim('going', { terminating: true })],
      }),
    ).toBe('UnschedulableAndUnresolvable: persistentvolumeclaim "going" is being deleted');
  });

  it('fails where a class does not say when it binds', () => {
    expect(
      judge(podUsing('data'), {
        claims: [claim('data')],
        classes: [storageClass(late, { volumeBindingMode: null })],
      }),
    ).toBe('Error: VolumeBindingMode not set for StorageClass "late"');
  });
});

describe('VolumeBinding, for claims that have their volume,', () => {
  const pod = podUsing('data');

  it('lets the pod go where the volume can be used', () => {
    const claims = [boundClaim('data', 'pv')];
    expect(judge(pod, { claims, volumes: [volume('pv')] })).toEqual({ a: '', b: '' });
    expect(judge(pod, { claims, volumes: [volume('pv', { nodes: inZone('a') })] })).toEqual({
      a: '',
      b: elsewhere,
    });
    expect(judge(pod, { claims, volumes: [volume('pv', { nodes: [] })] })).toEqual({
      a: elsewhere,
      b: elsewhere,
    });
  });

  it('says when the volume does not exist', () => {
    expect(judge(pod, { claims: [boundClaim('data', 'pv')] })).toEqual({ a: dangling, b: dangling });
  });

  it('stops at the first volume that cannot be used', () => {
    const claims = [boundClaim('one', 'pv'), boundClaim('two', 'gone')];
    const volumes = [volume('pv', { nodes: inZone('a') })];
    expect(judge(podUsing('one', 'two'), { claims, volumes })).toEqual({ a: dangling, b: elsewhere });
    expect(judge(podUsing('two', 'one'), { claims, volumes })).toEqual({ a: dangling, b: dangling });
  });

  it.each<[string, object, string]>([
    ['ignores fields', { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['x'] }] }, ''],
    [
      'ignores fields beside labels',
      {
        matchFields: [{ key: 'metadata.name', operator: 'In', values: ['x'] }],
        matchExpressions: [{ key: zone, operator: 'In', values: ['b'] }],
      },
      elsewhere,
    ],
    [
      'takes malformed fields for a mismatch',
      { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a', 'b'] }] },
      elsewhere,
    ],
    [
      'takes what cannot be parsed for a mismatch',
      { matchExpressions: [{ key: zone, operator: 'Gt', values: ['x'] }] },
      elsewhere,
    ],
    ['takes an empty term for a mismatch', {}, elsewhere],
  ])('%s in a node affinity', (_case, term, expected) => {
    const world = {
      claims: [boundClaim('data', 'pv')],
      volumes: [volume('pv', { nodes: [term as Record<string, unknown>] })],
    };
    expect(judge(pod, world)).toMatchObject({ a: expected });
  });

  it('judges by the topology of the CSI driver where that took over from the plugin in the tree', () => {
    const gke = 'topology.gke.io/zone';
    const nodes = ['migrated', 'moved', 'old', 'bare'].map((name) =>
      makeNode({ name, labels: name === 'moved' ? { [gke]: 'z1' } : { [zone]: 'z1' } }),
    );
    const world = {
      nodes,
      claims: [boundClaim('data', 'pv')],
      volumes: [volume('pv', { nodes: inZone('z1'), spec: { gcePersistentDisk: { pdName: 'disk' } } })],
      csiNodes: [
        csiNode('migrated', 'kubernetes.io/gce-pd'),
        csiNode('moved', 'kubernetes.io/aws-ebs', 'kubernetes.io/gce-pd'),
        csiNode('old', 'kubernetes.io/aws-ebs'),
      ],
    };
    expect(judge(pod, world)).toEqual({ migrated: elsewhere, moved: '', old: '', bare: '' });
  });

  it.each([
    ['kubernetes.io/vsphere-volume', { vsphereVolume: { volumePath: '[store] disk' } }],
    ['kubernetes.io/azure-file', { azureFile: { secretName: 's', shareName: 'share' } }],
  ])('takes volumes of %s as they are, whatever nodes say is migrated', (plugin, source) => {
    const world = {
      nodes: [makeNode({ name: 'a', labels: { [zone]: 'z1' } }), makeNode({ name: 'b' })],
      claims: [boundClaim('data', 'pv')],
      volumes: [volume('pv', { nodes: inZone('z1'), spec: source })],
      csiNodes: [csiNode('a', plugin), csiNode('b', plugin)],
    };
    expect(judge(pod, world)).toEqual({ a: '', b: elsewhere });
  });

  it('fails where the volume cannot be told in the words of the CSI driver', () => {
    const world = {
      claims: [boundClaim('data', 'pv')],
      volumes: [volume('pv', { spec: { azureDisk: { diskURI: 'd', kind: 'Shared' } } })],
      csiNodes: [csiNode('b', 'kubernetes.io/azure-disk')],
    };
    expect(() => judge(pod, world)).toThrow('could not translate pv: ');
  });

  it('does not look at further volumes for a node that may not use one', () => {
    const world = {
      claims: [boundClaim('data', 'pv'), boundClaim('odd', 'untold')],
      volumes: [
        volume('pv', { nodes: inZone('nowhere') }),
        volume('untold', { spec: { azureDisk: { diskURI: 'd', kind: 'Shared' } } }),
      ],
      csiNodes: [csiNode('a', 'kubernetes.io/azure-disk'), csiNode('b', 'kubernetes.io/azure-disk')],
    };
    expect(judge(podUsing('data', 'odd'), world)).toMatchObject({ a: elsewhere, b: elsewhere });
  });
});

describe('VolumeBinding, looking for a volume,', () => {
  const pod = podUsing('data');
  const claims = [claim('data')];
  const other = { namespace: 'default', name: 'other', uid: 'uid-of-other' };
  const mine = { namespace: 'default', name: 'data', uid: 'uid-of-data' };

  it.each<[string, Parameters<typeof volume>[1], string]>([
    ['is free and large enough', {}, ''],
    ['is exactly large enough', { storage: '5Gi' }, ''],
    ['is too small', { storage: '4Gi' }, unbindable],
    ['is of another class', { class: 'other' }, unbindable],
    ['belongs to another claim', { claimRef: other }, unbindable],
    ['is held for its name', { claimRef: { ...mine, uid: '' }, phase: 'Pending' }, ''],
    ['is bound to it', { claimRef: mine, phase: 'Bound' }, ''],
    ['was held for an earlier claim of that name', { claimRef: { ...mine, uid: 'old' } }, unbindable],
    ['is held for it, but too small', { claimRef: mine, storage: '1Gi' }, unbindable],
    ['is held for it and is going', { claimRef: mine, terminating: true }, unbindable],
    ['is held for it, whatever its access modes', { claimRef: mine, modes: ['ReadOnlyMany'] }, ''],
    ['is not available yet', { phase: 'Pending' }, unbindable],
    ['was released', { phase: 'Released' }, unbindable],
    ['is going', { terminating: true }, unbindable],
    ['is a block device', { spec: { volumeMode: 'Block' } }, unbindable],
    ['is a file system and says so', { spec: { volumeMode: 'Filesystem' } }, ''],
    ['has other attributes', { spec: { volumeAttributesClassName: 'fast' } }, unbindable],
    ['cannot be mounted that way', { modes: ['ReadOnlyMany'] }, unbindable],
    ['can be mounted in more ways', { modes: ['ReadOnlyMany', 'ReadWriteOnce'] }, ''],
  ])('judges one that %s', (_case, parts, expected) => {
    expect(judge(pod, { claims, volumes: [volume('pv', parts)] })).toEqual({ a: expected, b: expected });
  });

  it('needs what the claim asks for: mode, attributes, access modes, labels', () => {
    const demanding = claim('data', {
      modes: ['ReadWriteOnce', 'ReadOnlyMany'],
      spec: {
        volumeMode: 'Block',
        volumeAttributesClassName: 'fast',
        selector: { matchLabels: { tier: 'gold' } },
      },
    });
    const fitting = {
      labels: { tier: 'gold' },
      modes: ['ReadOnlyMany', 'ReadWriteOnce'],
      spec: { volumeMode: 'Block', volumeAttributesClassName: 'fast' },
    };
    const on = (parts: Parameters<typeof volume>[1]) =>
      judge(pod, { claims: [demanding], volumes: [volume('pv', parts)] });
    expect(on(fitting)).toEqual({ a: '', b: '' });
    expect(on({ ...fitting, labels: { tier: 'tin' } })).toMatchObject({ a: unbindable });
    expect(on({ ...fitting, modes: ['ReadWriteOnce'] })).toMatchObject({ a: unbindable });
    expect(on({ ...fitting, spec: { volumeMode: 'Block' } })).toMatchObject({ a: unbindable });
  });

  it('takes any size for a claim that asks for no storage', () => {
    const world = { claims: [claim('data', { storage: null })], volumes: [volume('pv', { storage: '1Ki' })] };
    expect(judge(pod, world)).toEqual({ a: '', b: '' });
  });

  it('looks node by node', () => {
    const volumes = [volume('pv', { nodes: inZone('a') })];
    expect(judge(pod, { claims, volumes })).toEqual({ a: '', b: unbindable });
  });

  it('looks for no other where the volume that is held for the claim cannot be used', () => {
    const volumes = [volume('free'), volume('held', { claimRef: mine, nodes: inZone('a') })];
    expect(judge(pod, { claims, volumes })).toEqual({ a: '', b: unbindable });
  });

  it('gives each claim a volume of its own, the small ones first', () => {
    const two = [claim('large', { storage: '8Gi' }), claim('small', { storage: '1Gi' })];
    const both = podUsing('large', 'small');
    expect(judge(both, { claims: two, volumes: [volume('pv')] })).toMatchObject({ a: unbindable });
    const volumes = [volume('10'), volume('9', { storage: '9Gi', nodes: inZone('a') })];
    expect(judge(both, { claims: two, volumes })).toEqual({ a: '', b: unbindable });
    // The small claim takes the smaller volume, although the large one is first in the pod.
    const sized = [volume('2', { storage: '2Gi' }), volume('8', { storage: '8Gi' })];
    expect(judge(both, { claims: two, volumes: sized })).toEqual({ a: '', b: '' });
  });

  it('needs two volumes for a claim that the pod uses twice, as kube-scheduler does', () => {
    const twice = podUsing('data', 'data');
    expect(judge(twice, { claims, volumes: [volume('pv')] })).toMatchObject({ a: unbindable });
    expect(judge(twice, { claims, volumes: [volume('pv'), volume('pv2')] })).toMatchObject({ a: '' });
    const held = volume('held', { claimRef: mine });
    expect(judge(twice, { claims, volumes: [held] })).toMatchObject({ a: unbindable });
    expect(judge(twice, { claims, volumes: [held, volume('pv')] })).toMatchObject({ a: '' });
  });

  it('finds volumes for a borrowed row after the table has dropped the columns that it looked at first', () => {
    const world = { claims, volumes: [volume('pv', { nodes: inZone('b') })] };
    const { cluster, plugin } = pluginFor(world);
    const { nodes } = cluster;
    const cycle = filtered(plugin, pod, cluster) as Cycle;
    const verdictOn = (slot: number) => {
      const verdict = new Int32Array(1);
      plugin.filterRows(cycle, pod, { slots: Int32Array.of(slot), length: 1 }, verdict);
      return verdict[0];
    };
    expect(verdictOn(nodes.slotOf('a')!)).toBe(2);
    for (let i = 0; i < 300; i++) nodes.labelColumn(`key-${i}`);
    const row = nodes.borrowRow(nodes.slotOf('b')!);
    expect(verdictOn(row)).toBe(0);
    nodes.returnRow(row);
  });

  it('fails on a selector that cannot be parsed', () => {
    const selector = { matchExpressions: [{ key: 'x', operator: 'Near', values: ['y'] }] };
    const world = { claims: [claim('data', { spec: { selector } })], volumes: [volume('pv')] };
    expect(() => judge(pod, world)).toThrow('error creating internal label selector for claim');
  });

  it('combines its reasons with those of claims that have their volume', () => {
    const both = podUsing('bound', 'data');
    const mixed = [boundClaim('bound', 'there'), ...claims];
    const there = volume('there', { class: 'x', nodes: inZone('a') });
    expect(judge(both, { claims: mixed, volumes: [there] })).toEqual({
      a: unbindable,
      b: `${elsewhere}, ${unbindable}`,
    });
    expect(judge(both, { claims: mixed })).toEqual({
      a: `${unbindable}, ${dangling}`,
      b: `${unbindable}, ${dangling}`,
    });
  });
});

describe('VolumeBinding, where volumes are made,', () => {
  const pod = podUsing('data');
  const claims = [claim('data')];
  const tracked = { claims, classes: [making()], csiDrivers: [csiDriver('csi.example.com')] };

  it.each([
    ['csi.example.com', ''],
    ['', unbindable],
    ['kubernetes.io/no-provisioner', unbindable],
  ])('counts on provisioner "%s": "%s"', (provisioner, expected) => {
    expect(judge(pod, { claims, classes: [making({ provisioner })] })).toEqual({ a: expected, b: expected });
  });

  it.each<[unknown, string, string]>([
    [[], '', ''],
    [[{ matchLabelExpressions: [{ key: zone, values: ['a'] }] }], '', unbindable],
    [[{ matchLabelExpressions: [{ key: zone, values: ['a', 'b'] }] }], '', ''],
    [[{}], unbindable, unbindable],
    [[{}, { matchLabelExpressions: [{ key: zone, values: ['b'] }] }], unbindable, ''],
    [
      [
        {
          matchLabelExpressions: [
            { key: zone, values: ['a'] },
            { key: 'kubernetes.io/hostname', values: ['b'] },
          ],
        },
      ],
      unbindable,
      unbindable,
    ],
  ])('keeps to topologies %j', (allowedTopologies, onA, onB) => {
    expect(judge(pod, { claims, classes: [making({ allowedTopologies })] })).toEqual({ a: onA, b: onB });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['large enough', {}, ''],
    ['exactly large enough', { capacity: '5Gi' }, ''],
    ['too small', { capacity: '4Gi' }, tooSmall],
    ['whose volumes may be larger than it tells', { capacity: '1Gi', maximumVolumeSize: '5Gi' }, ''],
    ['whose volumes have to be smaller', { maximumVolumeSize: '4Gi' }, tooSmall],
    ['that says nothing of its size', { capacity: null }, tooSmall],
    ['of another class', { storageClassName: 'other' }, tooSmall],
    ['that no node reaches', { nodeTopology: null }, tooSmall],
    ['that can be reached', { nodeTopology: { matchLabels: { [zone]: 'a' } } }, ''],
    ['that is elsewhere', { nodeTopology: { matchLabels: { [zone]: 'b' } } }, tooSmall],
    [
      'whose place cannot be parsed',
      { nodeTopology: { matchExpressions: [{ key: zone, operator: 'Near', values: ['a'] }] } },
      tooSmall,
    ],
  ])('judges a storage pool %s', (_case, fields, expected) => {
    expect(judge(pod, { ...tracked, pools: [pool('p', fields)] })).toMatchObject({ a: expected });
  });

  it('asks for storage only drivers that tell how much there is, and only for claims that want some', () => {
    expect(judge(pod, tracked)).toMatchObject({ a: tooSmall });
    expect(judge(pod, { ...tracked, csiDrivers: [] })).toMatchObject({ a: '' });
    expect(judge(pod, { ...tracked, csiDrivers: [csiDriver('csi.example.com', {})] })).toMatchObject({
      a: '',
    });
    expect(judge(pod, { ...tracked, claims: [claim('data', { storage: null })] })).toMatchObject({ a: '' });
  });

  it('keeps the pod to the node that its claim was brought to, and checks that node', () => {
    const promised = [claim('data', { selectedNode: 'a' })];
    expect(judge(pod, { claims: promised, classes: [making()] })).toEqual({ a: '', b: unbindable });
    expect(judge(pod, { ...tracked, claims: promised })).toEqual({ a: tooSmall, b: unbindable });
    // A volume that is there is not looked for any more.
    expect(judge(pod, { claims: promised, volumes: [volume('pv')] })).toEqual({
      a: unbindable,
      b: unbindable,
    });
  });

  it('stops at the first claim that cannot be served, those brought to the node going first', () => {
    const two = [claim('free', { class: 'none' }), claim('promised', { selectedNode: 'a' })];
    const classes = [making(), storageClass('none')];
    const both = podUsing('free', 'promised');
    expect(judge(both, { ...tracked, claims: two, classes })).toEqual({ a: tooSmall, b: unbindable });
    const sized = [claim('small', { class: 'none', storage: '1Gi' }), claim('large')];
    const world = { ...tracked, claims: sized, classes };
    expect(judge(podUsing('large', 'small'), world)).toMatchObject({ a: unbindable });
  });

  it('is asked where the volume that is held for the claim cannot be used', () => {
    const claimRef = { namespace: 'default', name: 'data', uid: '' };
    const volumes = [volume('held', { claimRef, nodes: inZone('a') }), volume('free')];
    expect(judge(pod, { claims, volumes, classes: [making()] })).toEqual({ a: '', b: '' });
  });

  it('combines too little storage with a volume that is elsewhere', () => {
    const world = {
      ...tracked,
      claims: [boundClaim('bound', 'pv'), ...claims],
      volumes: [volume('pv', { class: 'x', nodes: inZone('a') })],
    };
    expect(judge(podUsing('data', 'bound'), world)).toEqual({
      a: tooSmall,
      b: `${elsewhere}, ${tooSmall}`,
    });
  });
});

describe('VolumeBinding scores', () => {
  const pod = podUsing('data');

  it.each([
    ['0', 100],
    ['3Gi', 97],
    ['30Gi', 70],
    ['33Gi', 67],
    ['50Gi', 50],
    ['100Gi', 0],
  ])('a claim of %s on a volume of 100Gi with %d', (storage, expected) => {
    const world = { claims: [claim('data', { storage })], volumes: [volume('pv', { storage: '100Gi' })] };
    expect(scores(pod, world)).toEqual({ a: expected, b: expected });
  });

  it('0 for pods without claims, and for pods whose claims have their volumes', () => {
    expect(scores(makePod(), {})).toEqual({ a: 0, b: 0 });
    const world = { claims: [boundClaim('data', 'pv')], volumes: [volume('pv')] };
    expect(scores(pod, world)).toEqual({ a: 0, b: 0 });
  });

  it('each class by what all its claims take of all their volumes, and takes the mean', () => {
    const world = {
      claims: [
        claim('x', { storage: '1Gi' }),
        claim('y', { storage: '2Gi' }),
        claim('z', { class: 'other', storage: '9Gi' }),
      ],
      volumes: [
        volume('2', { storage: '2Gi' }),
        volume('8', { storage: '8Gi' }),
        volume('9', { class: 'other' }),
      ],
      classes: [storageClass(), storageClass('other')],
    };
    // (1 + 2) of (2 + 8) is 30 %: 70. 9 of 10: 10.
    expect(scores(podUsing('x', 'y', 'z'), world)).toEqual({ a: 40, b: 40 });
    const { cluster, plugin } = pluginFor({
      ...world,
      claims: [...world.claims.slice(0, 2), claim('z', { class: 'other', storage: '9.5Gi' })],
    });
    const three = podUsing('x', 'y', 'z');
    const cycle = filtered(plugin, three, cluster) as Cycle;
    const rows = cluster.nodes.rows();
    const [whole, exact] = [new Float64Array(2), new Float64Array(2)];
    plugin.scoreRows(cycle, three, rows, whole);
    plugin.exactScoreRows(cycle, three, rows, exact);
    // 95 % scores 5; the mean of 70 and 5 is 37.5, rounded up.
    expect([...whole]).toEqual([38, 38]);
    expect([...exact]).toEqual([37.5, 37.5]);
  });

  it('pools where no volume is taken: what the claims take together, of the pool of the last of them', () => {
    const world = {
      claims: [claim('x', { storage: '10Gi' }), claim('y', { storage: '20Gi' })],
      classes: [making()],
      csiDrivers: [csiDriver('csi.example.com')],
      pools: [
        pool('small', { capacity: '15Gi', nodeTopology: { matchLabels: { [zone]: 'a' } } }),
        pool('large', { capacity: '60Gi' }),
      ],
    };
    expect(scores(podUsing('x', 'y'), world)).toEqual({ a: 50, b: 50 });
    expect(scores(podUsing('x'), world)).toEqual({ a: 34, b: 84 });
  });

  it('a pool by what it holds, not by the largest volume; one that does not say is full', () => {
    const world = {
      claims: [claim('data', { storage: '4Gi' })],
      classes: [making()],
      csiDrivers: [csiDriver('csi.example.com')],
    };
    const score = (fields: Record<string, unknown>) => scores(pod, { ...world, pools: [pool('p', fields)] });
    expect(score({ capacity: '2Gi', maximumVolumeSize: '50Gi' })).toMatchObject({ a: 0 });
    expect(score({ capacity: '40Gi', maximumVolumeSize: '5Gi' })).toMatchObject({ a: 90 });
    expect(score({ capacity: null, maximumVolumeSize: '50Gi' })).toMatchObject({ a: 0 });
  });

  it('volumes alone where there are both, and nothing where the driver tells nothing', () => {
    const world = {
      claims: [claim('data'), claim('more', { class: 'made' })],
      volumes: [volume('pv', { nodes: inZone('a') })],
      classes: [making(), storageClass('made', { provisioner: 'csi.example.com' })],
      csiDrivers: [csiDriver('csi.example.com')],
      pools: [pool('p', { storageClassName: 'made', capacity: '50Gi' }), pool('q')],
    };
    // a: 5 of 10 from the volume. b: 5 of 50 and 5 of 100 from the pools, 90 and 95.
    expect(scores(podUsing('data', 'more'), world)).toEqual({ a: 50, b: 93 });
    expect(scores(podUsing('data', 'more'), { ...world, csiDrivers: [] })).toEqual({ a: 50, b: 0 });
  });

  it('nothing, and reserves nothing, where the profile leaves Filter out: then nobody has chosen a volume', () => {
    const { cluster, plugin } = pluginFor({ claims: [claim('x', { storage: '1Gi' })] });
    const pod = podUsing('x');
    const cycle = prepared(plugin, pod, cluster) as Cycle;
    const rows = cluster.nodes.rows();
    const given = new Float64Array(rows.length).fill(-1);
    plugin.scoreRows(cycle, pod, rows, given);
    expect([...given]).toEqual(Array(rows.length).fill(0));
    const before = cluster.storage.claims.version;
    expect(plugin.reserve(cycle, pod, cluster.nodes.nameAt(rows.slots[0]!))).toBeUndefined();
    expect(cluster.storage.claims.version).toBe(before);
    expect(plugin.preBindPreFlight(cycle)).toBe('skip');
  });

  it('by the configured shape', () => {
    const shape = [
      { utilization: 0, score: 0 },
      { utilization: 100, score: 10 },
    ];
    const world = { claims: [claim('data')], volumes: [volume('pv')] };
    expect(scores(pod, world, { bindTimeoutSeconds: 600, shape })).toEqual({ a: 50, b: 50 });
  });
});

describe('VolumeBinding is asked again', () => {
  const { plugin } = pluginFor({});
  type AnyRegistration = EventRegistration<unknown, unknown>;
  const registered = (resource: string) =>
    (plugin.events as readonly unknown[] as readonly AnyRegistration[]).find(
      (event) => event.resource === resource,
    )!;
  const hint = (resource: string, old: unknown, now: unknown): Hint =>
    registered(resource).hint!(podUsing('data', { ephemeral: {} }), old, now);

  it('on just these events', () => {
    expect(plugin.events.map(({ resource, action }) => [resource, action])).toEqual([
      ['storage.k8s.io/StorageClass', Action.Add | Action.Update],
      ['PersistentVolumeClaim', Action.Add | Action.Update],
      ['PersistentVolume', Action.Add | Action.Update],
      ['Node', Action.Add | Action.UpdateNodeLabel],
      ['storage.k8s.io/CSINode', Action.Add | Action.Update],
      ['storage.k8s.io/CSIDriver', Action.Update],
      ['storage.k8s.io/CSIStorageCapacity', Action.Add | Action.Update],
    ]);
    expect(registered('PersistentVolume').hint).toBeUndefined();
    expect(registered('Node').hint).toBeUndefined();
  });

  it('when a class is new, or allows other topologies', () => {
    const resource = 'storage.k8s.io/StorageClass';
    const allowing = (...values: string[]) =>
      making({ allowedTopologies: [{ matchLabelExpressions: [{ key: zone, values }] }] });
    expect(hint(resource, undefined, making())).toBe('Queue');
    expect(hint(resource, allowing('a'), allowing('a', 'b'))).toBe('Queue');
    expect(hint(resource, allowing('a'), allowing('a'))).toBe('Skip');
  });

  it('when a claim of the pod comes or changes', () => {
    const resource = 'PersistentVolumeClaim';
    expect(hint(resource, undefined, claim('data'))).toBe('Queue');
    expect(hint(resource, claim('data'), claim('data'))).toBe('Queue');
    expect(hint(resource, undefined, claim('web-v1'))).toBe('Queue');
    expect(hint(resource, undefined, claim('other'))).toBe('Skip');
    expect(hint(resource, undefined, claim('data', { namespace: 'other' }))).toBe('Skip');
  });

  it('when a node has a new CSINode, or one with other plugins taken over', () => {
    const resource = 'storage.k8s.io/CSINode';
    expect(hint(resource, undefined, csiNode('a'))).toBe('Queue');
    expect(hint(resource, csiNode('a'), csiNode('a', 'kubernetes.io/gce-pd'))).toBe('Queue');
    expect(hint(resource, csiNode('a', 'x'), csiNode('a', 'y'))).toBe('Queue');
    expect(hint(resource, csiNode('a', 'x', 'y'), csiNode('a', 'y', 'x'))).toBe('Skip');
  });

  it('when a driver no longer tells how much storage there is', () => {
    const resource = 'storage.k8s.io/CSIDriver';
    const [telling, silent] = [csiDriver('d'), csiDriver('d', {})];
    expect(hint(resource, telling, silent)).toBe('Queue');
    expect(hint(resource, silent, telling)).toBe('Skip');
    expect(hint(resource, telling, telling)).toBe('Skip');
  });

  it('when a storage pool comes or gets larger', () => {
    const resource = 'storage.k8s.io/CSIStorageCapacity';
    const [none, small, large] = [null, '1Gi', '2Gi'].map((capacity) => pool('p', { capacity }));
    expect(hint(resource, undefined, none)).toBe('Queue');
    expect(hint(resource, none, small)).toBe('Queue');
    expect(hint(resource, small, large)).toBe('Queue');
    expect(hint(resource, large, small)).toBe('Skip');
    expect(hint(resource, large, none)).toBe('Skip');
    expect(hint(resource, small, pool('p', { capacity: '9Gi', maximumVolumeSize: '1Gi' }))).toBe('Skip');
    expect(hint(resource, large, undefined)).toBe('Queue');
  });
});
