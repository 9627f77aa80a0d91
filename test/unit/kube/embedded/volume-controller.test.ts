import { describe, expect, it } from '@jest/globals';
import { withVolumes } from './volume-cluster.js';

const CHOSEN = { phase: 'Bound', annotations: ['bind-completed', 'bound-by-controller'] };
const PENDING = { phase: 'Pending', annotations: [], other: '' };
const AVAILABLE = { phase: 'Available', annotations: [], other: '' };

describe('a claim that takes any volume', () => {
  it('is bound at once to the smallest that will do, and both say so', () =>
    withVolumes({}, async (cluster) => {
      cluster.addVolume('big', { capacity: { storage: '5Gi' } });
      cluster.addVolume('fitting', { capacity: { storage: '2Gi' } });
      cluster.addVolume('tiny', { capacity: { storage: '500Mi' } });
      cluster.addVolume('read-only', { accessModes: ['ReadOnlyMany'] });
      cluster.addVolume('block', { volumeMode: 'Block' });
      cluster.addVolume('other-class', { storageClassName: 'other' });
      cluster.addVolume('other-attributes', { volumeAttributesClassName: 'fast' });
      cluster.addVolume('going', {}, { finalizers: ['example.com/wait'] });
      cluster.deleteVolume('going');
      cluster.addVolume('reserved', { claimRef: { namespace: 'default', name: 'somebody' } });
      await cluster.settle();
      expect(cluster.volume('fitting')).toEqual(AVAILABLE);
      const { metadata } = cluster.addClaim('a');
      await cluster.settle();
      expect(cluster.claim('a')).toEqual({ ...CHOSEN, other: 'fitting' });
      expect(cluster.rawClaim('a')?.status).toEqual({
        phase: 'Bound',
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '2Gi' },
      });
      expect(cluster.volume('fitting')).toEqual({
        phase: 'Bound',
        annotations: ['bound-by-controller'],
        other: 'a',
      });
      expect(cluster.rawVolume('fitting')?.spec).toMatchObject({
        claimRef: {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          namespace: 'default',
          name: 'a',
          uid: metadata.uid,
          resourceVersion: metadata.resourceVersion,
        },
      });
      for (const name of ['big', 'tiny', 'read-only', 'block', 'other-class', 'other-attributes']) {
        expect(cluster.volume(name)).toEqual(AVAILABLE);
      }
    }));

  it('prefers a volume that offers no more access modes than it needs, and one that is reserved for it', () =>
    withVolumes({}, async (cluster) => {
      cluster.addVolume('shared', { accessModes: ['ReadWriteOnce', 'ReadWriteMany'] });
      cluster.addVolume('single', { capacity: { storage: '9Gi' } });
      cluster.addVolume('mine', {
        capacity: { storage: '99Gi' },
        claimRef: { namespace: 'default', name: 'b' },
      });
      cluster.addClaim('a');
      cluster.addClaim('b');
      await cluster.settle();
      expect(cluster.claim('a')?.other).toBe('single');
      expect(cluster.claim('b')?.other).toBe('mine');
    }));

  it('takes the first by name of volumes that are as good as each other', () =>
    withVolumes({}, async (cluster) => {
      for (const name of ['v2', 'v1', 'v3']) cluster.addVolume(name);
      for (const name of ['a', 'b', 'c']) cluster.addClaim(name);
      await cluster.settle();
      expect(['a', 'b', 'c'].map((name) => cluster.claim(name)?.other)).toEqual(['v1', 'v2', 'v3']);
    }));

  it('takes a volume that came to its class later, and none that left it', () =>
    withVolumes({}, async (cluster) => {
      cluster.addVolume('v', { storageClassName: 'other' });
      cluster.addVolume('w');
      await cluster.settle();
      cluster.patchVolume('v', { spec: { storageClassName: 'manual' } });
      cluster.patchVolume('w', { spec: { storageClassName: 'other' } });
      cluster.addClaim('a');
      cluster.addClaim('b');
      await cluster.settle();
      expect(cluster.claim('a')?.other).toBe('v');
      expect(cluster.claim('b')).toEqual(PENDING);
    }));

  it('gets none that is gone or going, not even one that is reserved for it', () =>
    withVolumes({}, async (cluster) => {
      cluster.addVolume('gone');
      cluster.addVolume(
        'going',
        { claimRef: { namespace: 'default', name: 'a' } },
        { finalizers: ['x.y/z'] },
      );
      await cluster.settle();
      cluster.deleteVolume('gone');
      cluster.deleteVolume('going');
      cluster.addClaim('a');
      await cluster.settle();
      expect(cluster.claim('a')).toEqual(PENDING);
    }));

  it('follows its selector', () =>
    withVolumes({}, async (cluster) => {
      cluster.addVolume('v', {}, { labels: { disk: 'slow' } });
      cluster.addVolume('w', {}, { labels: { disk: 'fast' } });
      cluster.addClaim('a', { selector: { matchLabels: { disk: 'fast' } } });
      cluster.addClaim('b', { selector: { matchExpressions: [{ key: 'disk', operator: 'DoesNotExist' }] } });
      await cluster.settle();
      expect(cluster.claim('a')?.other).toBe('w');
      expect(cluster.claim('b')).toEqual(PENDING);
    }));

  it('waits until there is one, and shares none with another claim', () =>
    withVolumes({}, async (cluster) => {
      cluster.addClaim('a');
      cluster.addClaim('b');
      await cluster.settle();
      expect(cluster.claim('a')).toEqual(PENDING);
      cluster.addVolume('v');
      await cluster.settle();
      const bound = ['a', 'b'].filter((name) => cluster.claim(name)?.phase === 'Bound');
      expect(bound).toHaveLength(1);
      cluster.addVolume('w');
      await cluster.settle();
      expect(new Set([cluster.claim('a')?.other, cluster.claim('b')?.other])).toEqual(new Set(['v', 'w']));
    }));

  it('and wants no class takes a volume without one', () =>
    withVolumes({}, async (cluster) => {
      cluster.addVolume('classless', { storageClassName: '' });
      cluster.addClaim('a', { storageClassName: '' });
      await cluster.settle();
      expect(cluster.claim('a')?.other).toBe('classless');
    }));
});

