import type { Taint } from '../cluster/node.js';
import type { Toleration } from '../cluster/pod.js';

/*
 * Taints and tolerations by k8s.io/component-helpers/scheduling/corev1. The numeric operators (gate
 * TaintTolerationComparisonOperators, off) tolerate nothing, like any operator that is not known.
 */

/** An empty effect or key stands for all of them. */
export function tolerates({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  if (operator === '' || operator === 'Equal') return value === taint.value;
  return operator === 'Exists';
}

export function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  for (const toleration of tolerations) if (tolerates(toleration, taint)) return true;
  return false;
}

/** Taints that keep pods off a node; the third effect, PreferNoSchedule, only scores. */
export function isHard({ effect }: Taint): boolean {
  return effect === 'NoSchedule' || effect === 'NoExecute';
}

/** True when every hard taint is tolerated. */
export function toleratesHardTaints(taints: readonly Taint[], tolerations: readonly Toleration[]): boolean {
  for (const taint of taints) if (isHard(taint) && !isTolerated(taint, tolerations)) return false;
  return true;
}
