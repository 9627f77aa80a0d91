import { describe, expect, it } from '@jest/globals';
import type { JsonRecord } from '../../../../src/kube/embedded/json-value.js';
import { ManualClock } from '../../../manual-clock.js';
import { withServer } from './embedded-client.js';
import { sampleOf } from './sample-kinds.js';

describe('what is left out is filled in:', () => {
  it.each<[string, JsonRecord]>([
    [
      'Namespace',
      {
        metadata: { labels: { 'kubernetes.io/metadata.name': 'a' } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      },
    ],
    [
      'Service',
      {
        spec: {
          type: 'ClusterIP',
          sessionAffinity: 'None',
          ipFamilies: ['IPv4'],
          ipFamilyPolicy: 'SingleStack',
          internalTrafficPolicy: 'Cluster',
          ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
        },
        status: { loadBalancer: {} },
      },
    ],
    [
      'ReplicationController',
      {
        metadata: { labels: { app: 'x' } },
        spec: { replicas: 1, selector: { app: 'x' } },
        status: { replicas: 0 },
      },
    ],
    ['ReplicaSet', { spec: { replicas: 1 }, status: { replicas: 0 } }],
    [
      'StatefulSet',
      {
        spec: { replicas: 1, serviceName: '', podManagementPolicy: 'OrderedReady' },
        status: { replicas: 0 },
      },
    ],
    [
      'PersistentVolume',
      {
        spec: {
          volumeMode: 'Filesystem',
          persistentVolumeReclaimPolicy: 'Retain',
          hostPath: { type: '' },
        },
        status: { phase: 'Pending' },
      },
    ],
    ['PersistentVolumeClaim', { spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } }],
    ['StorageClass', { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }],
    ['CSINode', { spec: { drivers: null }, status: {} }],
    [
      'CSIDriver',
      {
        spec: {
          attachRequired: true,
          storageCapacity: false,
          volumeLifecycleModes: ['Persistent'],
          fsGroupPolicy: 'ReadWriteOnceWithFSType',
          preventPodSchedulingIfMissing: false,
        },
      },
    ],
    ['VolumeAttachment', { status: { attached: false } }],
    [
      'PodDisruptionBudget',
      { status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 } },
    ],
  ])('%s', (kind, expected) =>
    withServer({}, async (client) => {
      const sample = sampleOf(kind);
      expect((await client.post(sample.collection, sample.body('a'))).body).toMatchObject(expected);
    }),
  );

  it('a Service has an address unless it wants none, and ports on nodes if it wants them', () =>
    withServer({}, async (client) => {
      const services = sampleOf('Service').collection;
      const make = async (name: string, spec: object) =>
        (await client.post(services, { metadata: { name }, spec })).body.spec;
      const ports = [{ port: 80 }];
      const plain = await make('a', { ports });
      expect(plain.clusterIP).toMatch(/^10\.96\.\d+\.\d+$/);
      expect(plain.clusterIPs).toEqual([plain.clusterIP]);
      expect(await make('b', { clusterIP: 'None', selector: { app: 'x' } })).toMatchObject({
        clusterIPs: ['None'],
        ipFamilyPolicy: 'SingleStack',
      });
      expect(await make('c', { clusterIP: 'None' })).toMatchObject({ ipFamilyPolicy: 'RequireDualStack' });
      const balanced = await make('d', { type: 'LoadBalancer', ports });
      expect(balanced).toMatchObject({
        externalTrafficPolicy: 'Cluster',
        allocateLoadBalancerNodePorts: true,
      });
      expect(balanced.ports[0].nodePort).toBeGreaterThanOrEqual(30_000);
      expect(await make('e', { type: 'ExternalName', externalName: 'x.example' })).toEqual({
        type: 'ExternalName',
        externalName: 'x.example',
        sessionAffinity: 'None',
      });
      const renamed = await client.patch(`${services}/a`, 'merge', {
        spec: { type: 'ExternalName', externalName: 'x.example' },
      });
      expect(renamed.body.spec.clusterIP).toBeUndefined();
    }));

  it('a Service keeps the address it was made with, though an update leaves it out', () =>
    withServer({}, async (client) => {
      const services = sampleOf('Service').collection;
      const spec = { clusterIP: '10.96.7.7', ports: [{ port: 80 }] };
      await client.post(services, { metadata: { name: 'a' }, spec });
      const { body } = await client.put(`${services}/a`, {
        metadata: { name: 'a' },
        spec: { ports: [{ port: 81 }] },
      });
      expect(body.spec).toMatchObject({ clusterIP: '10.96.7.7', ports: [{ port: 81, targetPort: 81 }] });
    }));

  it('a claim that names no class gets the youngest default class; one that wants none keeps none', async () => {
    const clock = new ManualClock();
    await withServer({ clock }, async (client) => {
      const classes = sampleOf('StorageClass');
      const claims = sampleOf('PersistentVolumeClaim');
      const make = async (name: string, metadata: object, spec: object) => {
        const { storageClassName: _left, ...rest } = claims.body('x').spec as JsonRecord;
        const body = { metadata: { name, ...metadata }, spec: { ...rest, ...spec } };
        return (await client.post(claims.collection, body)).body.spec.storageClassName;
      };
      expect(await make('before', {}, {})).toBeUndefined();
      for (const [name, isDefault] of [
        ['old', 'true'],
        ['young', 'true'],
        ['youngest', 'false'],
      ] as const) {
        await clock.advance(1_000);
        const annotations = { 'storageclass.kubernetes.io/is-default-class': isDefault };
        await client.post(classes.collection, { ...classes.body(name), metadata: { name, annotations } });
      }
      expect(await make('after', {}, {})).toBe('young');
      expect(await make('none', {}, { storageClassName: '' })).toBe('');
      const annotations = { 'volume.beta.kubernetes.io/storage-class': 'of-old' };
      expect(await make('annotated', { annotations }, {})).toBeUndefined();
    });
  });

  it('the claims a StatefulSet makes', () =>
    withServer({}, async (client) => {
      const sample = sampleOf('StatefulSet');
      const { spec } = sample.body('a');
      const volumeClaimTemplates = [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ];
      const { body } = await client.post(sample.collection, {
        metadata: { name: 'a' },
        spec: { ...(spec as object), volumeClaimTemplates },
      });
      expect(body.spec.volumeClaimTemplates).toMatchObject([
        { kind: 'PersistentVolumeClaim', spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } },
      ]);
    }));
});

