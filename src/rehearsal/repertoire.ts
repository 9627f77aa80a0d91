/** A part of an object as the API writes it. */
type JsonObject = Readonly<Record<string, unknown>>;

export interface MadeObject {
  readonly metadata: JsonObject;
  readonly spec: JsonObject;
  readonly status: JsonObject;
}

/* The made-up objects of a rehearsal, in the order of fields in which an API server writes them. */

/** Of all pods of a rehearsal. */
export const schedulerName = 'rehearsal';

const zoneKey = 'topology.kubernetes.io/zone';
const hostKey = 'kubernetes.io/hostname';
const zones = 3;

/** What pods of an application mostly ask for. */
const specs = {
  plain: () => ({}),
  spread: (app: string) => ({
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: zoneKey, whenUnsatisfiable: 'DoNotSchedule', ...selecting(app) },
      { maxSkew: 1, topologyKey: hostKey, whenUnsatisfiable: 'ScheduleAnyway', ...selecting(app) },
    ],
  }),
  near: (app: string) => ({
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ ...selecting(app), topologyKey: zoneKey }],
      },
    },
  }),
  apart: (app: string) => ({
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 10, podAffinityTerm: { ...selecting(app), topologyKey: hostKey } },
        ],
      },
    },
  }),
  choosy: () => ({
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: zoneKey, operator: 'In', values: ['zone-0', 'zone-1'] }] },
          ],
        },
      },
    },
    tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
  }),
} satisfies Readonly<Record<string, (app: string) => JsonObject>>;
const kinds = ['spread', 'near', 'plain', 'spread', 'apart', 'choosy'] as const;
/** After so many pods come new applications: what is known of a template begins anew with each. */
const podsOfApplications = 60;
/** One pod in so many fits nowhere, and another only where less important ones leave. */
const exceptionEvery = 50;

/** A node of 16 processors, in one of three zones. */
export function makeNode(index: number): MadeObject {
  const name = `node-${index}`;
  const resources = { cpu: '16', memory: '64Gi', pods: '110' };
  return {
    metadata: { ...identity(name), labels: { [hostKey]: name, [zoneKey]: `zone-${index % zones}` } },
    spec: {},
    status: { capacity: resources, allocatable: resources, conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

/** A pending pod, of the name given. */
export function makePod(
  name: string,
  index: number,
): MadeObject & { readonly kind: 'Pod'; readonly apiVersion: 'v1' } {
  const kind = kinds[index % kinds.length]!;
  const generation = Math.floor(index / podsOfApplications);
  const app = `${kind}-${generation}`;
  const { cpu, priority } = exception(index) ?? { cpu: `${100 + generation}m`, priority: 0 };
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      ...identity(name),
      namespace: 'default',
      labels: { app },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: app, uid: app, controller: true }],
    },
    spec: {
      containers: [{ name: 'main', image: 'main', resources: { requests: { cpu, memory: '128Mi' } } }],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      schedulerName,
      ...specs[kind](app),
      priority,
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
    },
    status: { phase: 'Pending', qosClass: 'Burstable' },
  };
}

function exception(index: number): { readonly cpu: string; readonly priority: number } | undefined {
  if (index % exceptionEvery === 5) return { cpu: '1000', priority: 0 };
  if (index % exceptionEvery === 30) return { cpu: '15950m', priority: 1000 };
  return undefined;
}

function identity(name: string): JsonObject {
  return { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
}

function selecting(app: string): JsonObject {
  return { labelSelector: { matchLabels: { app } } };
}
