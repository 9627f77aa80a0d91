import type { ControlPlane } from '../controlplane/control-plane.js';
import type { Node } from '../controlplane/kwok-node.js';
import { type Account, type AuditEntry, auditEntries, BERTH, userOf } from './berth-installation.js';
import { until } from './until.js';
import { PODS, type Pod } from './workload.js';

/** An event of events.k8s.io/v1 as the tests read it. */
export interface SchedulingEvent {
  readonly reason: string;
  readonly type: string;
  readonly action: string;
  readonly note: string;
  readonly reportingController: string;
  readonly regarding: { readonly kind: string; readonly name: string; readonly uid: string };
}

/** The events on pods of namespace `default`. */
export async function schedulingEvents(plane: ControlPlane): Promise<SchedulingEvent[]> {
  const path = '/apis/events.k8s.io/v1/namespaces/default/events';
  const { items } = await plane.api.get<{ items: SchedulingEvent[] }>(path);
  return items.filter(({ regarding }) => regarding.kind === 'Pod');
}

/**
 * Counts anew, from what the API server has, what each node carries, and returns a sentence for everything that no
 * scheduler may let happen: more than is allocatable, a host port twice, a taint not tolerated, a selector not met.
 */
export async function placementFaults(plane: ControlPlane): Promise<string[]> {
  const [{ items: nodes }, { items: pods }] = await Promise.all([
    plane.api.list<Node>('/api/v1/nodes'),
    plane.api.list<Pod>(PODS),
  ]);
  const carried = grouped(
    pods.filter(({ spec }) => spec.nodeName !== undefined),
    ({ spec }) => spec.nodeName ?? '',
  );
  const known = new Set(nodes.map(({ metadata }) => metadata.name));
  return [
    ...[...carried.keys()]
      .filter((name) => !known.has(name))
      .map((name) => `pods on ${name}, which does not exist`),
    ...nodes.flatMap((node) => nodeFaults(node, carried.get(node.metadata.name) ?? [])),
  ];
}

function nodeFaults(node: Node, pods: readonly Pod[]): string[] {
  const name = node.metadata.name;
  const { allocatable } = node.status;
  const sums: Record<string, number> = { pods: pods.length };
  for (const { resources } of pods.flatMap(({ spec }) => spec.containers)) {
    for (const [resource, quantity] of Object.entries(resources?.requests ?? {})) {
      sums[resource] = (sums[resource] ?? 0) + amount(quantity);
    }
  }
  const over = Object.entries(sums)
    .filter(([resource, sum]) => sum > amount(allocatable[resource] ?? '0') + 1e-6)
    .map(
      ([resource, sum]) =>
        `${name} carries ${sum} of ${resource}, allocatable is ${allocatable[resource] ?? 0}`,
    );

  const ports = pods.flatMap(({ spec }) => spec.containers).flatMap((container) => container.ports ?? []);
  const hostPorts = ports.map(({ hostPort }) => hostPort).filter((port) => port !== undefined);
  const twice = hostPorts
    .filter((port, index) => hostPorts.indexOf(port) !== index)
    .map((port) => `${name} has host port ${port} twice`);

  const labels = (node.metadata.labels ?? {}) as Readonly<Record<string, string>>;
  const misplaced = pods
    .filter(({ spec }) =>
      Object.entries(spec.nodeSelector ?? {}).some(([key, value]) => labels[key] !== value),
    )
    .map((pod) => `${pod.metadata.name} is on ${name}, which its nodeSelector does not match`);
  const hard = (node.spec.taints ?? []).filter(
    ({ key, effect }) => effect !== 'PreferNoSchedule' && !key.startsWith('node.kubernetes.io/'),
  );
  const untolerated = pods
    .filter(({ spec }) =>
      hard.some(({ key }) => !spec.tolerations?.some((toleration) => toleration.key === key)),
    )
    .map((pod) => `${pod.metadata.name} is on ${name}, whose taint it does not tolerate`);
  return [...over, ...twice, ...misplaced, ...untolerated];
}

/**
 * Users that were answered 201 to a binding, by the name of the pod. A pod whose binder was killed, or whose API server
 * crashed, before the answer was sent may be bound and yet be missing here.
 */
export async function bindersByPod(plane: ControlPlane, namePrefix = ''): Promise<Map<string, string[]>> {
  const bindings = (await auditEntries(plane))
    .filter(isBinding)
    .filter(({ responseStatus }) => responseStatus?.code === 201)
    .filter(({ objectRef }) => objectRef?.name?.startsWith(namePrefix));
  const byPod = grouped(bindings, ({ objectRef }) => objectRef?.name ?? '');
  return new Map([...byPod].map(([name, entries]) => [name, entries.map(({ user }) => user.username)]));
}

/** The same, once it names every one of these pods: a binding is seen by others before the API server has written down its own answer. */
export async function bindersOfAll(
  plane: ControlPlane,
  pods: readonly string[],
): Promise<Map<string, string[]>> {
  let binders = new Map<string, string[]>();
  await until('every binding in the audit log', async () => {
    binders = await bindersByPod(plane);
    return pods.every((pod) => binders.has(pod));
  });
  return binders;
}

/** Berth's own requests, as the API server saw them. */
export function berthRequests(plane: ControlPlane): Promise<AuditEntry[]> {
  return requestsOf(plane, BERTH);
}

/** The requests of a ServiceAccount, as the API server saw them. */
export async function requestsOf(plane: ControlPlane, account: Account): Promise<AuditEntry[]> {
  const username = userOf(account);
  return (await auditEntries(plane)).filter(({ user }) => user.username === username);
}

/** How often Berth's requests were answered with each of these codes, by `verb resource`. */
export async function berthAnswers(
  plane: ControlPlane,
  ...codes: readonly number[]
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { verb, objectRef, responseStatus } of await berthRequests(plane)) {
    if (!codes.includes(responseStatus?.code ?? 0)) continue;
    const key = `${responseStatus?.code} ${verb} ${[objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/')}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

export function isBinding({ objectRef }: AuditEntry): boolean {
  return objectRef?.resource === 'pods' && objectRef.subresource === 'binding';
}

function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

/** A quantity as a number; only the suffixes that these tests use. */
function amount(quantity: string): number {
  const [, digits = '', suffix = ''] = /^([\d.]+)([A-Za-z]*)$/.exec(quantity) ?? [];
  const factor = FACTORS[suffix];
  if (digits === '' || factor === undefined)
    throw new Error(`these tests do not use a quantity such as ${quantity}`);
  return Number(digits) * factor;
}