describe('a claim that names its volume', () => {
  it('gets it if it is free and will do, and waits otherwise', () =>
    withVolumes({}, async (cluster) => {
      cluster.addVolume('v');
      cluster.addVolume('tiny', { capacity: { storage: '1Mi' } });
      cluster.addVolume('other-class', { storageClassName: 'other' });
      cluster.addClaim('a', { volumeName: 'v' });
      await cluster.settle();
      expect(cluster.claim('a')).toEqual({ phase: 'Bound', annotations: ['bind-completed'], other: 'v' });
      expect(cluster.volume('v')).toMatchObject({ other: 'a', annotations: ['bound-by-controller'] });
      for (const [name, volumeName] of [
        ['b', 'v'],
        ['c', 'tiny'],
        ['d', 'other-class'],
        ['e', 'none'],
      ] as const) {
        cluster.addClaim(name, { volumeName });
        await cluster.settle();
        expect(cluster.claim(name)).toEqual({ phase: 'Pending', annotations: [], other: volumeName });
      }
      cluster.addVolume('none');
      await cluster.settle();
      expect(cluster.claim('e')?.phase).toBe('Bound');
    }));

  it('gets one that is reserved for it whatever its class', () =>
    withVolumes({}, async (cluster) => {
      cluster.addVolume('v', { storageClassName: 'other', claimRef: { namespace: 'default', name: 'a' } });
      cluster.addClaim('a', { volumeName: 'v' });
      await cluster.settle();
      expect(cluster.claim('a')?.phase).toBe('Bound');
    }));
});

