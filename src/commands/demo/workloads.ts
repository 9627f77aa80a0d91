import type { ObjectInput } from '../../kube/embedded/kube-object.js';

type Json = Readonly<Record<string, unknown>>;

/** Something to submit: a deployment or a pod, as in the task pages of the Kubernetes documentation. */
export interface Workload {
  readonly name: string;
  /** What it asks for, in a few words. */
  readonly about: string;
  readonly object: ObjectInput;
  readonly pods: number;
  /** How many of them Berth will place. */
  readonly placed: number;
}

const schedulerName = 'berth';
const smallRequests = { requests: { cpu: '100m', memory: '128Mi' } };

export const demoWorkloads: readonly Workload[] = [
  deployment('nginx', 'five replicas with requests', 5, {
    resources: { requests: { cpu: '250m', memory: '256Mi' } },
  }),
  pod('nginx-ssd', 'nodeSelector disktype=ssd', { nodeSelector: { disktype: 'ssd' } }),
  pod('with-node-affinity', 'required: one of two zones, preferred: antarctica-west1', {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            {
              matchExpressions: [
                {
                  key: 'topology.kubernetes.io/zone',
                  operator: 'In',
                  values: ['antarctica-east1', 'antarctica-west1'],
                },
              ],
            },
          ],
        },
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 50,
            preference: {
              matchExpressions: [
                { key: 'topology.kubernetes.io/zone', operator: 'In', values: ['antarctica-west1'] },
              ],
            },
          },
        ],
      },
    },
  }),
  pod('control-plane-agent', 'tolerates the taint, selects the control plane', {
    tolerations: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' }],
    nodeSelector: { 'node-role.kubernetes.io/control-plane': '' },
  }),
  pod('extended-resource-demo', 'three dongles', {}, { 'example.com/dongle': '3' }),
  pod('extended-resource-demo-2', 'two dongles more than are left', {}, { 'example.com/dongle': '2' }, 0),
  pod('memory-demo-3', '1000Gi of memory: too much for any node', {}, { memory: '1000Gi' }, 0),
  pod(
    'other-scheduler',
    'names another scheduler: not ours to touch',
    { schedulerName: 'somebody-else' },
    {},
    0,
  ),
];

/** Waits until a node gets the label; the demo labels one to show what happens then. */
export const waitingWorkload: Workload = pod(
  'needs-nvme',
  'nodeSelector disktype=nvme, which no node has yet',
  {
    nodeSelector: { disktype: 'nvme' },
  },
);

function container(extra: Json): Json {
  return { name: 'app', image: 'registry.k8s.io/nginx:1.27', ...extra };
}

function deployment(name: string, about: string, replicas: number, extra: Json): Workload {
  const labels = { app: name };
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default', labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { schedulerName, containers: [container(extra)] } },
    },
  };
  return { name, about, object, pods: replicas, placed: replicas };
}

function pod(
  name: string,
  about: string,
  spec: Json,
  resources: Readonly<Record<string, string>> = {},
  placed = 1,
): Workload {
  const extended = Object.fromEntries(
    Object.entries(resources).filter(([resource]) => resource.includes('/')),
  );
  const asked = {
    requests: { ...smallRequests.requests, ...resources },
    ...(Object.keys(extended).length > 0 ? { limits: extended } : {}),
  };
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: name } },
    spec: { schedulerName, containers: [container({ resources: asked })], ...spec },
  };
  return { name, about, object, pods: 1, placed };
}