const SUBDOMAIN = 'a lowercase RFC 1123 subdomain must consist of';

/** Laid over the sample's body, one level deep into `spec`; `undefined` takes a field away. */
function bodyWith(kind: string, over: JsonRecord): JsonRecord {
  const body = sampleOf(kind).body('a');
  const spec = over.spec === undefined ? body.spec : { ...(body.spec as object), ...(over.spec as object) };
  return { ...body, ...over, spec };
}

describe('a new object that lacks what it needs, or has what cannot be, is refused:', () => {
  const emptySpec = Object.fromEntries(
    ['capacity', 'accessModes', 'hostPath', 'resources', 'selector', 'template', 'ports'].map((field) => [
      field,
      undefined,
    ]),
  );

  it.each<[string, JsonRecord, string]>([
    [
      'Namespace',
      { metadata: { name: 'a.b' } },
      'metadata.name: Invalid value: "a.b": must not contain dots',
    ],
    ['Service', { spec: emptySpec }, 'spec.ports: Required value'],
    ['Service', { spec: { ports: [{ port: 1 }, { port: 2 }] } }, 'spec.ports[1].name: Required value'],
    [
      'Service',
      { spec: { ports: [{ port: 0 }] } },
      'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    ],
    ['Service', { spec: { type: 'ExternalName' } }, 'spec.externalName: Required value'],
    [
      'Service',
      { spec: { type: 'Odd' } },
      'spec.type: Unsupported value: "Odd": supported values: "ClusterIP"',
    ],
    [
      'ReplicationController',
      { spec: emptySpec },
      '[spec.selector: Required value, spec.template: Required value]',
    ],
    [
      'ReplicationController',
      { spec: { selector: { app: 'y' } } },
      'spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`',
    ],
    [
      'ReplicaSet',
      { spec: emptySpec },
      '[spec.selector: Required value, spec.template.metadata.labels: Invalid value: null: `selector` does not ' +
        'match template `labels`, spec.template.spec.containers: Required value]',
    ],
    [
      'StatefulSet',
      { spec: { selector: {} } },
      'spec.selector: Invalid value: {}: empty selector is invalid for statefulset',
    ],
    [
      'StatefulSet',
      { spec: { replicas: -1 } },
      'spec.replicas: Invalid value: -1: must be greater than or equal',
    ],
    [
      'PersistentVolume',
      { spec: emptySpec },
      '[spec.accessModes: Required value, spec.capacity: Required value, spec.capacity: Unsupported value: null: ' +
        'supported values: "storage", spec: Required value: must specify a volume type]',
    ],
    [
      'PersistentVolume',
      { spec: { capacity: { storage: '0' } } },
      'spec.capacity[storage]: Invalid value: "0": must be greater than zero',
    ],
    [
      'PersistentVolume',
      { spec: { capacity: { storage: '1Gi', cpu: '1' } } },
      'spec.capacity: Unsupported value: {"storage":"1Gi","cpu":"1"}: supported values: "storage"',
    ],
    [
      'PersistentVolume',
      { spec: { hostPath: undefined, csi: {} } },
      '[spec.csi.driver: Required value, spec.csi.volumeHandle: Required value]',
    ],
    [
      'PersistentVolume',
      { spec: { nfs: { server: 's', path: '/' } } },
      'spec.nfs: Forbidden: may not specify more than 1 volume type',
    ],
    [
      'PersistentVolume',
      { spec: { hostPath: undefined, local: { path: '/' } } },
      'spec.nodeAffinity: Required value: Local volume requires node affinity',
    ],
    [
      'PersistentVolume',
      { spec: { nodeAffinity: {} } },
      'spec.nodeAffinity.required: Required value: must specify required node constraints',
    ],
    ['PersistentVolume', { spec: { accessModes: ['Some'] } }, 'spec.accessModes: Unsupported value: "Some"'],
    [
      'PersistentVolume',
      { spec: { persistentVolumeReclaimPolicy: 'Burn', volumeMode: 'Tape' } },
      '[spec.persistentVolumeReclaimPolicy: Unsupported value: "Burn": supported values: "Delete", "Recycle", ' +
        '"Retain", spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"]',
    ],
    [
      'PersistentVolumeClaim',
      { spec: emptySpec },
      '[spec.accessModes: Required value: at least 1 access mode is required, spec.resources[storage]: Required value]',
    ],
    [
      'PersistentVolumeClaim',
      { spec: { accessModes: ['ReadWriteOnce', 'ReadWriteOncePod'] } },
      'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
    ],
    [
      'PersistentVolumeClaim',
      { spec: { resources: { requests: { storage: '-1Gi' } } } },
      'spec.resources[storage]: Invalid value: "-1Gi": must be greater than zero',
    ],
    [
      'PersistentVolumeClaim',
      { spec: { storageClassName: 'Up' } },
      `spec.storageClassName: Invalid value: "Up": ${SUBDOMAIN}`,
    ],
    ['StorageClass', { provisioner: undefined }, 'provisioner: Required value'],
    [
      'StorageClass',
      { reclaimPolicy: 'Recycle', volumeBindingMode: 'Later' },
      '[reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain", volumeBindingMode: ' +
        'Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"]',
    ],
    [
      'StorageClass',
      { allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: [] }] }] },
      'allowedTopologies[0].matchLabelExpressions[0].values: Required value',
    ],
    [
      'CSINode',
      { spec: { drivers: [{ name: 'd' }, { name: 'd', nodeID: 'n', allocatable: { count: -1 } }] } },
      '[spec.drivers[0].nodeID: Required value, spec.drivers[1].name: Duplicate value: "d", ' +
        'spec.drivers[1].allocatable.count: Invalid value: -1: must be greater than or equal to 0]',
    ],
    [
      'CSIDriver',
      { spec: { volumeLifecycleModes: ['Eternal'] } },
      'spec.volumeLifecycleModes: Unsupported value: "Eternal": supported values: "Persistent", "Ephemeral"',
    ],
    [
      'CSIStorageCapacity',
      { storageClassName: undefined },
      `storageClassName: Invalid value: "": ${SUBDOMAIN}`,
    ],
    [
      'CSIStorageCapacity',
      { capacity: '-1' },
      'capacity: Invalid value: "-1": must be greater than or equal to 0',
    ],
    [
      'CSIStorageCapacity',
      { nodeTopology: { matchExpressions: [{ key: 'a', operator: 'Near' }] } },
      'nodeTopology.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
    ],
    [
      'VolumeAttachment',
      { spec: { source: {}, nodeName: 'n', attacher: '' } },
      '[spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName, ' +
        'spec.attacher: Required value]',
    ],
    [
      'PodDisruptionBudget',
      { spec: { minAvailable: 1, maxUnavailable: 1 } },
      'minAvailable and maxUnavailable cannot be both set',
    ],
    [
      'PodDisruptionBudget',
      { spec: { minAvailable: -1 } },
      'spec.minAvailable: Invalid value: -1: must be greater',
    ],
    ['PodDisruptionBudget', { spec: { minAvailable: '101%' } }, 'must not be greater than 100%'],
    [
      'PodDisruptionBudget',
      { spec: { maxUnavailable: 'half' } },
      'spec.maxUnavailable: Invalid value: "half": a valid percent string must be',
    ],
    [
      'PodDisruptionBudget',
      { spec: { unhealthyPodEvictionPolicy: 'Maybe' } },
      'spec.unhealthyPodEvictionPolicy: Unsupported value: "Maybe": supported values: "AlwaysAllow", "IfHealthyBudget"',
    ],
    [
      'PodDisruptionBudget',
      { spec: { selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } },
      "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ],
    [
      'PodDisruptionBudget',
      { spec: { selector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } } },
      "spec.selector.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists'",
    ],
  ])('%s %j', (kind, over, problem) =>
    withServer({}, async (client) => {
      const { code, body } = await client.post(sampleOf(kind).collection, bodyWith(kind, over));
      expect(body.message).toContain(problem);
      expect(code).toBe(422);
    }),
  );

  it.each<[string, JsonRecord]>([
    ['PersistentVolume', { spec: { capacity: { storage: 'lots' } } }],
    ['PersistentVolumeClaim', { spec: { resources: { requests: { storage: 'lots' } } } }],
    ['PersistentVolumeClaim', { spec: { resources: { requests: { storage: '1'.repeat(200) } } } }],
    ['CSIStorageCapacity', { maximumVolumeSize: 'lots' }],
    ['PodDisruptionBudget', { spec: { maxUnavailable: true } }],
  ])('%s %j cannot be decoded', (kind, over) =>
    withServer({}, async (client) => {
      const { code, body } = await client.post(sampleOf(kind).collection, bodyWith(kind, over));
      expect(body.message).toContain(`${kind} in version "v1" cannot be handled as a ${kind}: `);
      expect(code).toBe(400);
    }),
  );
});

