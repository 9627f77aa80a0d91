import { nodeCores, nodeName, zoneKey } from './node-objects.js';
import type { PodShape, Workload } from './workload.js';

const hostname = 'kubernetes.io/hostname';
/** So little of a node that an empty one and one with a pod have the same score: scores are whole numbers. */
const requests = { cpu: '100m', memory: '128Mi' };

/** They fill a node, and one of them makes room for a pod. */
const victimsPerNode = 4;

/** Pods that no node takes: none has such a label. */
export const hopelessPod: PodShape = {
  labels: { app: 'hopeless' },
  requests,
  spec: { nodeSelector: { 'example.com/tape-drive': 'yes' } },
};

function ofApp(app: string, spec: Readonly<Record<string, unknown>> = {}): PodShape {
  return { labels: { app }, requests, spec };
}

function spreadConstraint(app: string, topologyKey: string, whenUnsatisfiable: string) {
  return { maxSkew: 1, topologyKey, whenUnsatisfiable, labelSelector: { matchLabels: { app } } };
}

function podTerm(app: string, topologyKey: string) {
  return { labelSelector: { matchLabels: { app } }, topologyKey };
}

const shapes = {
  basic: (app = 'basic') => ofApp(app),
  spread: (app = 'spread') =>
    ofApp(app, {
      topologySpreadConstraints: [
        spreadConstraint(app, zoneKey, 'DoNotSchedule'),
        spreadConstraint(app, hostname, 'ScheduleAnyway'),
      ],
    }),
  antiAffinityPreferred: (app = 'apart') =>
    ofApp(app, {
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 100, podAffinityTerm: podTerm(app, hostname) },
          ],
        },
      },
    }),
  antiAffinityRequired: (app = 'lonely') =>
    ofApp(app, {
      affinity: {
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [podTerm(app, hostname)] },
      },
    }),
  affinityRequired: (app = 'near') =>
    ofApp(app, {
      affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [podTerm(app, zoneKey)] } },
    }),
  nodeAffinity: (app = 'choosy') =>
    ofApp(app, {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 10,
              preference: { matchExpressions: [{ key: zoneKey, operator: 'In', values: ['zone-a'] }] },
            },
            {
              weight: 5,
              preference: {
                matchExpressions: [{ key: 'rack', operator: 'NotIn', values: ['rack-1', 'rack-2'] }],
              },
            },
          ],
        },
      },
    }),
};

/** Twenty pods of a mixed cluster: several applications of each kind. */
const mixture: readonly ((app: string) => PodShape)[] = [
  ...Array.from({ length: 9 }, () => shapes.basic),
  ...Array.from({ length: 4 }, () => shapes.spread),
  ...Array.from({ length: 3 }, () => shapes.antiAffinityPreferred),
  ...Array.from({ length: 2 }, () => shapes.nodeAffinity),
  shapes.affinityRequired,
  shapes.antiAffinityRequired,
];
/** Pods of one application in the mixture. */
const replicas = 25;

function mixedPod(index: number): PodShape {
  const kind = index % mixture.length;
  const generation = Math.floor(index / (mixture.length * replicas));
  return mixture[kind]!(`app-${kind}-${generation}`);
}

/** Around what the other pods request, so that the load is the same. */
function unseenPod(index: number): PodShape {
  const distinct = { cpu: `${80 + (index % 41)}m`, memory: `${(111 + (index % 33)) * 1024 + index}Ki` };
  return { labels: { app: `unseen-${index}` }, requests: distinct };
}

function daemonPod(index: number): PodShape {
  const field = { key: 'metadata.name', operator: 'In', values: [nodeName(index)] };
  return ofApp('daemon', {
    tolerations: [{ operator: 'Exists' }],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [field] }] },
      },
    },
  });
}

