import type { Cycle } from '../framework/cycle.js';
import type {
  HypotheticalNodes,
  PostFilterPlugin,
  PostFilterResult,
  Rejections,
} from '../framework/plugin.js';
import type { Profile } from '../framework/profile.js';
import { failure, isRejection, type StatusCode, statusMessage } from '../framework/status.js';
import { type EvaluationObserver, timedPoint } from './evaluation-observer.js';

/** What PostFilter plugins made of a pod that fits nowhere. */
export interface PostFilterOutcome {
  /** `Success` when one found a node to promise. */
  readonly code: StatusCode;
  /** Goes behind the fit message; '' when they had nothing to say. */
  readonly message: string;
  /** A node to promise to the pod, '' to take a promise back, undefined to leave things as they are. */
  readonly nominate: string | undefined;
}

export interface PostFilterInput {
  readonly rejections: Rejections;
  readonly hypothetical: HypotheticalNodes;
  readonly observer?: EvaluationObserver | undefined;
}

/**
 * Runs PostFilter plugins until one promises a node, says that nothing helps, or fails; what the others say is joined. Without
 * any plugin a promise that the pod has is taken back, as kube-scheduler does. A plugin's failure is part of the message, not an
 * error of the attempt.
 */
export function runPostFilters(cycle: Cycle, profile: Profile, input: PostFilterInput): PostFilterOutcome {
  if (profile.postFilter.length === 0) return { code: 'Unschedulable', message: '', nominate: '' };
  return timedPoint(
    input.observer,
    'PostFilter',
    () => askInOrder(cycle, profile, input),
    ({ code }) => code,
  );
}

function askInOrder(cycle: Cycle, profile: Profile, input: PostFilterInput): PostFilterOutcome {
  const reasons: string[] = [];
  let nominate: string | undefined;
  for (const plugin of profile.postFilter) {
    const result = ask(plugin, cycle, input);
    if (result.kind === 'nominated')
      return { code: 'Success', message: result.message, nominate: result.nodeName };
    const { status, clearNomination } = result;
    const { code } = status;
    // A failed plugin has no say in the promise.
    if (!isRejection(status)) return { code: 'Error', message: statusMessage(status), nominate: undefined };
    if (code === 'UnschedulableAndUnresolvable')
      return { code, message: statusMessage(status), nominate: clearNomination ? '' : undefined };
    if (clearNomination) nominate = '';
    reasons.push(...status.reasons);
  }
  return { code: 'Unschedulable', message: reasons.join(', '), nominate };
}

function ask(
  plugin: PostFilterPlugin,
  cycle: Cycle,
  { rejections, hypothetical }: PostFilterInput,
): PostFilterResult {
  try {
    return plugin.postFilter(cycle, cycle.pod, rejections, hypothetical);
  } catch (thrown) {
    const status = failure(thrown instanceof Error ? thrown.message : String(thrown), thrown);
    return { kind: 'rejected', status, clearNomination: false };
  }
}
