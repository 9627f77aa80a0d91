import { type JsonRecord, numberAt, recordAt, recordsAt, stringMapAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { type LabelMatcher, matcherOfLabelSelector } from './label-query.js';
import { isPodReady } from './pod-condition.js';

/** An evicted pod that is still there after this was not deleted after all, and counts again. */
const EVICTION_TIMEOUT_MS = 2 * 60_000;

const matchers = new WeakMap<KubeObject, LabelMatcher>();

/** Which pods a budget is about. Stored objects never change, so a selector is compiled once. */
export function matcherOfBudget(budget: KubeObject): LabelMatcher {
  let matcher = matchers.get(budget);
  if (matcher === undefined) {
    matcher = matcherOfLabelSelector(recordAt(budget, 'spec').selector);
    matchers.set(budget, matcher);
  }
  return matcher;
}

/** How many pods the controllers of some pods are to have together, or why nobody knows. */
export type ExpectedReplicas =
  | { readonly kind: 'known'; readonly replicas: number }
  | { readonly kind: 'unknown'; readonly problem: string };

export interface BudgetFacts {
  /** The pods that the budget selects. */
  readonly pods: readonly KubeObject[];
  /** Asked only by budgets that are about a share of the pods there should be. */
  readonly expectedReplicas: () => ExpectedReplicas;
  readonly nowMs: number;
}

type Need =
  | { readonly kind: 'known'; readonly expectedPods: number; readonly desiredHealthy: number }
  | { readonly kind: 'unknown'; readonly problem: string };

/** A number of pods, or a percentage of a total, rounded up. */
function scaled(limit: unknown, total: number): number {
  if (typeof limit === 'number') return limit;
  return Math.ceil((Number.parseInt(String(limit), 10) * total) / 100);
}

function needOf({ minAvailable, maxUnavailable }: JsonRecord, facts: BudgetFacts): Need {
  if (typeof minAvailable === 'number') {
    return { kind: 'known', expectedPods: facts.pods.length, desiredHealthy: minAvailable };
  }
  const isMost = maxUnavailable !== undefined && maxUnavailable !== null;
  if (!isMost && typeof minAvailable !== 'string') {
    return { kind: 'known', expectedPods: 0, desiredHealthy: 0 };
  }
  const expected = facts.expectedReplicas();
  if (expected.kind === 'unknown') return expected;
  const { replicas } = expected;
  return {
    kind: 'known',
    expectedPods: replicas,
    desiredHealthy: isMost
      ? Math.max(0, replicas - scaled(maxUnavailable, replicas))
      : scaled(minAvailable, replicas),
  };
}

/** Evicted pods that are still there and will go: they are not healthy although they say so. */
function stillDisrupted(budget: KubeObject, { pods, nowMs }: BudgetFacts): Record<string, string> {
  const noted = stringMapAt(budget.status, 'disruptedPods');
  const present = new Set(
    pods.filter((pod) => pod.metadata.deletionTimestamp === undefined).map((pod) => pod.metadata.name),
  );
  return Object.fromEntries(
    Object.entries(noted).filter(
      ([name, since]) => present.has(name) && Date.parse(since) + EVICTION_TIMEOUT_MS > nowMs,
    ),
  );
}

interface Verdict {
  readonly holds: boolean;
  readonly reason: string;
  readonly message: string;
}

function withVerdict(status: JsonRecord, { holds, reason, message }: Verdict, now: string): JsonRecord {
  const before = recordsAt(status, 'conditions').find(({ type }) => type === 'DisruptionAllowed');
  const value = holds ? 'True' : 'False';
  const condition = {
    type: 'DisruptionAllowed',
    status: value,
    ...(status.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }),
    lastTransitionTime: before?.status === value ? before.lastTransitionTime : now,
    reason,
    message,
  };
  const others = recordsAt(status, 'conditions').filter(({ type }) => type !== 'DisruptionAllowed');
  return { ...status, conditions: [...others, condition] };
}

/** The budget with some fields of its status changed, and the condition in step with them. */
export function budgetStatusChanged(budget: KubeObject, fields: JsonRecord, now: string): KubeObject {
  const { disruptedPods, ...status } = { ...recordAt(budget, 'status'), ...fields } as JsonRecord;
  if (Object.keys(recordAt({ disruptedPods }, 'disruptedPods')).length > 0) {
    status.disruptedPods = disruptedPods;
  }
  const holds = numberAt(status, 'disruptionsAllowed') > 0;
  const verdict = { holds, reason: holds ? 'SufficientPods' : 'InsufficientPods', message: '' };
  return { ...budget, status: withVerdict(status, verdict, now) };
}

/** The budget with the status its pods give it, as kube-controller-manager's disruption controller keeps it. */
export function budgetInStep(budget: KubeObject, facts: BudgetFacts, now: string): KubeObject {
  const need = needOf(recordAt(budget, 'spec'), facts);
  if (need.kind === 'unknown') {
    const status = { ...recordAt(budget, 'status'), disruptionsAllowed: 0 };
    const verdict = { holds: false, reason: 'SyncFailed', message: need.problem };
    return { ...budget, status: withVerdict(status, verdict, now) };
  }
  const { expectedPods, desiredHealthy } = need;
  const disruptedPods = stillDisrupted(budget, facts);
  const currentHealthy = facts.pods.filter(
    (pod) =>
      pod.metadata.deletionTimestamp === undefined &&
      !Object.hasOwn(disruptedPods, pod.metadata.name) &&
      isPodReady(pod),
  ).length;
  const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
  const { generation: observedGeneration } = budget.metadata;
  return budgetStatusChanged(
    budget,
    { observedGeneration, disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods, disruptedPods },
    now,
  );
}
