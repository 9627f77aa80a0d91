import { describe, expect, it } from '@jest/globals';
import {
  projectCsiDriver,
  projectCsiNode,
  projectCsiStorageCapacity,
  projectVolumeAttachment,
} from '../../../src/cluster/project-csi.js';
import { projectStorageClass } from '../../../src/cluster/project-storage-class.js';
import { projectPersistentVolume } from '../../../src/cluster/project-volume.js';
import { projectPersistentVolumeClaim } from '../../../src/cluster/project-volume-claim.js';
import { ProjectionError } from '../../../src/cluster/projection-error.js';
import {
  rawClaim,
  rawCsiDriver,
  rawCsiNode,
  rawCsiStorageCapacity,
  rawInTreeVolume,
  rawStorageClass,
  rawVolume,
  rawVolumeAttachment,
  withField,
} from './raw-objects.js';

const gi = 2 ** 30;

describe('a projected PersistentVolume', () => {
  it('holds what decisions read and nothing else', () => {
    expect(projectPersistentVolume(rawVolume())).toEqual({
      uid: 'uid-of-pv-1',
      name: 'pv-1',
      resourceVersion: '7',
      labels: { team: 'a' },
      storageClass: 'fast',
      capacity: 10 * gi,
      accessModes: ['ReadWriteOnce', 'ReadOnlyMany'],
      volumeMode: 'Filesystem',
      volumeAttributesClass: 'gold',
      phase: 'Bound',
      terminating: false,
      claim: { namespace: 'team-a', name: 'data', uid: 'uid-of-data' },
      nodeSelectorTerms: [
        {
          matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['z1'] }],
          matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }],
        },
      ],
      csi: { driver: 'csi.example.com', volumeHandle: 'vol-1' },
      source: undefined,
    });
  });

  it('keeps the in-tree source for translation, detached from the decoded object', () => {
    const raw = rawInTreeVolume();
    const volume = projectPersistentVolume(raw);
    expect(volume.source).toEqual({ gcePersistentDisk: { pdName: 'disk-1', fsType: 'ext4' } });
    expect(volume.csi).toBeUndefined();
    expect(Object.isFrozen(volume.source?.gcePersistentDisk)).toBe(true);
    expect(Object.isFrozen((raw.spec as { gcePersistentDisk: unknown }).gcePersistentDisk)).toBe(false);
  });

  it('has no source when it is neither CSI nor translated', () => {
    const hostPath = withField(rawInTreeVolume(), 'spec.gcePersistentDisk', undefined);
    const volume = projectPersistentVolume(withField(hostPath, 'spec.hostPath', { path: '/x' }));
    expect([volume.source, volume.csi]).toEqual([undefined, undefined]);
  });

  it('tells no node affinity from one that no node meets', () => {
    const affinity = (value: unknown) =>
      projectPersistentVolume(withField(rawVolume(), 'spec.nodeAffinity', value)).nodeSelectorTerms;
    expect(affinity(undefined)).toBeUndefined();
    expect(affinity(null)).toBeUndefined();
    expect(affinity({})).toBeUndefined();
    expect(affinity({ required: {} })).toEqual([]);
    expect(affinity({ required: { nodeSelectorTerms: [{}] } })).toEqual([{}]);
  });

  it.each([
    ['1500m', 2],
    ['0.5', 1],
    ['1Gi', gi],
    [12, 12],
    [undefined, 0],
  ])('of %s has a capacity of %d whole bytes', (storage, expected) => {
    expect(projectPersistentVolume(withField(rawVolume(), 'spec.capacity.storage', storage)).capacity).toBe(
      expected,
    );
  });

  it('is terminating once it is being deleted, and unbound without a claim', () => {
    const deleted = withField(rawVolume(), 'metadata.deletionTimestamp', '2026-01-02T03:04:05Z');
    const volume = projectPersistentVolume(withField(deleted, 'spec.claimRef', null));
    expect([volume.terminating, volume.claim]).toEqual([true, undefined]);
  });
});

