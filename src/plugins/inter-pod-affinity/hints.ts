import type { Node } from '../../cluster/node.js';
import type { Pod } from '../../cluster/pod.js';
import { type AffinityTerm, affinityTermsOf, termMatches } from '../../cluster/pod-affinity-terms.js';
import type { Hint } from '../../framework/cluster-event.js';
import { labelValue } from '../../kube/label-requirement.js';

/*
 * Hints ask no namespace for its labels: as in kube-scheduler, a namespaceSelector is held against no labels at all.
 */

/** A pod on a node came, went, or changed its labels. */
export function podHint(pod: Pod, old: Pod | undefined, now: Pod | undefined): Hint {
  if (isNowhere(old) || isNowhere(now)) return 'Skip';
  const { requiredAffinity, requiredAntiAffinity, error } = affinityTermsOf(pod);
  if (error !== undefined) return 'Queue';
  if (old === undefined) return queueIf(now !== undefined && allMatch(requiredAffinity, now));
  if (now === undefined) {
    return queueIf(
      anyMatches(requiredAntiAffinity, old) || anyMatches(affinityTermsOf(old).requiredAntiAffinity, pod),
    );
  }
  return queueIf(
    (allMatch(requiredAffinity, now) && !allMatch(requiredAffinity, old)) ||
      (anyMatches(requiredAntiAffinity, old) && !anyMatches(requiredAntiAffinity, now)),
  );
}

/** A node came, or its labels changed. That a new node is out of reach of other pods' anti-affinity is no reason, as in kube-scheduler. */
export function nodeHint(pod: Pod, old: Node | undefined, now: Node | undefined): Hint {
  if (now === undefined) return 'Skip';
  const { requiredAffinity, requiredAntiAffinity, error } = affinityTermsOf(pod);
  if (error !== undefined) return 'Queue';
  const before = ({ topologyKey }: AffinityTerm) => old && labelValue(old.labels, topologyKey);
  const after = ({ topologyKey }: AffinityTerm) => labelValue(now.labels, topologyKey);
  if (requiredAffinity.some((term) => after(term) !== undefined && after(term) !== before(term)))
    return 'Queue';
  if (old === undefined) return queueIf(requiredAntiAffinity.length > 0);
  return queueIf(
    requiredAntiAffinity.some((term) => before(term) !== undefined && before(term) !== after(term)),
  );
}

function isNowhere(pod: Pod | undefined): boolean {
  return pod !== undefined && pod.nodeName === '' && pod.nominatedNodeName === '';
}

/** False for no terms. */
function allMatch(terms: readonly AffinityTerm[], pod: Pod): boolean {
  return terms.length > 0 && terms.every((term) => termMatches(term, pod, {}));
}

function anyMatches(terms: readonly AffinityTerm[], pod: Pod): boolean {
  return terms.some((term) => termMatches(term, pod, {}));
}

function queueIf(condition: boolean): Hint {
  return condition ? 'Queue' : 'Skip';
}
