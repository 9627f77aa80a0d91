import { describe, expect, it } from '@jest/globals';
import type { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { Cycle } from '../../../src/framework/cycle.js';
import { createNodeVolumeLimits } from '../../../src/plugins/node-volume-limits.js';
import { makeNode, makePod } from '../../build-objects.js';
import {
  attachment,
  claim,
  clusterWith,
  csiDriver,
  csiNode,
  csiVolume,
  filtered,
  outcomeOf,
  storageClass,
  using,
  verdictOn,
  volume,
  type World,
} from './volume-objects.js';

const full = 'Unschedulable: node(s) exceed max volume count';
const nodes = [makeNode({ name: 'n' })];
const owned = (name: string, by: Pod, parts: object = {}) =>
  claim(name, { ...parts, metadata: { ownerReferences: [{ controller: true, uid: by.uid }] } });
const pluginOf = (cluster: ClusterState) => createNodeVolumeLimits(undefined, { cluster });

function judge(pod: Pod, world: World) {
  const cluster = clusterWith({ nodes, ...world });
  const plugin = pluginOf(cluster);
  const outcome = outcomeOf(plugin, pod, cluster);
  // Now with what it remembers of the nodes.
  expect(outcomeOf(plugin, pod, cluster)).toEqual(outcome);
  return outcome;
}

/** What the pod meets on node `n`. */
function onNode(pod: Pod, world: World): string {
  const outcome = judge(pod, world);
  if (outcome === 'skip' || 'rejected' in outcome) throw new Error('the pod did not get to the nodes');
  return outcome.nodes.n!;
}

describe('NodeVolumeLimits', () => {
  const bound = (...names: string[]) => ({
    claims: names.map((name) => claim(name, { volumeName: `pv-${name}` })),
    volumes: names.map((name) => csiVolume(`pv-${name}`, 'd')),
  });

  it.each([
    ['no volumes', {}],
    ['volumes that no CSI driver attaches', using({ emptyDir: {} }, { rbd: {} }, { csi: { driver: 'd' } })],
  ])('skips pods with %s', (_what, spec) => {
    expect(judge(makePod({ spec }), {})).toBe('skip');
  });

  it('lets a node take volumes up to the limit of the driver', () => {
    const world = {
      ...bound('a', 'b', 'c', 'd'),
      csiNodes: [csiNode('n', { d: 2, unused: 0 })],
      pods: [makePod({ nodeName: 'n', spec: using('a') })],
    };
    expect(onNode(makePod({ spec: using('b') }), world)).toBe('');
    expect(onNode(makePod({ spec: using('b', 'c') }), world)).toBe(full);
    // A volume that is there already, or comes twice, counts once.
    expect(onNode(makePod({ spec: using('a', 'b', 'b') }), world)).toBe('');
    const twice = [...world.pods, makePod({ nodeName: 'n', spec: using('a') })];
    expect(onNode(makePod({ spec: using('b') }), { ...world, pods: twice })).toBe('');
    const filled = [...world.pods, makePod({ nodeName: 'n', spec: using('b', 'c') })];
    expect(onNode(makePod({ spec: using('d') }), { ...world, pods: filled })).toBe(full);
    expect(onNode(makePod({ spec: using('a') }), { ...world, pods: filled })).toBe('');
  });

  it('counts each driver for itself, and knows no limit where none is set', () => {
    const world = {
      claims: ['a', 'b', 'c'].map((name) => claim(name, { volumeName: name })),
      volumes: [csiVolume('a', 'd'), csiVolume('b', 'e'), csiVolume('c', 'e')],
      pods: [makePod({ nodeName: 'n', spec: using('b') })],
    };
    const judged = (limits: Record<string, number | null>, ...names: string[]) =>
      onNode(makePod({ spec: using(...names) }), { ...world, csiNodes: [csiNode('n', limits)] });
    expect(judged({ d: 1 }, 'a', 'c')).toBe('');
    expect(judged({ d: 1, e: 1 }, 'a')).toBe('');
    expect(judged({ d: 1, e: 1 }, 'a', 'c')).toBe(full);
    expect(judged({ d: 0 }, 'c')).toBe('');
    expect(judged({ d: null }, 'a')).toBe('');
    expect(judged({ d: 0 }, 'a')).toBe(full);
    expect(onNode(makePod({ spec: using('a') }), world)).toBe('');
  });

  it('finds the volume of a claim by volume, else by class; what has neither does not count', () => {
    const world = {
      csiNodes: [csiNode('n', { d: 0, 'ebs.csi.aws.com': 0 })],
      classes: [
        storageClass('by-d', { provisioner: 'd' }),
        storageClass('by-aws', { provisioner: 'kubernetes.io/aws-ebs' }),
        storageClass('by-vsphere', { provisioner: 'kubernetes.io/vsphere-volume' }),
        storageClass('by-nobody', { provisioner: '' }),
      ],
      volumes: [
        csiVolume('pv', 'd'),
        csiVolume('no-driver', ''),
        volume('no-handle', { csi: { driver: 'd', volumeHandle: '' } }),
        volume('nfs', { nfs: {} }),
        volume('ebs', { awsElasticBlockStore: { volumeID: 'aws://z/vol-1' } }),
        volume('broken', { awsElasticBlockStore: { volumeID: 'aws://z/x' } }),
        volume('vsphere', { vsphereVolume: { volumePath: 'p' } }),
      ],
    };
    const judged = (spec: object) =>
      onNode(makePod({ spec: using('data') }), { ...world, claims: [claim('data', spec as never)] });
    expect(judged({ volumeName: 'pv' })).toBe(full);
    expect(judged({ volumeName: 'ebs' })).toBe(full);
    expect(judged({ storageClassName: 'by-d' })).toBe(full);
    expect(judged({ storageClassName: 'by-aws' })).toBe(full);
    expect(judged({ volumeName: 'gone', storageClassName: 'by-d' })).toBe(full);
    for (const volumeName of ['gone', 'no-driver', 'no-handle', 'nfs', 'broken', 'vsphere'])
      expect(judged({ volumeName })).toBe('');
    for (const storageClassName of ['', 'gone', 'by-vsphere', 'by-nobody'])
      expect(judged({ storageClassName })).toBe('');
    // The class does not matter once there is a volume.
    expect(judged({ volumeName: 'nfs', storageClassName: 'by-d' })).toBe('');
  });

  it('takes a claim without a volume and its later volume for two', () => {
    const world = {
      classes: [storageClass('by-d', { provisioner: 'd' })],
      claims: [claim('a', { storageClassName: 'by-d' }), claim('b', { storageClassName: 'by-d' })],
      csiNodes: [csiNode('n', { d: 1 })],
      pods: [makePod({ nodeName: 'n', spec: using('a') })],
    };
    expect(onNode(makePod({ spec: using('a') }), world)).toBe('');
    expect(onNode(makePod({ spec: using('b') }), world)).toBe(full);
  });

  it.each([
    [{ awsElasticBlockStore: { volumeID: 'vol-1' } }, 'ebs.csi.aws.com', true],
    [{ gcePersistentDisk: { pdName: 'pd' } }, 'pd.csi.storage.gke.io', true],
    [{ azureDisk: { diskURI: '/d', kind: 'Managed' } }, 'disk.csi.azure.com', true],
    [{ cinder: { volumeID: 'c' } }, 'cinder.csi.openstack.org', true],
    [{ portworxVolume: { volumeID: 'p' } }, 'pxd.portworx.com', true],
    [{ vsphereVolume: { volumePath: 'v' } }, 'csi.vsphere.vmware.com', false],
    [{ azureFile: { secretName: 's', shareName: 'f' } }, 'file.csi.azure.com', false],
  ])('counts %j written into a pod for driver %s: %s', (source, driver, isCounted) => {
    const world = { csiNodes: [csiNode('n', { [driver]: 1 })] };
    const other = [makePod({ nodeName: 'n', spec: using('missing', { rbd: {} }) })];
    expect(onNode(makePod({ spec: using(source) }), { ...world, pods: other })).toBe('');
    expect(onNode(makePod({ spec: using(source) }), { csiNodes: [csiNode('n', { [driver]: 0 })] })).toBe(
      isCounted ? full : '',
    );
    // The same disk in two pods is one.
    const same = [makePod({ nodeName: 'n', spec: using(source) })];
    expect(onNode(makePod({ spec: using(source) }), { ...world, pods: same })).toBe('');
  });

  it('counts for a migrated plugin only on nodes that have a CSINode', () => {
    const pod = makePod({ spec: using('data', { gcePersistentDisk: { pdName: 'pd' } }) });
    const world = {
      claims: [claim('data', { volumeName: 'ebs' })],
      volumes: [volume('ebs', { awsElasticBlockStore: { volumeID: 'v' } })],
      csiDrivers: ['ebs.csi.aws.com', 'pd.csi.storage.gke.io'].map((name) =>
        csiDriver(name, { preventPodSchedulingIfMissing: true }),
      ),
    };
    expect(onNode(pod, world)).toBe('');
    expect(onNode(pod, { ...world, csiNodes: [csiNode('n', { 'ebs.csi.aws.com': null })] })).toBe(
      'Unschedulable: pd.csi.storage.gke.io CSI driver is not installed on the node',
    );
  });

  it('refuses nodes that lack a driver which says that pods must not go there', () => {
    const cluster = clusterWith({
      nodes: ['none', 'other', 'has'].map((name) => makeNode({ name })),
      ...bound('a'),
      csiNodes: [csiNode('other', { e: 5 }), csiNode('has', { d: null })],
      csiDrivers: [csiDriver('d', { preventPodSchedulingIfMissing: true })],
    });
    const missing = 'Unschedulable: d CSI driver is not installed on the node';
    const pod = makePod({ spec: using('a') });
    const judged = () => outcomeOf(pluginOf(cluster), pod, cluster);
    expect(judged()).toEqual({ nodes: { none: missing, other: missing, has: '' } });
    // Also where the node has the volume already.
    cluster.setBoundPod(makePod({ nodeName: 'other', spec: using('a') }));
    expect(judged()).toMatchObject({ nodes: { other: missing } });
    cluster.storage.csiDrivers.set(csiDriver('d', { preventPodSchedulingIfMissing: false }));
    expect(judged()).toEqual({ nodes: { none: '', other: '', has: '' } });
    cluster.storage.csiDrivers.delete(csiDriver('d', {}));
    expect(judged()).toEqual({ nodes: { none: '', other: '', has: '' } });
    cluster.storage.csiDrivers.set(csiDriver('d', { preventPodSchedulingIfMissing: true }));
    expect(judged()).toEqual({ nodes: { none: missing, other: missing, has: '' } });
  });

  it('names for each node the driver that it lacks', () => {
    const cluster = clusterWith({
      nodes: ['n1', 'n2'].map((name) => makeNode({ name })),
      claims: ['a', 'b'].map((name) => claim(name, { volumeName: name })),
      volumes: [csiVolume('a', 'd'), csiVolume('b', 'e')],
      csiNodes: [csiNode('n1', { d: null }), csiNode('n2', { e: null })],
      csiDrivers: ['d', 'e'].map((name) => csiDriver(name, { preventPodSchedulingIfMissing: true })),
    });
    const pod = makePod({ spec: using('a', 'b') });
    expect(outcomeOf(pluginOf(cluster), pod, cluster)).toEqual({
      nodes: {
        n1: 'Unschedulable: e CSI driver is not installed on the node',
        n2: 'Unschedulable: d CSI driver is not installed on the node',
      },
    });
  });

  describe('with VolumeAttachments', () => {
    const world = (...attachments: ReturnType<typeof attachment>[]): World => ({
      ...bound('a', 'b', 'c'),
      csiNodes: [csiNode('n', { d: 2 })],
      pods: [makePod({ nodeName: 'n', spec: using('a') })],
      attachments,
    });

    it('counts what is attached without a pod', () => {
      const pod = makePod({ spec: using('b') });
      expect(onNode(pod, world(attachment('d', 'n', 'pv-a')))).toBe('');
      expect(onNode(pod, world(attachment('d', 'n', 'pv-c')))).toBe(full);
      expect(onNode(pod, world(attachment('d', 'elsewhere', 'pv-c')))).toBe('');
      expect(onNode(pod, world(attachment('e', 'n', 'pv-c')))).toBe('');
      // Two attachments of one volume are one.
      const twice = { ...attachment('d', 'n', 'pv-c'), name: 'again' };
      const three = { csiNodes: [csiNode('n', { d: 3 })] };
      expect(onNode(pod, { ...world(attachment('d', 'n', 'pv-c'), twice), ...three })).toBe('');
    });

    it('stops counting an attachment that is gone', () => {
      const stray = attachment('d', 'n', 'pv-c');
      const cluster = clusterWith({ nodes, ...world(stray) });
      const plugin = pluginOf(cluster);
      const pod = makePod({ spec: using('b') });
      expect(outcomeOf(plugin, pod, cluster)).toEqual({ nodes: { n: full } });
      cluster.storage.attachments.delete(stray);
      expect(outcomeOf(plugin, pod, cluster)).toEqual({ nodes: { n: '' } });
    });

    it('passes over attachments without attacher, of inline volumes, and of volumes that are gone or not of CSI', () => {
      const pod = makePod({ spec: using('b') });
      const given = world(
        attachment('', 'n', 'pv-c'),
        attachment('d', 'n'),
        attachment('d', 'n', 'gone'),
        attachment('d', 'n', 'nfs'),
      );
      const volumes = [...given.volumes!, volume('nfs', { nfs: {} })];
      expect(onNode(pod, { ...given, volumes })).toBe('');
    });

    it('counts a volume of the pod twice if only an attachment shows it on the node', () => {
      expect(onNode(makePod({ spec: using('b') }), world(attachment('d', 'n', 'pv-b')))).toBe(full);
      const shared = world(attachment('d', 'n', 'pv-b'));
      const pods = [...shared.pods!, makePod({ nodeName: 'n', spec: using('b') })];
      expect(onNode(makePod({ spec: using('b') }), { ...shared, pods })).toBe('');
    });
  });

  it('refuses every node while a claim of the pod is missing, and bears missing claims of other pods', () => {
    const csiNodes = [csiNode('n', { d: 1 })];
    expect(onNode(makePod({ namespace: 'team', spec: using('gone') }), { csiNodes })).toBe(
      'UnschedulableAndUnresolvable: looking up PVC team/gone: persistentvolumeclaim "gone" not found',
    );
    expect(onNode(makePod({ name: 'p', spec: using({ ephemeral: {} }) }), {})).toBe(
      'UnschedulableAndUnresolvable: looking up PVC default/p-v0: persistentvolumeclaim "p-v0" not found',
    );
    const pods = [makePod({ nodeName: 'n', spec: using('gone', { ephemeral: {} }) })];
    expect(onNode(makePod({ spec: using('a') }), { csiNodes, pods, ...bound('a') })).toBe('');
  });

  it('counts the claim of an ephemeral volume that is made for the pod', () => {
    const pod = makePod({ name: 'p', spec: using({ ephemeral: {} }) });
    const world = { volumes: [csiVolume('pv', 'd')], csiNodes: [csiNode('n', { d: 0 })] };
    expect(onNode(pod, { ...world, claims: [owned('p-v0', pod, { volumeName: 'pv' })] })).toBe(full);
    expect(() => onNode(pod, { ...world, claims: [claim('p-v0', { volumeName: 'pv' })] })).toThrow(
      'PVC default/p-v0 was not created for pod default/p (pod is not owner)',
    );
  });

  it('fails on a claim that another pod of the node took for its ephemeral volume, but only where limits count', () => {
    const thief = makePod({ name: 'p', nodeName: 'n', spec: using({ ephemeral: {} }) });
    const { claims, volumes } = bound('a');
    const world = { pods: [thief], volumes, claims: [...claims, claim('p-v0', { volumeName: 'pv-a' })] };
    const pod = makePod({ spec: using('a') });
    expect(onNode(pod, { ...world, csiNodes: [csiNode('n', { d: null })] })).toBe('');
    // Whichever driver the limit is of, and time and again.
    const cluster = clusterWith({ nodes, ...world, csiNodes: [csiNode('n', { d: null, e: 100 })] });
    const plugin = pluginOf(cluster);
    for (let i = 0; i < 2; i++) {
      expect(() => outcomeOf(plugin, pod, cluster)).toThrow(
        'PVC default/p-v0 was not created for pod default/p (pod is not owner)',
      );
    }
  });

  it('fails on inline volumes that cannot be translated, and on claims without a name', () => {
    const world = { csiNodes: [csiNode('n', { d: 100 })] };
    const broken = using({ azureDisk: { diskURI: 'd', kind: 'Shared' } });
    const message =
      'converting volume(v0) from inline to csi: kind(Shared) is not supported in csi migration';
    expect(() => onNode(makePod({ spec: broken }), world)).toThrow(message);
    expect(onNode(makePod({ spec: broken }), {})).toBe('');
    const pods = [makePod({ nodeName: 'n', spec: broken })];
    expect(() => onNode(makePod({ spec: using('a') }), { ...world, ...bound('a'), pods })).toThrow(message);
    expect(() => onNode(makePod({ spec: using('') }), world)).toThrow('PersistentVolumeClaim had no name');
  });

  it('judges a hypothetical row by the pods on it', () => {
    const holder = makePod({ nodeName: 'n', spec: using('a') });
    const cluster = clusterWith({
      nodes,
      ...bound('a', 'b'),
      csiNodes: [csiNode('n', { d: 1 })],
      pods: [holder],
    });
    const plugin = pluginOf(cluster);
    const pod = makePod({ spec: using('b') });
    const cycle = new Cycle(pod, cluster.nodes);
    const row = cluster.nodes.borrowRow(0);
    expect(verdictOn(plugin, cycle, row)).toBe(full);
    cluster.nodes.removePodAt(row, holder);
    expect(verdictOn(plugin, cycle, row)).toBe('');
    cluster.nodes.addPodAt(row, holder);
    cluster.nodes.returnRow(row);
    cluster.removePod(holder.uid);
    const again = cluster.nodes.borrowRow(0);
    cluster.nodes.addPodAt(again, holder);
    expect(verdictOn(plugin, cycle, again)).toBe(full);
    cluster.nodes.returnRow(again);
    expect(filtered(plugin, cycle, cluster)).toEqual({ n: '' });
  });

  it('counts anew on every node that uses a claim when the claim gets another volume', () => {
    const names = Array.from({ length: 100 }, (_, i) => `n${i}`);
    const cluster = clusterWith({
      nodes: names.slice(0, 60).map((name) => makeNode({ name })),
      ...bound('shared', 'a'),
      csiNodes: names.map((name) => csiNode(name, { d: 1 })),
      pods: names.slice(0, 60).map((nodeName) => makePod({ nodeName, spec: using('shared') })),
    });
    const plugin = pluginOf(cluster);
    const judged = () => outcomeOf(plugin, makePod({ spec: using('a') }), cluster);
    const everywhere = (verdict: string, count: number) => ({
      nodes: Object.fromEntries(names.slice(0, count).map((name) => [name, verdict])),
    });
    expect(judged()).toEqual(everywhere(full, 60));
    cluster.storage.claims.set(claim('shared', { volumeName: 'nothing' }));
    expect(judged()).toEqual(everywhere('', 60));
    for (const name of names.slice(60)) {
      cluster.setNode(makeNode({ name }));
      cluster.setBoundPod(makePod({ nodeName: name, spec: using('shared') }));
    }
    expect(judged()).toEqual(everywhere('', 100));
    cluster.storage.claims.set(claim('shared', { volumeName: 'pv-shared' }));
    expect(judged()).toEqual(everywhere(full, 100));
  });

  it('counts anew when the volume or the class comes or goes that a claim of another pod names', () => {
    const cluster = clusterWith({
      nodes,
      claims: [
        ...bound('a').claims,
        claim('bound', { volumeName: 'late' }),
        claim('unbound', { storageClassName: 'by-d' }),
      ],
      volumes: bound('a').volumes,
      csiNodes: [csiNode('n', { d: 2 })],
      pods: [makePod({ nodeName: 'n', spec: using('bound', 'unbound') })],
    });
    const plugin = pluginOf(cluster);
    const judged = () => outcomeOf(plugin, makePod({ spec: using('a') }), cluster);
    const { volumes, classes } = cluster.storage;
    const changes: readonly (readonly [change: () => void, verdict: string])[] = [
      [() => {}, ''],
      [() => volumes.set(csiVolume('late', 'd')), ''],
      [() => classes.set(storageClass('by-d', { provisioner: 'd' })), full],
      [() => volumes.set(csiVolume('late', 'e')), ''],
      [() => volumes.set(csiVolume('late', 'd')), full],
      [() => classes.delete({ name: 'by-d' }), ''],
      [() => classes.set(storageClass('by-d', { provisioner: 'd' })), full],
      [() => volumes.delete({ name: 'late' }), ''],
    ];
    for (const [change, verdict] of changes) {
      change();
      expect(judged()).toEqual({ nodes: { n: verdict } });
    }
  });

  describe('asks for another try', () => {
    const { events } = pluginOf(clusterWith({}));
    const hint = (i: number) => (events[i] as { hint: unknown }).hint as (...args: unknown[]) => string;
    const disk = { awsElasticBlockStore: { volumeID: 'v' } };

    it('when a CSINode comes, and when the limit of one of its drivers rises', () => {
      expect(events[0]).toEqual({ resource: 'storage.k8s.io/CSINode', action: 1 });
      const changed = (old: Record<string, number | null>, now: Record<string, number | null>) =>
        hint(1)(makePod(), csiNode('n', old), csiNode('n', now));
      expect(changed({ d: 1 }, { d: 2 })).toBe('Queue');
      expect(changed({ d: 1 }, { d: 1, e: 1 })).toBe('Queue');
      expect(changed({ d: null }, { d: 1 })).toBe('Queue');
      expect(changed({ d: 2 }, { d: 1 })).toBe('Skip');
      expect(changed({ d: 2 }, { d: null })).toBe('Skip');
      expect(changed({ d: 2 }, { d: 2, e: null })).toBe('Skip');
    });

    it('when a pod goes from a node, or gives its nomination up, that had volumes attached', () => {
      const gone = (nodeName: string, ...volumes: (string | Record<string, unknown>)[]) =>
        hint(2)(makePod(), makePod({ nodeName, spec: using(...volumes) }), undefined);
      expect(gone('n', 'data')).toBe('Queue');
      expect(gone('n', { ephemeral: {} })).toBe('Queue');
      expect(gone('n', disk)).toBe('Queue');
      expect(gone('n', { rbd: {} })).toBe('Skip');
      expect(gone('n')).toBe('Skip');
      expect(gone('', 'data')).toBe('Skip');
      const nominated = makePod({ spec: using('data'), status: { nominatedNodeName: 'n' } });
      expect(hint(2)(makePod(), nominated, undefined)).toBe('Queue');
    });

    it('when a claim comes that the pod uses', () => {
      const pod = makePod({ name: 'p', spec: using('data', { ephemeral: {} }) });
      expect(hint(3)(pod, undefined, claim('data'))).toBe('Queue');
      expect(hint(3)(pod, undefined, claim('p-v1'))).toBe('Queue');
      expect(hint(3)(pod, undefined, claim('p-v0'))).toBe('Skip');
      expect(hint(3)(pod, undefined, claim('data', { namespace: 'other' }))).toBe('Skip');
    });

    it('when a VolumeAttachment goes that may have held the place of a volume of the pod', () => {
      const gone = (attacher: string, ...volumes: (string | Record<string, unknown>)[]) =>
        hint(4)(makePod({ spec: using(...volumes) }), attachment(attacher, 'n', 'pv'), undefined);
      expect(gone('d', 'data')).toBe('Queue');
      expect(gone('ebs.csi.aws.com', disk)).toBe('Queue');
      expect(gone('d', disk)).toBe('Skip');
      expect(gone('d', { ephemeral: {} }, { rbd: {} })).toBe('Skip');
      expect(gone('d', { azureDisk: { kind: 'Shared' } })).toBe('Queue');
    });
  });
});
