import { isOver, type NodeObject, type PodObject } from './api-objects.js';
import type { Verdict } from './evidence.js';
import { amount, brokenRules, requestsOf, viewOf } from './placement-rules.js';

export interface FinalState {
  readonly nodes: readonly NodeObject[];
  readonly pods: readonly PodObject[];
  readonly schedulerName: string;
}

/** Pods of Berth's that wait although there is a place for them, each with one such place. */
export function waitingWithoutReason({ nodes, pods, schedulerName }: FinalState): string[] {
  const pending = pods.filter(
    (pod) =>
      pod.spec.schedulerName === schedulerName &&
      (pod.spec.nodeName ?? '') === '' &&
      pod.metadata.deletionTimestamp === undefined &&
      (pod.spec.schedulingGates ?? []).length === 0 &&
      !isOver(pod),
  );
  const view = viewOf(nodes, pods);
  // Pods of one template fit alike, and this is asked again and again while others need the processor.
  const placeOf = new Map<string, string | undefined>();
  return pending.flatMap((pod) => {
    const alike = JSON.stringify([pod.metadata.labels, pod.spec]);
    if (!placeOf.has(alike)) {
      const fits = ({ metadata }: NodeObject): boolean => brokenRules(pod, metadata.name, view).length === 0;
      placeOf.set(alike, nodes.find(fits)?.metadata.name);
    }
    const place = placeOf.get(alike);
    return place === undefined ? [] : [`${pod.metadata.name} waits, ${place} would take it`];
  });
}

/** Nodes that carry more than they may, with what is on them: for the report; who is to blame the audit of bindings says. */
export function overcommitted({ nodes, pods }: FinalState): string[] {
  return nodes.flatMap(({ metadata: { name }, status }) => {
    const here = pods.filter((pod) => pod.spec.nodeName === name && !isOver(pod));
    const sums = new Map<string, number>([['pods', here.length]]);
    for (const pod of here)
      for (const [resource, request] of requestsOf(pod))
        sums.set(resource, (sums.get(resource) ?? 0) + request);
    return Array.from(sums)
      .filter(([resource, sum]) => sum > amount(status?.allocatable?.[resource] ?? '0') + 1e-6)
      .map(([resource, sum]) => `${name}: ${sum} of ${resource}`);
  });
}

export function livenessVerdict(state: FinalState): Verdict {
  const own = state.pods.filter(({ spec }) => spec.schedulerName === state.schedulerName);
  const bound = own.filter(({ spec }) => (spec.nodeName ?? '') !== '').length;
  return {
    invariant: 'every pod that fits is bound soon after the faults end',
    breaches: waitingWithoutReason(state),
    cases: own.length,
    note: `${bound} of ${own.length} pods are bound`,
  };
}
