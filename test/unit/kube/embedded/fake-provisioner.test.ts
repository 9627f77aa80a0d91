import { describe, expect, it } from '@jest/globals';
import { type VolumeCluster, withVolumes } from './volume-cluster.js';

const OPTIONS = { provisioner: true, provisionDelayMs: 200 };
const SELECTED = 'volume.kubernetes.io/selected-node';
const ZONE = 'topology.kubernetes.io/zone';

function addNode({ server }: VolumeCluster, name: string, labels: Record<string, string>): void {
  server.create({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels } });
}

function addCsiNode({ server }: VolumeCluster, name: string, topologyKeys: string[]): void {
  const drivers = [{ name: 'berth.dev/fake', nodeID: name, topologyKeys }];
  server.create({ apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name }, spec: { drivers } });
}

const select = (cluster: VolumeCluster, claim: string, node: string): void => {
  cluster.patchClaim(claim, { metadata: { annotations: { [SELECTED]: node } } });
};

const volumeOf = (cluster: VolumeCluster, claim: string) =>
  cluster.rawVolume(`pvc-${cluster.rawClaim(claim)?.metadata.uid}`);

const affinityTo = (...values: string[]) => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'In', values }] }] },
});

const fake = { storageClassName: 'fake' };
const late = { provisioner: 'berth.dev/fake', volumeBindingMode: 'WaitForFirstConsumer' };

