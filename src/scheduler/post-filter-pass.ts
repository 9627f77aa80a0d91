import type { Cycle } from '../framework/cycle.js';
import type { Profile } from '../framework/profile.js';
import { isRejection, statusMessage } from '../framework/status.js';
import type { Diagnosis } from './diagnosis.js';

/** What PostFilter plugins made of a pod that fits nowhere. */
export interface PostFilterOutcome {
  /** Goes behind the fit message; '' when they had nothing to say. */
  readonly message: string;
  /** A node to promise to the pod, '' to take a promise back, undefined to leave things as they are. */
  readonly nominate: string | undefined;
}

/**
 * Runs PostFilter plugins until one promises a node, says that nothing helps, or fails; what the others say is joined. Without
 * any plugin a promise that the pod has is taken back, as kube-scheduler does.
 */
export function runPostFilters(cycle: Cycle, profile: Profile, diagnosis: Diagnosis): PostFilterOutcome {
  if (profile.postFilter.length === 0) return { message: '', nominate: '' };
  const reasons: string[] = [];
  let nominate: string | undefined;
  for (const plugin of profile.postFilter) {
    const result = plugin.postFilter(cycle, cycle.pod, diagnosis);
    if (result.kind === 'nominated') return { message: result.message, nominate: result.nodeName };
    if (result.clearNomination) nominate = '';
    const goOn = isRejection(result.status) && result.status.code !== 'UnschedulableAndUnresolvable';
    if (!goOn) return { message: statusMessage(result.status), nominate };
    reasons.push(...result.status.reasons);
  }
  return { message: reasons.join(', '), nominate };
}