describe('what is settled for good cannot be changed:', () => {
  const affinity = (value: string) => ({
    required: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [value] }] }],
    },
  });
  const CLAIM_SPEC =
    'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
  const fixed = (field: string): string => `${field}: Invalid value: null: field is immutable`;

  it.each<[string, JsonRecord, JsonRecord, string]>([
    [
      'Service',
      {},
      { spec: { clusterIP: '10.96.0.1' } },
      'spec.clusterIPs[0]: Invalid value: ["10.96.0.1"]: may not change once set',
    ],
    [
      'ReplicaSet',
      {},
      {
        spec: {
          selector: { matchLabels: { app: 'x', b: 'c' } },
          template: { metadata: { labels: { b: 'c' } } },
        },
      },
      'spec.selector: Invalid value: {"matchLabels":{"app":"x","b":"c"}}: field is immutable',
    ],
    [
      'StatefulSet',
      {},
      { spec: { serviceName: 's' } },
      'spec.serviceName: Invalid value: "s": field is immutable',
    ],
    [
      'PersistentVolume',
      {},
      { spec: { hostPath: { path: '/other' } } },
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
    ],
    [
      'PersistentVolume',
      {},
      { spec: { volumeMode: 'Block' } },
      'volumeMode: Invalid value: "Block": field is immu',
    ],
    [
      'PersistentVolume',
      { spec: { nodeAffinity: affinity('a') } },
      { spec: { nodeAffinity: affinity('b') } },
      'nodeAffinity: Invalid value',
    ],
    ['PersistentVolumeClaim', {}, { spec: { accessModes: ['ReadWriteMany'] } }, CLAIM_SPEC],
    ['PersistentVolumeClaim', {}, { spec: { storageClassName: 'other' } }, CLAIM_SPEC],
    ['PersistentVolumeClaim', {}, { spec: { resources: { requests: { storage: '2Gi' } } } }, CLAIM_SPEC],
    ['PersistentVolumeClaim', { spec: { volumeName: 'v' } }, { spec: { volumeName: 'w' } }, CLAIM_SPEC],
    ['StorageClass', {}, { provisioner: 'other' }, fixed('provisioner')],
    ['StorageClass', {}, { reclaimPolicy: 'Retain' }, fixed('reclaimPolicy')],
    ['StorageClass', {}, { volumeBindingMode: 'WaitForFirstConsumer' }, fixed('volumeBindingMode')],
    ['StorageClass', {}, { parameters: { a: 'b' } }, fixed('parameters')],
    [
      'CSINode',
      { spec: { drivers: [{ name: 'd', nodeID: 'n' }] } },
      { spec: { drivers: [{ name: 'd', nodeID: 'm' }] } },
      'spec.drivers: Invalid value: {"name":"d","nodeID":"m","topologyKeys":null}: field is immutable',
    ],
    ['CSIDriver', {}, { spec: { attachRequired: false } }, 'Invalid value: false: field is immutable'],
    [
      'CSIStorageCapacity',
      {},
      { storageClassName: 'other' },
      'storageClassName: Invalid value: "other": field is immutable',
    ],
    ['CSIStorageCapacity', { nodeTopology: {} }, { nodeTopology: null }, fixed('nodeTopology')],
    ['VolumeAttachment', {}, { spec: { nodeName: 'm' } }, fixed('spec')],
  ])('%s %j by %j', (kind, over, patch, problem) =>
    withServer({}, async (client) => {
      const { collection } = sampleOf(kind);
      const made = await client.post(collection, bodyWith(kind, over));
      expect(made.code).toBe(201);
      const { code, body } = await client.patch(`${collection}/a`, 'merge', patch);
      expect(body.message).toContain(problem);
      expect(code).toBe(422);
      expect((await client.get(`${collection}/a`)).body).toEqual(made.body);
    }),
  );

  it.each<[string, JsonRecord, JsonRecord]>([
    ['Namespace', {}, { spec: { finalizers: [] } }],
    ['PersistentVolume', {}, { spec: { nodeAffinity: affinity('a') } }],
    ['PersistentVolume', {}, { spec: { capacity: { storage: '2Gi' }, storageClassName: 'other' } }],
    ['PersistentVolumeClaim', {}, { spec: { volumeName: 'v' } }],
    [
      'PersistentVolumeClaim',
      { spec: { storageClassName: undefined } },
      { spec: { storageClassName: 'late' } },
    ],
    ['StorageClass', {}, { allowVolumeExpansion: true }],
    [
      'CSINode',
      { spec: { drivers: [{ name: 'd', nodeID: 'n' }] } },
      {
        spec: {
          drivers: [
            { name: 'd', nodeID: 'n', allocatable: { count: 9 } },
            { name: 'e', nodeID: 'n' },
          ],
        },
      },
    ],
    [
      'PodDisruptionBudget',
      { spec: { minAvailable: 1 } },
      { spec: { minAvailable: null, maxUnavailable: '50%' } },
    ],
  ])('but %s %j may change by %j', (kind, over, patch) =>
    withServer({}, async (client) => {
      const { collection } = sampleOf(kind);
      await client.post(collection, bodyWith(kind, over));
      expect((await client.patch(`${collection}/a`, 'merge', patch)).code).toBe(200);
    }),
  );

  it('a claim may grow once it is bound', () =>
    withServer({}, async (client) => {
      const { collection, body } = sampleOf('PersistentVolumeClaim');
      await client.post(collection, body('a'));
      await client.patch(`${collection}/a/status`, 'merge', { status: { phase: 'Bound' } });
      const grown = await client.patch(`${collection}/a`, 'merge', {
        spec: { resources: { requests: { storage: '2Gi' } } },
      });
      expect(grown.code).toBe(200);
    }));

  it('a namespace keeps its label and its finalizer', () =>
    withServer({}, async (client) => {
      const { collection, body } = sampleOf('Namespace');
      await client.post(collection, body('a'));
      const changed = await client.put(`${collection}/a`, { metadata: { name: 'a', labels: { team: 'x' } } });
      expect(changed.body).toMatchObject({
        metadata: { labels: { team: 'x', 'kubernetes.io/metadata.name': 'a' } },
        spec: { finalizers: ['kubernetes'] },
      });
    }));
});
