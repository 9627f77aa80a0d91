import type { ApiObject } from '../controlplane/api-client.js';

/** A pod with something in nearly every field that decisions may ask about, and a node for its owner. No node takes it. */
export function manySidedPod(name: string, node: ApiObject): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: { app: 'web', tier: 'front' },
      annotations: {
        note: 'zwölf Bötchen ⛵, and more than the sixty-four bytes that a text in the cache may have',
      },
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Node',
          name: node.metadata.name,
          uid: node.metadata.uid,
          controller: true,
        },
      ],
    },
    spec: {
      schedulerName: 'nobody',
      terminationGracePeriodSeconds: 0,
      hostNetwork: true,
      nodeSelector: { disk: 'ssd', zone: 'a' },
      schedulingGates: [{ name: 'example.com/gate' }],
      tolerations: [
        { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 0 },
        { operator: 'Exists' },
      ],
      topologySpreadConstraints: [
        {
          maxSkew: 2,
          topologyKey: 'zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: {},
          minDomains: 3,
          nodeAffinityPolicy: 'Honor',
          nodeTaintsPolicy: 'Ignore',
          matchLabelKeys: ['app'],
        },
      ],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              {
                matchExpressions: [
                  { key: 'disk', operator: 'In', values: ['ssd', 'hdd'] },
                  { key: 'cores', operator: 'Gt', values: ['4'] },
                  { key: 'gone', operator: 'DoesNotExist' },
                ],
              },
              { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] },
            ],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 7, preference: { matchExpressions: [{ key: 'x', operator: 'Exists' }] } },
          ],
        },
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {
              topologyKey: 'zone',
              labelSelector: { matchLabels: { a: 'b' } },
              namespaces: ['x'],
              namespaceSelector: {},
            },
          ],
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 1,
              podAffinityTerm: {
                topologyKey: 'host',
                labelSelector: { matchExpressions: [{ key: 'q', operator: 'NotIn', values: ['z'] }] },
              },
            },
          ],
        },
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {
              topologyKey: 'zone',
              labelSelector: { matchLabels: { a: 'c' } },
              matchLabelKeys: ['app'],
              mismatchLabelKeys: ['tier'],
            },
          ],
        },
      },
      initContainers: [
        {
          name: 'side',
          image: 'side:1',
          restartPolicy: 'Always',
          resources: { requests: { cpu: '10m' } },
          ports: [{ containerPort: 1, hostPort: 1 }],
        },
      ],
      containers: [
        {
          name: 'main',
          image: 'reg.example.com:5000/nginx',
          command: ['x'],
          env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          ports: [{ containerPort: 8080, hostPort: 8080, protocol: 'UDP', hostIP: '127.0.0.1' }],
          resources: {
            requests: { cpu: '1500m', memory: '1Gi', 'example.com/gpu': '2' },
            limits: { memory: '2Gi', 'example.com/gpu': '2' },
          },
          volumeMounts: [{ name: 'empty', mountPath: '/c' }],
        },
      ],
      resourceClaims: [{ name: 'device', resourceClaimTemplateName: 'device' }],
      volumes: [
        { name: 'empty', emptyDir: {} },
        { name: 'claim', persistentVolumeClaim: { claimName: 'claim', readOnly: true } },
        {
          name: 'ephemeral',
          ephemeral: {
            volumeClaimTemplate: {
              metadata: { labels: { a: 'b' } },
              spec: {
                accessModes: ['ReadWriteOnce'],
                resources: { requests: { storage: '1Gi' } },
                storageClassName: '',
              },
            },
          },
        },
        { name: 'gce', gcePersistentDisk: { pdName: 'disk', readOnly: true, partition: 3 } },
        { name: 'aws', awsElasticBlockStore: { volumeID: 'vol' } },
        { name: 'rbd', rbd: { monitors: ['m1', 'm2'], image: 'i' } },
        {
          name: 'iscsi',
          iscsi: { targetPortal: '1.2.3.4', iqn: 'iqn.2001-04.com.example:storage', lun: 0 },
        },
        { name: 'csi', csi: { driver: 'd.example.com', readOnly: true, volumeAttributes: { k: 'v' } } },
        {
          name: 'azure-disk',
          azureDisk: { diskName: 'd', diskURI: 'https://a.blob.core.windows.net/c/d.vhd' },
        },
        { name: 'azure-file', azureFile: { secretName: 's', shareName: 't' } },
        { name: 'cinder', cinder: { volumeID: 'c' } },
        { name: 'vsphere', vsphereVolume: { volumePath: 'p' } },
        { name: 'portworx', portworxVolume: { volumeID: 'w' } },
        { name: 'image', image: { reference: 'reg.example.com:5000/x' } },
        { name: 'host', hostPath: { path: '/x' } },
      ],
    },
  };
}

/** What a pod cannot have together with what `manySidedPod` has. */
export function otherSidedPod(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, finalizers: ['example.com/stays'] },
    spec: {
      schedulerName: 'nobody',
      terminationGracePeriodSeconds: 0,
      hostUsers: false,
      runtimeClassName: 'heavy',
      restartPolicy: 'Never',
      resources: { requests: { cpu: '2', memory: '1Gi' } },
      containers: [
        {
          name: 'main',
          image: 'x',
          restartPolicy: 'Never',
          restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
        },
      ],
      volumes: [
        {
          name: 'odd',
          ephemeral: {
            volumeClaimTemplate: {
              spec: {
                accessModes: ['ReadWriteOnce'],
                // An API server takes this name, and must not be able to hand it on to harm anybody.
                resources: { requests: { storage: '1Gi', ['__proto__']: '1' } },
              },
            },
          },
        },
      ],
    },
  };
}

/** What a kubelet and a first scheduler write of it. */
export const manySidedStatus = {
  phase: 'Pending',
  startTime: '2026-01-01T00:00:00Z',
  nominatedNodeName: 'plain',
  conditions: [
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: 'nö',
      lastTransitionTime: '2026-01-01T00:00:01Z',
    },
    { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' },
    { type: 'PodResizePending', status: 'True', reason: 'Infeasible' },
  ],
  resourceClaimStatuses: [{ name: 'device', resourceClaimName: 'device-1' }],
  containerStatuses: [
    {
      name: 'main',
      image: 'x',
      imageID: '',
      ready: false,
      restartCount: 0,
      allocatedResources: { cpu: '1500m' },
      resources: { requests: { cpu: '1' } },
    },
  ],
};