describe('the storage class of a volume or claim', () => {
  const annotation = 'volume.beta.kubernetes.io/storage-class';

  it.each([
    ['a volume', projectPersistentVolume, rawVolume()],
    ['a claim', projectPersistentVolumeClaim, rawClaim()],
  ] as const)('is for %s the annotation of old, else the field, else none', (_, project, raw) => {
    const classOf = (annotations: unknown, field: unknown): string =>
      project(withField(withField(raw, 'metadata.annotations', annotations), 'spec.storageClassName', field))
        .storageClass;
    expect(classOf({ [annotation]: 'slow' }, 'fast')).toBe('slow');
    expect(classOf({ [annotation]: '' }, 'fast')).toBe('');
    expect(classOf({ [annotation]: null }, 'fast')).toBe('fast');
    expect(classOf(undefined, 'fast')).toBe('fast');
    expect(classOf({}, undefined)).toBe('');
  });
});

describe('a projected PersistentVolumeClaim', () => {
  it('holds what decisions read and nothing else', () => {
    expect(projectPersistentVolumeClaim(rawClaim())).toEqual({
      uid: 'uid-of-data',
      namespace: 'team-a',
      name: 'data',
      resourceVersion: '7',
      storageClass: 'fast',
      requested: 5 * gi,
      accessModes: ['ReadWriteOnce'],
      volumeMode: 'Block',
      volumeAttributesClass: 'gold',
      selector: {
        matchLabels: { app: 'web' },
        matchExpressions: [{ key: 'tier', operator: 'In', values: ['front', 'back'] }],
      },
      volumeName: 'pv-1',
      phase: 'Bound',
      terminating: false,
      bindCompleted: true,
      selectedNode: 'n1',
      controllerUid: 'u1',
    });
  });

  it('that was only just made is not bound, asks for nothing and belongs to nobody', () => {
    const claim = projectPersistentVolumeClaim({ metadata: { name: 'c', namespace: 'n' } });
    expect(claim).toMatchObject({
      uid: '',
      storageClass: '',
      requested: undefined,
      accessModes: [],
      selector: undefined,
      volumeName: '',
      phase: '',
      bindCompleted: false,
      selectedNode: '',
      controllerUid: '',
    });
  });

  it('counts as completely bound by the annotation alone, whatever it says', () => {
    const annotated = (annotations: unknown) =>
      projectPersistentVolumeClaim(withField(rawClaim(), 'metadata.annotations', annotations)).bindCompleted;
    expect(annotated({ 'pv.kubernetes.io/bind-completed': '' })).toBe(true);
    expect(annotated({})).toBe(false);
  });

  it('tells a request of nothing from no request', () => {
    const requested = (storage: unknown) =>
      projectPersistentVolumeClaim(withField(rawClaim(), 'spec.resources.requests', { storage })).requested;
    expect([requested('0'), requested(undefined)]).toEqual([0, undefined]);
  });
});

