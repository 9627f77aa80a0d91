import type { Pod } from '../../../src/cluster/pod.js';
import { makePod, type PodParts } from '../../build-objects.js';
import { apart, nodeName, zoneOf } from './bench-cluster.js';

/** Pods that ask for one thing, to see what that thing costs. */
export interface PodKind {
  readonly name: string;
  /** For people. */
  readonly about: string;
  /** What the `index`th pod of a round is made of, beside its name. */
  readonly parts: (index: number) => PodParts;
  /** What the pods refer to, by resource. */
  readonly objects?: (nodes: number, pods: number) => Readonly<Record<string, readonly unknown[]>>;
}

const requests = { cpu: '100m', memory: '128Mi' };
const zone = 'topology.kubernetes.io/zone';
const hostname = 'kubernetes.io/hostname';
const driver = 'disk.csi.example.com';

function ofApp(name: string, spec: PodParts['spec'] = {}): (index: number) => PodParts {
  return () => ({ labels: { app: name }, requests, spec });
}

function spread(app: string, topologyKey: string, whenUnsatisfiable: string) {
  return { maxSkew: 1, topologyKey, whenUnsatisfiable, labelSelector: { matchLabels: { app } } };
}

function podTerm(app: string, topologyKey: string) {
  return { labelSelector: { matchLabels: { app } }, topologyKey };
}

export const podKinds: readonly PodKind[] = [
  { name: 'plain', about: 'requests alone, all from one template', parts: ofApp('plain') },
  {
    name: 'plain-unseen',
    about: 'requests alone, each with requests and labels of its own',
    parts: (index) => ({
      labels: { app: `unseen-${serial()}` },
      requests: { cpu: `${100 + (index % 50)}m`, memory: `${128 + (serials % 256)}Mi` },
    }),
  },
  {
    name: 'node-affinity',
    about: 'required: every second node; preferred: a zone, and some racks',
    parts: ofApp('choosy', {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 10,
              preference: { matchExpressions: [{ key: zone, operator: 'In', values: ['zone-a'] }] },
            },
            {
              weight: 5,
              preference: {
                matchExpressions: [
                  { key: 'rack', operator: 'NotIn', values: ['rack-1', 'rack-2', 'rack-3'] },
                ],
              },
            },
          ],
        },
      },
    }),
  },
  {
    name: 'spread-hard',
    about: 'zones, DoNotSchedule',
    parts: ofApp('even', { topologySpreadConstraints: [spread('even', zone, 'DoNotSchedule')] }),
  },
  {
    name: 'spread-soft',
    about: 'zones and nodes, ScheduleAnyway',
    parts: ofApp('loose', {
      topologySpreadConstraints: [
        spread('loose', zone, 'ScheduleAnyway'),
        spread('loose', hostname, 'ScheduleAnyway'),
      ],
    }),
  },
  {
    name: 'pod-affinity',
    about: 'required: the zone of its own kind; preferred: the node of some app',
    parts: ofApp('near', {
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [podTerm('near', zone)],
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 10, podAffinityTerm: podTerm('app-7', hostname) },
          ],
        },
      },
    }),
  },
  {
    name: 'pod-anti-affinity',
    about: 'required: no node twice',
    parts: ofApp('lonely', {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [podTerm('lonely', hostname)],
        },
      },
    }),
  },
  {
    name: 'pod-anti-affinity-soft',
    about: 'preferred: no node twice',
    parts: ofApp('shy', { affinity: apart({ app: 'shy' }) }),
  },
  {
    name: 'volumes',
    about: 'each with a bound claim, in the zone of its volume',
    parts: (index) => ({
      labels: { app: 'stateful' },
      requests,
      spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: `claim-${index}` } }] },
    }),
    objects: volumeObjects,
  },
];

let serials = 0;

function serial(): number {
  serials += 1;
  return serials;
}

/** Pending pods of a kind. Pods of later rounds have names of their own. */
export function podsOfKind(kind: PodKind, count: number, schedulerName = 'berth'): Pod[] {
  return Array.from({ length: count }, (_, index) =>
    makePod({ ...kind.parts(index), name: `${kind.name}-${serial()}`, schedulerName }),
  );
}

/** A bound claim for each pod of a round, and a driver on every node that says how many volumes it can attach. */
function volumeObjects(nodes: number, pods: number): Readonly<Record<string, readonly unknown[]>> {
  const storageClassName = 'fast';
  const accessModes = ['ReadWriteOnce'];
  const claims = Array.from({ length: pods }, (_, index) => ({
    metadata: {
      name: `claim-${index}`,
      namespace: 'default',
      uid: `claim-uid-${index}`,
      resourceVersion: '1',
      annotations: { 'pv.kubernetes.io/bind-completed': 'yes' },
    },
    spec: {
      accessModes,
      storageClassName,
      volumeName: `volume-${index}`,
      resources: { requests: { storage: '1Gi' } },
    },
    status: { phase: 'Bound' },
  }));
  const volumes = claims.map(({ metadata }, index) => ({
    metadata: { name: `volume-${index}`, uid: `volume-uid-${index}`, resourceVersion: '1' },
    spec: {
      accessModes,
      storageClassName,
      capacity: { storage: '1Gi' },
      claimRef: { namespace: metadata.namespace, name: metadata.name, uid: metadata.uid },
      csi: { driver, volumeHandle: `handle-${index}` },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: zone, operator: 'In', values: [zoneOf(index)] }] }],
        },
      },
    },
    status: { phase: 'Bound' },
  }));
  const csiNodes = Array.from({ length: nodes }, (_, index) => ({
    metadata: { name: nodeName(index), uid: `csi-node-uid-${index}`, resourceVersion: '1' },
    spec: {
      drivers: [{ name: driver, nodeID: nodeName(index), topologyKeys: [zone], allocatable: { count: 39 } }],
    },
  }));
  return {
    persistentvolumeclaims: claims,
    persistentvolumes: volumes,
    csinodes: csiNodes,
    csidrivers: [{ metadata: { name: driver, uid: 'driver', resourceVersion: '1' }, spec: {} }],
    storageclasses: [
      {
        metadata: { name: storageClassName, uid: 'class', resourceVersion: '1' },
        provisioner: driver,
        volumeBindingMode: 'WaitForFirstConsumer',
      },
    ],
  };
}
