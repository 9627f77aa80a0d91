import type { Random } from '../../src/random.js';
import { type NewObject, namespace } from './cluster-api.js';
import { pick } from './fault-plan.js';

/** Scheduler names in a trial. */
export const ours = 'berth';
export const foreign = 'other-scheduler';

/** One thing that users and controllers do to the cluster. `at` is in real milliseconds from the start. */
export type Deed =
  | { readonly kind: 'create-pods'; readonly at: number; readonly pods: readonly NewObject[] }
  /** Of the pods there are then, this many, chosen by the draws. */
  | { readonly kind: 'delete-pods'; readonly at: number; readonly draws: readonly number[] }
  | {
      readonly kind: 'patch-node';
      readonly at: number;
      readonly name: string;
      readonly patch: object;
      readonly status?: boolean;
    }
  | { readonly kind: 'delete-node'; readonly at: number; readonly name: string }
  | { readonly kind: 'create-node'; readonly at: number; readonly node: NewObject }
  /** The other scheduler looks for work. */
  | {
      readonly kind: 'foreign-cycle';
      readonly at: number;
      readonly draws: readonly number[];
      readonly steals: boolean;
    };

export interface Workload {
  readonly nodes: readonly NewObject[];
  readonly priorityClass: NewObject;
  readonly deeds: readonly Deed[];
}

export interface WorkloadOptions {
  readonly lengthMs: number;
  /** Labels and annotations that nodes need on the server at hand. */
  readonly nodeMetadata?: { readonly annotations?: Readonly<Record<string, string>> };
}

interface Template {
  readonly app: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly requests: Readonly<Record<string, string>>;
}

const zones = ['a', 'b', 'c'] as const;
const cpus = ['100m', '250m', '500m', '1', '2'] as const;

/** Everything that is to happen in a cluster during one trial: the same for the same draws. */
export function planWorkload(random: Random, options: WorkloadOptions): Workload {
  const { lengthMs } = options;
  const nodes = times(20 + pick(random, 31), (index) => newNode(`node-${index}`, random, options));
  const templates = times(6 + pick(random, 5), (index) => newTemplate(index, random));
  let pods = 0;
  const newPods = (count: number, schedulerName = ours): NewObject[] =>
    times(count, () => newPod(pods++, templates[pick(random, templates.length)]!, schedulerName, random));
  const deeds: Deed[] = [{ kind: 'create-pods', at: 0, pods: newPods(20 + pick(random, 60)) }];
  const gap = 90;
  for (let at = 100; at < lengthMs; at += gap * (0.3 + 1.4 * random()))
    deeds.push(...nextDeeds(Math.round(at)));
  return {
    nodes,
    deeds: deeds.sort((a, b) => a.at - b.at),
    priorityClass: {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'urgent' },
      value: 1_000,
    },
  };

  function nextDeeds(at: number): Deed[] {
    const { name } = nodes[pick(random, nodes.length)]!.metadata;
    const draw = random();
    if (draw < 0.36) return [{ kind: 'create-pods', at, pods: newPods(1 + pick(random, 12)) }];
    if (draw < 0.5) return [{ kind: 'delete-pods', at, draws: times(1 + pick(random, 8), () => random()) }];
    if (draw < 0.7) {
      const cycle = {
        kind: 'foreign-cycle',
        at: at + 10,
        draws: times(4, () => random()),
        steals: random() < 0.1,
      } as const;
      return [{ kind: 'create-pods', at, pods: newPods(1 + pick(random, 3), foreign) }, cycle];
    }
    if (draw < 0.78) {
      const disk = random() < 0.5 ? 'ssd' : 'hdd';
      return [{ kind: 'patch-node', at, name, patch: { metadata: { labels: { disk } } } }];
    }
    if (draw < 0.86) {
      const unschedulable = random() < 0.6;
      return [{ kind: 'patch-node', at, name, patch: { spec: { unschedulable } } }];
    }
    if (draw < 0.92) {
      const taints = random() < 0.5 ? [] : [{ key: 'dedicated', value: 'batch', effect: 'NoSchedule' }];
      return [{ kind: 'patch-node', at, name, patch: { spec: { taints } } }];
    }
    if (draw < 0.96) {
      const cpu = String(2 + pick(random, 8));
      return [{ kind: 'patch-node', at, name, patch: { status: { allocatable: { cpu } } }, status: true }];
    }
    const node = nodes.find(({ metadata }) => metadata.name === name)!;
    return [
      { kind: 'delete-node', at, name },
      { kind: 'create-node', at: at + Math.round(200 * random()), node },
    ];
  }
}

function newNode(name: string, random: Random, { nodeMetadata }: WorkloadOptions): NewObject {
  const allocatable = {
    cpu: String(2 + 2 * pick(random, 4)),
    memory: '16Gi',
    pods: String(6 + pick(random, 14)),
  };
  const index = Number(name.slice(name.lastIndexOf('-') + 1));
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      ...nodeMetadata,
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'topology.kubernetes.io/zone': zones[index % zones.length]!,
        disk: random() < 0.5 ? 'ssd' : 'hdd',
      },
    },
    spec: { taints: random() < 0.15 ? [{ key: 'dedicated', value: 'batch', effect: 'NoSchedule' }] : [] },
    status: { allocatable, capacity: allocatable },
  };
}

function newTemplate(index: number, random: Random): Template {
  const app = `app-${index}`;
  const labelSelector = { matchLabels: { app } };
  const spec: Record<string, unknown> = {};
  const affinity: Record<string, unknown> = {};
  const zone = { topologyKey: 'topology.kubernetes.io/zone', labelSelector };
  const host = { topologyKey: 'kubernetes.io/hostname', labelSelector };
  if (random() < 0.2) spec.nodeSelector = { disk: 'ssd' };
  if (random() < 0.15) {
    const matchExpressions = [
      { key: 'topology.kubernetes.io/zone', operator: random() < 0.5 ? 'In' : 'NotIn', values: ['a'] },
    ];
    affinity.nodeAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
    };
  }
  if (random() < 0.25) affinity.podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [host] };
  else if (random() < 0.12) affinity.podAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [zone] };
  if (random() < 0.3) {
    const by = random() < 0.6 ? zone : host;
    spec.topologySpreadConstraints = [
      { ...by, maxSkew: 1 + pick(random, 3), whenUnsatisfiable: 'DoNotSchedule' },
    ];
  }
  if (random() < 0.25)
    spec.tolerations = [{ key: 'dedicated', operator: 'Equal', value: 'batch', effect: 'NoSchedule' }];
  if (random() < 0.15) spec.ports = [{ containerPort: 80, hostPort: 8_000 + pick(random, 3) }];
  if (Object.keys(affinity).length > 0) spec.affinity = affinity;
  const requests = { cpu: cpus[pick(random, cpus.length)]!, memory: `${128 * (1 + pick(random, 8))}Mi` };
  return { app, spec, requests };
}

function newPod(index: number, template: Template, schedulerName: string, random: Random): NewObject {
  const { ports, ...spec } = template.spec;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${template.app}-${index}`, namespace, labels: { app: template.app } },
    spec: {
      ...spec,
      schedulerName,
      terminationGracePeriodSeconds: 0,
      ...(random() < 0.07 ? { priorityClassName: 'urgent' } : {}),
      containers: [
        {
          name: 'app',
          image: 'registry.example/app:1',
          resources: { requests: template.requests },
          ...(ports === undefined ? {} : { ports }),
        },
      ],
    },
  };
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