describe('projected classes, drivers and what nodes have of them', () => {
  it('a StorageClass holds what decisions read', () => {
    expect(projectStorageClass(rawStorageClass())).toEqual({
      uid: 'uid-of-fast',
      name: 'fast',
      resourceVersion: '7',
      provisioner: 'csi.example.com',
      volumeBindingMode: 'WaitForFirstConsumer',
      allowedTopologies: [[{ key: 'topology.kubernetes.io/zone', values: ['z1', 'z2'] }]],
    });
    expect(projectStorageClass({ metadata: { name: 'bare' } })).toMatchObject({
      provisioner: '',
      volumeBindingMode: '',
      allowedTopologies: [],
    });
  });

  it('a CSINode holds limits by driver, undefined for none, and what is migrated', () => {
    expect(projectCsiNode(rawCsiNode())).toEqual({
      uid: 'uid-of-n1',
      name: 'n1',
      resourceVersion: '7',
      drivers: new Map([
        ['csi.example.com', 12],
        ['free.example.com', undefined],
      ]),
      migratedPlugins: new Set(['kubernetes.io/aws-ebs', 'kubernetes.io/gce-pd']),
    });
    const bare = projectCsiNode({ metadata: { name: 'n2' }, spec: { drivers: null } });
    expect([bare.drivers.size, bare.migratedPlugins.size]).toEqual([0, 0]);
  });

  it('a CSINode tells a limit of 0 from no limit', () => {
    const drivers = [
      { name: 'zero', allocatable: { count: 0 } },
      { name: 'none', allocatable: {} },
    ];
    expect([...projectCsiNode(withField(rawCsiNode(), 'spec.drivers', drivers)).drivers]).toEqual([
      ['zero', 0],
      ['none', undefined],
    ]);
  });

  it('a CSIDriver says whether it publishes capacity and whether pods need it on the node', () => {
    expect(projectCsiDriver(rawCsiDriver())).toEqual({
      uid: 'uid-of-csi.example.com',
      name: 'csi.example.com',
      resourceVersion: '7',
      storageCapacity: true,
      preventPodSchedulingIfMissing: true,
    });
    expect(projectCsiDriver({ metadata: { name: 'd' }, spec: {} })).toMatchObject({
      storageCapacity: false,
      preventPodSchedulingIfMissing: false,
    });
  });

  it('a CSIStorageCapacity holds bytes, and tells no topology from every topology', () => {
    expect(projectCsiStorageCapacity(rawCsiStorageCapacity())).toEqual({
      uid: 'uid-of-csisc-1',
      namespace: 'kube-system',
      name: 'csisc-1',
      resourceVersion: '7',
      storageClass: 'fast',
      capacity: 100 * gi,
      maximumVolumeSize: 10 * gi,
      nodeTopology: { matchLabels: { zone: 'z1' } },
    });
    const bare = { metadata: { name: 'c', namespace: 'n' }, nodeTopology: {} };
    expect(projectCsiStorageCapacity(bare)).toMatchObject({
      capacity: undefined,
      maximumVolumeSize: undefined,
      nodeTopology: {},
    });
    expect(projectCsiStorageCapacity({ ...bare, nodeTopology: null }).nodeTopology).toBeUndefined();
  });

  it('a VolumeAttachment says who attached what to which node', () => {
    expect(projectVolumeAttachment(rawVolumeAttachment())).toEqual({
      uid: 'uid-of-csi-1',
      name: 'csi-1',
      resourceVersion: '7',
      attacher: 'csi.example.com',
      nodeName: 'n1',
      volumeName: 'pv-1',
    });
    const inline = withField(rawVolumeAttachment(), 'spec.source', { inlineVolumeSpec: {} });
    expect(projectVolumeAttachment(inline).volumeName).toBe('');
  });
});

describe('a storage object with a field of the wrong type', () => {
  it.each<[(raw: unknown) => unknown, Record<string, unknown>, string]>([
    [
      projectPersistentVolume,
      withField(rawVolume(), 'spec.capacity.storage', 'much'),
      'spec.capacity.storage: expected a quantity, found "much"',
    ],
    [
      projectPersistentVolume,
      withField(rawVolume(), 'spec.nodeAffinity.required.nodeSelectorTerms', {}),
      'spec.nodeAffinity.required.nodeSelectorTerms: expected a list, found an object',
    ],
    [
      projectPersistentVolumeClaim,
      withField(rawClaim(), 'metadata.annotations', { 'volume.kubernetes.io/selected-node': 1 }),
      'metadata.annotations["volume.kubernetes.io/selected-node"]: expected a string, found 1',
    ],
    [
      projectPersistentVolumeClaim,
      withField(rawClaim(), 'metadata.namespace', ''),
      'metadata.namespace: expected a non-empty string, found ""',
    ],
    [
      projectStorageClass,
      withField(rawStorageClass(), 'allowedTopologies', [{ matchLabelExpressions: [1] }]),
      'allowedTopologies[0].matchLabelExpressions[0]: expected an object, found 1',
    ],
    [
      projectCsiNode,
      withField(rawCsiNode(), 'spec.drivers', [{ name: 'd', allocatable: { count: '5' } }]),
      'spec.drivers[0].allocatable.count: expected an integer, found "5"',
    ],
    [
      projectCsiDriver,
      withField(rawCsiDriver(), 'spec.storageCapacity', 'yes'),
      'spec.storageCapacity: expected true or false, found "yes"',
    ],
  ])('is refused: %p %j', (project, raw, message) => {
    expect(() => project(raw)).toThrow(ProjectionError);
    expect(() => project(raw)).toThrow(message);
  });
});