describe('the fake provisioner', () => {
  it('makes a volume for a claim once the scheduler has selected a node, a while later', () =>
    withVolumes(OPTIONS, async (cluster) => {
      addNode(cluster, 'n', { [ZONE]: 'a' });
      addCsiNode(cluster, 'n', [ZONE]);
      cluster.addClass('fake', late);
      cluster.addClaim('a', { ...fake, resources: { requests: { storage: '3Gi' } } });
      await cluster.clock.advance(1_000);
      expect(cluster.claim('a')?.phase).toBe('Pending');
      select(cluster, 'a', 'n');
      await cluster.clock.advance(199);
      expect(cluster.claim('a')?.phase).toBe('Pending');
      await cluster.clock.advance(1);
      const { uid } = cluster.rawClaim('a')?.metadata ?? {};
      expect(volumeOf(cluster, 'a')).toMatchObject({
        metadata: { annotations: { 'pv.kubernetes.io/provisioned-by': 'berth.dev/fake' } },
        spec: {
          capacity: { storage: '3Gi' },
          accessModes: ['ReadWriteOnce'],
          volumeMode: 'Filesystem',
          storageClassName: 'fake',
          persistentVolumeReclaimPolicy: 'Delete',
          claimRef: { namespace: 'default', name: 'a', uid },
          csi: { driver: 'berth.dev/fake' },
          nodeAffinity: affinityTo('a'),
        },
        status: { phase: 'Bound' },
      });
      expect(cluster.claim('a')).toMatchObject({ phase: 'Bound', other: `pvc-${uid}` });
      expect(cluster.claim('a')?.annotations).toContain('bind-completed');
    }));

  it('does not wait for a node where the class does not', () =>
    withVolumes(OPTIONS, async (cluster) => {
      cluster.addClass('fake', { provisioner: 'berth.dev/fake' });
      cluster.addClaim('a', fake);
      await cluster.clock.advance(200);
      expect(cluster.claim('a')?.phase).toBe('Bound');
      expect(volumeOf(cluster, 'a')?.spec).not.toHaveProperty('nodeAffinity');
    }));

  it('gives the choice back when the node is not there, so that another can be made', () =>
    withVolumes(OPTIONS, async (cluster) => {
      cluster.addClass('fake', late);
      cluster.addClaim('a', fake);
      select(cluster, 'a', 'gone');
      await cluster.clock.advance(200);
      expect(cluster.rawClaim('a')?.metadata.annotations).not.toHaveProperty([SELECTED]);
      expect(cluster.claim('a')?.phase).toBe('Pending');
      addNode(cluster, 'n', {});
      select(cluster, 'a', 'n');
      await cluster.clock.advance(200);
      expect(cluster.claim('a')?.phase).toBe('Bound');
    }));

  it.each([
    ['nothing is said', [], [], undefined],
    ['the driver has topology keys', [ZONE], [], affinityTo('b')],
    [
      'the class allows some topologies',
      [],
      [{ matchLabelExpressions: [{ key: ZONE, values: ['a', 'b'] }] }],
      affinityTo('b'),
    ],
    ['the node has no such label', ['rack'], [], undefined],
  ])('makes volumes for the topology of the node: where %s', (_what, keys, allowedTopologies, affinity) =>
    withVolumes(OPTIONS, async (cluster) => {
      addNode(cluster, 'n', { [ZONE]: 'b' });
      addCsiNode(cluster, 'n', keys as string[]);
      cluster.addClass('fake', { ...late, allowedTopologies });
      cluster.addClaim('a', fake);
      select(cluster, 'a', 'n');
      await cluster.clock.advance(200);
      expect(cluster.claim('a')?.phase).toBe('Bound');
      const spec = (volumeOf(cluster, 'a')?.spec ?? {}) as { nodeAffinity?: unknown };
      expect(spec.nodeAffinity).toEqual(affinity);
    }),
  );

  it('makes a volume for all topologies of the class when no node is selected', () =>
    withVolumes(OPTIONS, async (cluster) => {
      const allowedTopologies = [{ matchLabelExpressions: [{ key: ZONE, values: ['a', 'b'] }] }];
      cluster.addClass('fake', { provisioner: 'berth.dev/fake', allowedTopologies });
      cluster.addClaim('a', fake);
      await cluster.clock.advance(200);
      expect(volumeOf(cluster, 'a')?.spec).toMatchObject({ nodeAffinity: affinityTo('a', 'b') });
    }));

  it('leaves claims alone that are of other classes, got a volume, or are gone meanwhile', () =>
    withVolumes(OPTIONS, async (cluster) => {
      cluster.addClass('fake', late);
      cluster.addClass('real', { volumeBindingMode: 'WaitForFirstConsumer' });
      addNode(cluster, 'n', {});
      for (const [name, spec] of [
        ['other', { storageClassName: 'real' }],
        ['served', fake],
        ['gone', fake],
      ] as const) {
        cluster.addClaim(name, spec);
        select(cluster, name, 'n');
      }
      await cluster.clock.advance(100);
      cluster.addVolume('v', fake);
      await cluster.settle();
      cluster.deleteClaim('gone');
      // Another of the same name: its time is not up yet.
      cluster.addClaim('gone', fake);
      select(cluster, 'gone', 'n');
      await cluster.clock.advance(100);
      const volumes = () => cluster.server.list({ apiVersion: 'v1', kind: 'PersistentVolume' });
      expect(volumes().map(({ metadata }) => metadata.name)).toEqual(['v']);
      await cluster.clock.advance(100);
      expect(cluster.claim('gone')?.phase).toBe('Bound');
    }));

  it.each([
    ['Delete', undefined],
    ['Retain', 'Released'],
  ])('with reclaim policy %s, a volume that is released is %s', (reclaimPolicy, phase) =>
    withVolumes(OPTIONS, async (cluster) => {
      cluster.addClass('fake', { provisioner: 'berth.dev/fake', reclaimPolicy });
      cluster.addClaim('a', fake);
      await cluster.clock.advance(10_000);
      const name = cluster.claim('a')?.other ?? '';
      expect(cluster.volume(name)?.phase).toBe('Bound');
      cluster.deleteClaim('a');
      await cluster.clock.advance(199);
      expect(cluster.volume(name)?.phase).toBe('Released');
      await cluster.clock.advance(1);
      expect(cluster.volume(name)?.phase).toBe(phase);
    }),
  );

  it('leaves volumes alone that somebody else made', () =>
    withVolumes(OPTIONS, async (cluster) => {
      cluster.addVolume('v', { persistentVolumeReclaimPolicy: 'Delete' });
      cluster.addClaim('a');
      await cluster.settle();
      cluster.deleteClaim('a');
      await cluster.clock.advance(1_000);
      expect(cluster.volume('v')?.phase).toBe('Released');
    }));

  it('is there only where it was asked for', () =>
    withVolumes({}, async (cluster) => {
      cluster.addClass('fake', { provisioner: 'berth.dev/fake' });
      cluster.addClaim('a', fake);
      await cluster.clock.advance(10_000);
      expect(cluster.claim('a')?.phase).toBe('Pending');
    }));
});