export const workloads: readonly Workload[] = [
  {
    name: 'basic',
    about: 'requests alone, all from one template',
    drive: 'backlog',
    sizes: [
      { nodes: 500, pods: 3000 },
      { nodes: 1000, pods: 1500 },
      { nodes: 5000, pods: 2000 },
      { nodes: 15000, pods: 1500 },
    ],
    pod: () => shapes.basic(),
    hasCeiling: true,
  },
  {
    name: 'basic-unseen',
    about: 'requests alone, no two pods alike',
    drive: 'backlog',
    sizes: [{ nodes: 5000, pods: 2000 }],
    pod: unseenPod,
    hasCeiling: true,
  },
  {
    name: 'spread',
    about: 'zones hard, host names soft',
    drive: 'backlog',
    sizes: [
      { nodes: 500, pods: 3000 },
      { nodes: 1000, pods: 1500 },
      { nodes: 5000, pods: 2000 },
      { nodes: 15000, pods: 1500 },
    ],
    pod: () => shapes.spread(),
    hasCeiling: true,
  },
  {
    name: 'anti-affinity-preferred',
    about: 'rather no node twice',
    drive: 'backlog',
    sizes: [
      { nodes: 500, pods: 3000 },
      { nodes: 5000, pods: 2000 },
    ],
    pod: () => shapes.antiAffinityPreferred(),
    hasCeiling: true,
  },
  {
    name: 'anti-affinity-required',
    about: 'no node twice',
    drive: 'backlog',
    sizes: [{ nodes: 5000, pods: 2000 }],
    pod: () => shapes.antiAffinityRequired(),
    hasCeiling: true,
  },
  {
    name: 'affinity-required',
    about: 'the zone of its own kind',
    drive: 'backlog',
    sizes: [{ nodes: 5000, pods: 2000 }],
    pod: () => shapes.affinityRequired(),
    hasCeiling: true,
  },
  {
    name: 'node-affinity',
    about: 'half of the nodes required, a zone and racks preferred',
    drive: 'backlog',
    sizes: [{ nodes: 5000, pods: 2000 }],
    pod: () => shapes.nodeAffinity(),
    hasCeiling: true,
  },
  {
    name: 'mixed',
    about: 'several applications of each of the kinds above',
    drive: 'backlog',
    sizes: [{ nodes: 5000, pods: 2000 }],
    pod: mixedPod,
    hasCeiling: true,
  },
  {
    name: 'daemonset-like',
    about: 'each for one node by name',
    drive: 'backlog',
    sizes: [{ nodes: 5000, pods: 2000 }],
    pod: daemonPod,
    hasCeiling: true,
  },
  {
    name: 'unschedulable-churn',
    about: 'basic pods, half as many that fit nowhere among them, and nodes that change',
    drive: 'backlog',
    sizes: [{ nodes: 1000, pods: 2000 }],
    pod: () => shapes.basic(),
    hopelessEvery: 2,
    nodeChangesPerSecond: 20,
    hasCeiling: false,
  },
  {
    name: 'preemption',
    about: 'every node is full of pods that give way; one of them has to go for each pod',
    drive: 'backlog',
    sizes: [{ nodes: 1000, pods: 500 }],
    pod: () => ({
      labels: { app: 'urgent' },
      requests: { cpu: String(nodeCores / victimsPerNode), memory: '128Mi' },
      spec: { priorityClassName: 'bench-urgent' },
    }),
    bound: { perNode: victimsPerNode, kind: 'victim' },
    hasCeiling: false,
  },
  {
    name: 'packing',
    about: 'basic pods, a profile that scores MostAllocated',
    drive: 'backlog',
    sizes: [{ nodes: 1000, pods: 2000 }],
    pod: () => shapes.basic(),
    profile: {
      pluginConfig: [
        {
          name: 'NodeResourcesFit',
          args: {
            scoringStrategy: {
              type: 'MostAllocated',
              resources: [
                { name: 'cpu', weight: 1 },
                { name: 'memory', weight: 1 },
              ],
            },
          },
        },
      ],
    },
    hasCeiling: true,
  },
  {
    name: 'arrivals',
    about: 'basic pods at a steady rate',
    drive: 'arrivals',
    sizes: [{ nodes: 5000, pods: 5000 }],
    pod: () => shapes.basic(),
    hasCeiling: false,
  },
  {
    name: 'burst',
    about: 'basic pods, created as fast as the API server takes them',
    drive: 'burst',
    sizes: [{ nodes: 5000, pods: 10000 }],
    pod: () => shapes.basic(),
    hasCeiling: false,
  },
  {
    name: 'start',
    about: 'ten pods on every node when the scheduler starts',
    drive: 'start',
    sizes: [{ nodes: 5000, pods: 10 }],
    pod: () => shapes.basic(),
    bound: { perNode: 10, kind: 'small' },
    hasCeiling: false,
  },
];