describe('a claim whose class waits for the first consumer', () => {
  const late = { storageClassName: 'late' };

  it('is left alone until the scheduler has reserved a volume for it, and then completed', () =>
    withVolumes({}, async (cluster) => {
      cluster.addClass('late', { volumeBindingMode: 'WaitForFirstConsumer' });
      cluster.addVolume('v', late);
      const { metadata } = cluster.addClaim('a', late);
      await cluster.settle();
      expect(cluster.claim('a')).toEqual(PENDING);
      const { namespace, name, uid, resourceVersion } = metadata;
      const claimRef = {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace,
        name,
        uid,
        resourceVersion,
      };
      cluster.patchVolume('v', {
        metadata: { annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } },
        spec: { claimRef },
      });
      await cluster.settle();
      expect(cluster.claim('a')).toEqual({ ...CHOSEN, other: 'v' });
      expect(cluster.volume('v')?.phase).toBe('Bound');
      expect(cluster.rawVolume('v')?.spec).toMatchObject({ claimRef });
    }));

  it('is handed to its provisioner when a node is selected; one that waits for nobody is handed over at once', () =>
    withVolumes({}, async (cluster) => {
      cluster.addClass('late', { volumeBindingMode: 'WaitForFirstConsumer' });
      cluster.addClass('soon');
      cluster.addClass('by-hand', { provisioner: 'kubernetes.io/no-provisioner' });
      cluster.addClaim('a', late);
      cluster.addClaim('b', { storageClassName: 'soon' });
      cluster.addClaim('c', { storageClassName: 'by-hand' });
      await cluster.settle();
      const handedOver = ['storage-provisioner', 'storage-provisioner'];
      expect(cluster.claim('a')?.annotations).toEqual([]);
      expect(cluster.claim('b')).toEqual({ phase: 'Pending', annotations: handedOver, other: '' });
      expect(cluster.claim('c')).toEqual(PENDING);
      cluster.patchClaim('a', { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'n' } } });
      await cluster.settle();
      expect(cluster.claim('a')?.annotations).toEqual(['selected-node', ...handedOver]);
      expect(cluster.rawClaim('a')?.metadata.annotations).toMatchObject({
        'volume.kubernetes.io/storage-provisioner': 'example.com/disk',
        'volume.beta.kubernetes.io/storage-provisioner': 'example.com/disk',
      });
    }));

  it('or which is not there yet is looked at again when it comes', () =>
    withVolumes({}, async (cluster) => {
      cluster.addClaim('a', { storageClassName: 'soon' });
      await cluster.settle();
      expect(cluster.claim('a')).toEqual(PENDING);
      cluster.addClass('soon');
      await cluster.settle();
      expect(cluster.claim('a')?.annotations).toHaveLength(2);
    }));
});

