import type { Json } from './json-place.js';

/*
 * What has to go on as if nothing were amiss: nodes of our own, and pods of which it is known where they belong. They share no label
 * value, namespace or node with anything of the storm, and nobody is more important; whatever happens to them is a fault.
 */

const hostname = 'kubernetes.io/hostname';
const zone = 'topology.kubernetes.io/zone';
const required = 'requiredDuringSchedulingIgnoredDuringExecution';

/** Above every priority of the storm. */
const highest = 2_000_000_000;

export const controlNamespace = 'control';

export interface ControlPod {
  readonly name: string;
  readonly object: Json;
}

/** What is to become of a group of pods: the nodes where they belong, in any order, or words of the refusal. */
export interface Expectation {
  readonly pods: readonly string[];
  readonly nodes?: readonly string[];
  /** The values of the zone label, where any node of a zone will do. */
  readonly zones?: readonly string[];
  readonly refusal?: string;
  /** Any node will do. */
  readonly anywhere?: true;
}

export interface ControlRound {
  readonly pods: readonly ControlPod[];
  readonly expected: readonly Expectation[];
}

const nodeName = (index: number): string => `control-${index}`;
export const zoneOf = (node: string): string => `control-zone-${Math.ceil(Number(node.split('-')[1]) / 2)}`;

/** Six nodes in three zones, a volume of the sixth and its claim. */
export function controlObjects(): { readonly kind: string; readonly place: string; readonly object: Json }[] {
  const nodes = [1, 2, 3, 4, 5, 6].map((index) => {
    const name = nodeName(index);
    const object: Json = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name,
        uid: `uid-${name}`,
        resourceVersion: '1',
        labels: { [hostname]: name, [zone]: zoneOf(name), pool: 'control' },
      },
      spec: { taints: [{ key: 'control', value: 'only', effect: 'NoSchedule' }] },
      status: { allocatable: { cpu: '8', memory: '16Gi', pods: '30', 'ephemeral-storage': '100Gi' } },
    };
    return { kind: 'Node', place: `/${name}`, object };
  });
  const selector = {
    nodeSelectorTerms: [{ matchExpressions: [{ key: hostname, operator: 'In', values: ['control-6'] }] }],
  };
  const volume: Json = {
    metadata: { name: 'control-volume', uid: 'uid-control-volume', resourceVersion: '1' },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      claimRef: { namespace: controlNamespace, name: 'control-claim', uid: 'uid-control-claim' },
      nodeAffinity: { required: selector },
      local: { path: '/x' },
      storageClassName: '',
    },
    status: { phase: 'Bound' },
  };
  const claim: Json = {
    metadata: {
      name: 'control-claim',
      namespace: controlNamespace,
      uid: 'uid-control-claim',
      resourceVersion: '1',
      annotations: { 'pv.kubernetes.io/bind-completed': 'yes' },
    },
    spec: {
      volumeName: 'control-volume',
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: '',
    },
    status: { phase: 'Bound' },
  };
  return [
    ...nodes,
    { kind: 'PersistentVolume', place: '/control-volume', object: volume },
    { kind: 'PersistentVolumeClaim', place: `${controlNamespace}/control-claim`, object: claim },
  ];
}

/** Pods of every sort; names and uids are of this round alone. */
export function controlRound(round: number): ControlRound {
  const pods: ControlPod[] = [];
  const expected: Expectation[] = [];
  const add = (name: string, spec: Json, labels: Json = {}): string => {
    const full = `${name}-${round}`;
    pods.push({ name: full, object: controlPod(full, spec, labels) });
    return full;
  };
  const only = (...values: string[]): Json => ({
    nodeAffinity: {
      [required]: { nodeSelectorTerms: [{ matchExpressions: [{ key: hostname, operator: 'In', values }] }] },
    },
  });

  // Takes all that the third node has; whoever comes later finds nothing.
  const full = add('full', {
    nodeSelector: { [hostname]: 'control-3' },
    priority: highest,
    containers: containers('8', '16Gi'),
  });
  expected.push({ pods: [full], nodes: ['control-3'] });
  const late = add('late', {
    nodeSelector: { [hostname]: 'control-3' },
    priority: highest - 2,
    containers: containers('1m'),
  });
  expected.push({ pods: [late], refusal: 'Insufficient cpu' });
  expected.push({
    pods: [add('exact', { nodeSelector: { [hostname]: 'control-1' } })],
    nodes: ['control-1'],
  });
  const field = { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['control-2'] }] };
  const named = add('field', { affinity: { nodeAffinity: { [required]: { nodeSelectorTerms: [field] } } } });
  expected.push({ pods: [named], nodes: ['control-2'] });
  const port = (): Json => ({
    affinity: only('control-4', 'control-5'),
    containers: containers('100m', '64Mi', [{ containerPort: 80, hostPort: 8080, protocol: 'TCP' }]),
  });
  expected.push({ pods: [add('port-a', port()), add('port-b', port())], nodes: ['control-4', 'control-5'] });
  const apart = (): Json => ({
    affinity: {
      ...only('control-5', 'control-6'),
      podAntiAffinity: {
        [required]: [{ topologyKey: hostname, labelSelector: { matchLabels: { app: 'apart' } } }],
      },
    },
  });
  const labels = { app: 'apart' };
  expected.push({
    pods: [add('apart-a', apart(), labels), add('apart-b', apart(), labels)],
    nodes: ['control-5', 'control-6'],
  });
  const spread = (): Json => ({
    nodeSelector: { pool: 'control' },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: zone,
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { app: 'spread' } },
      },
    ],
  });
  const spreads = ['a', 'b', 'c'].map((letter) => add(`spread-${letter}`, spread(), { app: 'spread' }));
  expected.push({ pods: spreads, zones: ['control-zone-1', 'control-zone-2', 'control-zone-3'] });
  const claims = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'control-claim' } }] };
  expected.push({
    pods: [add('claim', { nodeSelector: { pool: 'control' }, ...claims })],
    nodes: ['control-6'],
  });
  const near = { [required]: [{ topologyKey: hostname, labelSelector: { matchLabels: { app: 'base' } } }] };
  const base = add('base', { nodeSelector: { [hostname]: 'control-2' }, priority: highest }, { app: 'base' });
  expected.push({ pods: [base], nodes: ['control-2'] });
  expected.push({ pods: [add('near', { affinity: { podAffinity: near } })], nodes: ['control-2'] });
  const bare = add('bare', { nodeSelector: { pool: 'control' }, tolerations: [] });
  expected.push({ pods: [bare], refusal: 'had untolerated taint(s)' });
  // Fits on the nodes of the storm as well: whatever is odd about them, it finds a place.
  const roaming = add('roaming', { tolerations: [{ operator: 'Exists' }] });
  expected.push({ pods: [roaming], anywhere: true });
  return { pods, expected };
}

function containers(cpu: string, memory = '64Mi', ports: readonly Json[] = []): Json[] {
  return [
    { name: 'app', image: 'registry.example/control:1', resources: { requests: { cpu, memory } }, ports },
  ];
}

function controlPod(name: string, spec: Json, labels: Json): Json {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: controlNamespace,
      uid: `uid-${name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels,
    },
    spec: {
      schedulerName: 'berth',
      priority: highest - 1,
      containers: containers('100m'),
      tolerations: [{ key: 'control', operator: 'Exists' }],
      ...spec,
    },
    status: { phase: 'Pending' },
  };
}
