import { parseDeleteOptions } from './deletion.js';
import { budgetStatusChanged, matcherOfBudget } from './disruption-status.js';
import { numberAt, recordAt, stringAt, stringMapAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { isPodReady, statusWithCondition } from './pod-condition.js';
import { checkDeletePreconditions } from './preconditions.js';
import type { ResourceApi } from './resource-api.js';
import type { ResourceKind } from './resource-kind.js';
import { StatusError } from './status-error.js';

const REFUSED = "Cannot evict pod as it would violate the pod's disruption budget.";

function refusal(message: string): StatusError {
  return new StatusError(429, 'TooManyRequests', REFUSED, {
    causes: [{ reason: 'DisruptionBudget', message }],
  });
}

const UNPROTECTED_PHASES = new Set(['Pending', 'Succeeded', 'Failed']);

/** A pod that has not begun, is over or goes already is nothing a budget protects. */
function isProtected(pod: KubeObject): boolean {
  return (
    !UNPROTECTED_PHASES.has(stringAt(pod.status, 'phase')) && pod.metadata.deletionTimestamp === undefined
  );
}

/** A pod that is not healthy does not count towards the budget; whether it may go is the budget's own policy. */
function mayGoUnhealthy(pod: KubeObject, budget: KubeObject): boolean {
  if (isPodReady(pod)) return false;
  if (recordAt(budget, 'spec').unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const [healthy, desired] = ['currentHealthy', 'desiredHealthy'].map((field) =>
    numberAt(budget.status, field),
  ) as [number, number];
  return desired > 0 && healthy >= desired;
}

function checkBudget({ metadata, status }: KubeObject): void {
  const { name, generation = 0 } = metadata;
  const observed = numberAt(status, 'observedGeneration');
  if (observed !== 0 && observed < generation) {
    throw refusal(`The disruption budget ${name} is still being processed by the server.`);
  }
  if (numberAt(status, 'disruptionsAllowed') > 0) return;
  const [desired, current] = [numberAt(status, 'desiredHealthy'), numberAt(status, 'currentHealthy')];
  throw refusal(
    current <= desired
      ? `The disruption budget ${name} needs ${desired} healthy pods and has ${current} currently`
      : `The disruption budget ${name} does not allow evicting pods currently`,
  );
}

/** One disruption fewer is left, and the pod is noted, so that nobody takes it for healthy while it goes. */
function charge(api: ResourceApi, budget: KubeObject, pod: string): void {
  const kind = api.registry.byKind(budget.apiVersion, budget.kind);
  if (kind === undefined) return;
  api.modify(kind, budget.metadata.namespace, budget.metadata.name, (current) => {
    const left = numberAt(current.status, 'disruptionsAllowed') - 1;
    const disruptedPods = { ...recordAt(current.status, 'disruptedPods'), [pod]: api.now() };
    return budgetStatusChanged(current, { disruptionsAllowed: left, disruptedPods }, api.now());
  });
}

/** The only budget that protects the pod; undefined for none. Throws 500 for several, as the real server does. */
function budgetOf(api: ResourceApi, pod: KubeObject): KubeObject | undefined {
  const labels = stringMapAt(pod.metadata, 'labels');
  if (Object.keys(labels).length === 0) return undefined;
  const [budget, another] = api.store
    .list('poddisruptionbudgets', pod.metadata.namespace)
    .filter((candidate) => matcherOfBudget(candidate)(labels));
  if (another === undefined) return budget;
  throw new StatusError(
    500,
    undefined,
    'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
  );
}

/**
 * The `pods/eviction` subresource: a deletion that a PodDisruptionBudget may refuse.
 *
 * @throws 404 without such a pod; 429 where the budget is used up; 409 for preconditions that do not hold.
 */
export function evictPod(
  api: ResourceApi,
  kind: ResourceKind,
  namespace: string,
  name: string,
  eviction: unknown,
  options: { readonly dryRun?: boolean } = {},
): void {
  const pod = api.get(kind, namespace, name);
  const deletion = parseDeleteOptions(recordAt(eviction, 'deleteOptions'));
  const dryRun = options.dryRun === true || deletion.dryRun === true;
  checkDeletePreconditions(kind, pod, deletion);
  const budget = isProtected(pod) ? budgetOf(api, pod) : undefined;
  if (budget !== undefined && !mayGoUnhealthy(pod, budget)) {
    checkBudget(budget);
    if (!dryRun) charge(api, budget, name);
  }
  if (dryRun) return;
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: api.now(),
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  };
  api.modify(kind, namespace, name, (current) => ({
    ...current,
    status: statusWithCondition(current, condition),
  }));
  // The condition has just changed the version that a precondition may name.
  const { resourceVersion: _checked, ...rest } = deletion;
  api.delete(kind, namespace, name, rest);
}