describe('a volume', () => {
  it('that is reserved by name is completed with the claim of that name alone', () =>
    withVolumes({}, async (cluster) => {
      cluster.addVolume('v', { claimRef: { namespace: 'default', name: 'a' } });
      cluster.addClaim('b');
      await cluster.settle();
      expect(cluster.volume('v')).toEqual({ ...AVAILABLE, other: 'a' });
      expect(cluster.claim('b')).toEqual(PENDING);
      const { metadata } = cluster.addClaim('a');
      await cluster.settle();
      expect(cluster.claim('a')).toEqual({ ...CHOSEN, other: 'v' });
      expect(cluster.volume('v')).toEqual({ phase: 'Bound', annotations: [], other: 'a' });
      expect(cluster.rawVolume('v')?.spec).toMatchObject({ claimRef: { uid: metadata.uid } });
    }));

  it('is released with its claim, and is no other claim’s until somebody frees it', () =>
    withVolumes({}, async (cluster) => {
      cluster.addVolume('v');
      cluster.addClaim('a');
      await cluster.settle();
      cluster.deleteClaim('a');
      await cluster.settle();
      expect(cluster.volume('v')).toMatchObject({ phase: 'Released', other: 'a' });
      cluster.addClaim('a');
      await cluster.settle();
      expect(cluster.claim('a')).toEqual(PENDING);
      cluster.patchVolume('v', { spec: { claimRef: null } });
      await cluster.settle();
      expect(cluster.claim('a')).toEqual({ ...CHOSEN, other: 'v' });
    }));

  it('is released too when its claim goes before it ever knew of the volume', () =>
    withVolumes({}, async (cluster) => {
      cluster.addClass('late', { volumeBindingMode: 'WaitForFirstConsumer' });
      const { metadata } = cluster.addClaim('a', { storageClassName: 'late' });
      const { namespace, name, uid } = metadata;
      const tooSmall = { capacity: { storage: '1Mi' }, storageClassName: 'late' };
      cluster.addVolume('v', { ...tooSmall, claimRef: { namespace, name, uid } });
      await cluster.settle();
      expect(cluster.claim('a')).toEqual(PENDING);
      cluster.deleteClaim('a');
      await cluster.settle();
      expect(cluster.volume('v')?.phase).toBe('Released');
    }));

  it('of another claim of the same name is not taken for its own', () =>
    withVolumes({}, async (cluster) => {
      cluster.addVolume('v', { claimRef: { namespace: 'default', name: 'a', uid: 'of-another' } });
      cluster.addClaim('a');
      await cluster.settle();
      expect(cluster.claim('a')).toEqual(PENDING);
      expect(cluster.volume('v')?.phase).toBe('Released');
    }));

  it('that is reserved for a claim which got another one is free again', () =>
    withVolumes({}, async (cluster) => {
      cluster.addVolume('v');
      const { metadata } = cluster.addClaim('a');
      await cluster.settle();
      expect(cluster.claim('a')?.other).toBe('v');
      const { namespace, name, uid } = metadata;
      const claimRef = { namespace, name, uid };
      const byController = { annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } };
      const provisioned = { annotations: { 'pv.kubernetes.io/provisioned-by': 'example.com/disk' } };
      cluster.addVolume('w', { claimRef }, byController);
      cluster.addVolume('x', { claimRef });
      cluster.addVolume('y', { claimRef }, provisioned);
      await cluster.settle();
      expect(cluster.volume('w')).toEqual(AVAILABLE);
      // Somebody reserved it for the name: that stays.
      expect(cluster.volume('x')).toEqual({ ...AVAILABLE, other: 'a' });
      expect(cluster.rawVolume('x')?.spec).toMatchObject({ claimRef: { namespace, name } });
      // Made for a claim that has no use for it.
      expect(cluster.volume('y')?.phase).toBe('Released');
      expect(cluster.claim('a')?.other).toBe('v');
    }));

  it('that is deleted leaves its claim lost', () =>
    withVolumes({}, async (cluster) => {
      cluster.addVolume('v');
      cluster.addClaim('a');
      await cluster.settle();
      cluster.deleteVolume('v');
      await cluster.settle();
      expect(cluster.claim('a')).toEqual({ ...CHOSEN, phase: 'Lost', other: 'v' });
      expect(cluster.rawClaim('a')?.status).toEqual({ phase: 'Lost' });
    }));

  it('whose claim was struck out is bound to it again', () =>
    withVolumes({}, async (cluster) => {
      cluster.addVolume('v');
      const { metadata } = cluster.addClaim('a');
      await cluster.settle();
      cluster.patchVolume('v', { spec: { claimRef: null } });
      await cluster.settle();
      expect(cluster.rawVolume('v')).toMatchObject({
        spec: { claimRef: { uid: metadata.uid } },
        status: { phase: 'Bound' },
      });
    }));

  it('and its claim are left alone once they are bound', () =>
    withVolumes({}, async (cluster) => {
      cluster.addVolume('v');
      cluster.addClaim('a');
      await cluster.settle();
      const version = cluster.server.resourceVersion;
      cluster.patchClaim('a', { metadata: { labels: { x: 'y' } } });
      cluster.patchVolume('v', { metadata: { labels: { x: 'y' } } });
      await cluster.settle();
      expect(Number(cluster.server.resourceVersion)).toBe(Number(version) + 2);
    }));
});

it('claims and volumes stay as they are where no controllers run', () =>
  withVolumes({ controllers: false }, async (cluster) => {
    cluster.addVolume('v');
    cluster.addClaim('a');
    await cluster.settle();
    expect(cluster.claim('a')).toEqual(PENDING);
    expect(cluster.volume('v')).toEqual(PENDING);
  }));

it('many claims and volumes find each other one to one', () =>
  withVolumes({}, async (cluster) => {
    const count = 200;
    for (let index = 0; index < count; index += 1) {
      cluster.addClaim(`c${index}`);
      cluster.addVolume(`v${index}`);
    }
    await cluster.settle();
    const volumes = Array.from({ length: count }, (_, index) => cluster.claim(`c${index}`)?.other);
    expect(new Set(volumes).size).toBe(count);
    expect(volumes).not.toContain('');
  }));
