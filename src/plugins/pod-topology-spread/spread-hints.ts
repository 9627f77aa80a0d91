import type { Node, Taint } from '../../cluster/node.js';
import type { Pod, Toleration } from '../../cluster/pod.js';
import type { Hint } from '../../framework/cluster-event.js';
import { labelValue } from '../../kube/label-requirement.js';
import type { SpreadConstraint } from './spread-constraint.js';

/*
 * Which events can help a pod that its hard spread constraints keep off nodes: those that change a count, a domain, or the pod's
 * own part in it.
 */

type Constraints = readonly SpreadConstraint[];

/** A pod on a node, or nominated to one, came, went or changed its labels. */
export function assignedPodHint(
  constraints: Constraints,
  { namespace }: Pod,
  old: Pod | undefined,
  now: Pod | undefined,
): Hint {
  for (const other of [old, now]) {
    if (other === undefined) continue;
    if (other.namespace !== namespace || (other.nodeName === '' && other.nominatedNodeName === ''))
      return 'Skip';
  }
  return countsDiffer(constraints, old, now) ? 'Queue' : 'Skip';
}

/** The refused pod itself changed. */
export function ownUpdateHint(constraints: Constraints, old: Pod | undefined, now: Pod | undefined): Hint {
  if (old === undefined || now === undefined) return 'Queue';
  const honorsTaints = constraints.some((constraint) => constraint.honorsTaints);
  if (honorsTaints && !sameList(old.spec.tolerations, now.spec.tolerations, isSameToleration)) return 'Queue';
  return countsDiffer(constraints, old, now) ? 'Queue' : 'Skip';
}

/** A node came, went, or changed its labels or taints. */
export function nodeHint(constraints: Constraints, old: Node | undefined, now: Node | undefined): Hint {
  const mattered = old !== undefined && hasAllKeys(constraints, old);
  const matters = now !== undefined && hasAllKeys(constraints, now);
  if (mattered !== matters) return 'Queue';
  if (!mattered) return 'Skip';
  const moved = constraints.some(
    ({ topologyKey }) => labelValue(old.labels, topologyKey) !== labelValue(now!.labels, topologyKey),
  );
  return moved || !sameList(old.taints, now!.taints, isSameTaint) ? 'Queue' : 'Skip';
}

/** True when some constraint counts one of the two and not the other. */
function countsDiffer(constraints: Constraints, old: Pod | undefined, now: Pod | undefined): boolean {
  return constraints.some(({ selector }) => {
    const counted = old !== undefined && selector.matches(old.labels);
    const counts = now !== undefined && selector.matches(now.labels);
    return counted !== counts;
  });
}

function hasAllKeys(constraints: Constraints, { labels }: Node): boolean {
  return constraints.every(({ topologyKey }) => labelValue(labels, topologyKey) !== undefined);
}

function isSameTaint(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.value === b.value && a.effect === b.effect;
}

function isSameToleration(a: Toleration, b: Toleration): boolean {
  return a.key === b.key && a.operator === b.operator && a.value === b.value && a.effect === b.effect;
}

function sameList<T>(a: readonly T[], b: readonly T[], isSame: (x: T, y: T) => boolean): boolean {
  return a === b || (a.length === b.length && a.every((item, i) => isSame(item, b[i] as T)));
}
