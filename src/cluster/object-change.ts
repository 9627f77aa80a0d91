import { Action } from './action.js';
import type { Node, Taint } from './node.js';
import type { Labels, Pod } from './pod.js';
import type { Requests } from './requests.js';

/*
 * What an update changed, as action bits: it decides which waiting pods get another try. Aspects as kube-scheduler v1.37
 * distinguishes them.
 */

/** 0: nothing that matters to scheduling changed. */
export function nodeChanges(old: Node, current: Node): number {
  let changes = 0;
  if (old.unschedulable && !current.unschedulable) changes |= Action.UpdateNodeTaint;
  if (!sameItems(old.taints, current.taints, sameTaint)) changes |= Action.UpdateNodeTaint;
  if (old.allowedPods !== current.allowedPods || !sameRequests(old.allocatable, current.allocatable)) {
    changes |= Action.UpdateNodeAllocatable;
  }
  if (!sameLabels(old.labels, current.labels)) changes |= Action.UpdateNodeLabel;
  if (!sameLabels(old.conditions, current.conditions)) changes |= Action.UpdateNodeCondition;
  if (!sameLabels(old.annotations, current.annotations)) changes |= Action.UpdateNodeAnnotation;
  if (old.podPreemptionPolicy !== current.podPreemptionPolicy) changes |= Action.UpdateNodePreemptionPolicy;
  if (!sameItems(old.declaredFeatures, current.declaredFeatures, Object.is)) {
    changes |= Action.UpdateNodeDeclaredFeature;
  }
  return changes;
}

/** `Action.Update`, all update bits, when nothing specific changed. */
export function podChanges(old: Pod, current: Pod): number {
  let changes = 0;
  if (!sameLabels(old.labels, current.labels)) changes |= Action.UpdatePodLabel;
  if (someShrank(old.accounted, current.accounted)) changes |= Action.UpdatePodScaleDown;
  if (someShrank(current.accounted, old.accounted)) changes |= Action.UpdatePodScaleUp;
  if (old.spec.schedulingGates.length > 0 && current.spec.schedulingGates.length === 0) {
    changes |= Action.UpdatePodSchedulingGatesEliminated;
  }
  if (old.spec.tolerations.length !== current.spec.tolerations.length) changes |= Action.UpdatePodToleration;
  if (old.generatedClaims !== current.generatedClaims) changes |= Action.UpdatePodGeneratedResourceClaim;
  return changes === 0 ? Action.Update : changes;
}

/** True when an amount is lower than it was, or a scalar has vanished. */
function someShrank(before: Requests, after: Requests): boolean {
  if (before === after) return false;
  if (
    after.cpu < before.cpu ||
    after.memory < before.memory ||
    after.ephemeralStorage < before.ephemeralStorage
  ) {
    return true;
  }
  for (const [name, amount] of before.scalars) {
    const now = after.scalars.get(name);
    if (now === undefined || now < amount) return true;
  }
  return false;
}

function sameRequests(a: Requests, b: Requests): boolean {
  return !someShrank(a, b) && !someShrank(b, a);
}

function sameTaint(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.value === b.value && a.effect === b.effect;
}

function sameItems<T>(a: readonly T[], b: readonly T[], same: (x: T, y: T) => boolean): boolean {
  return a === b || (a.length === b.length && a.every((item, i) => same(item, b[i] as T)));
}

function sameLabels(a: Labels, b: Labels): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
  );
}
