import type { Decision } from './decision.js';
import { fitMessage } from './fit-message.js';
import type { PostFilterOutcome } from './post-filter-pass.js';
import type { PutBackReason } from './put-back-reason.js';
import { refusalCauses } from './refusal-causes.js';

/** Why a pod that fits nowhere goes back to the queue, as far as the diagnosis knows. */
export function unschedulableReason({ diagnosis }: Decision & { kind: 'unschedulable' }): PutBackReason {
  return {
    reason: 'Unschedulable',
    message: fitMessage(diagnosis),
    causes: refusalCauses(diagnosis),
    rejectors: diagnosis.rejectors(),
    pendingPlugins: diagnosis.pendingPlugins(),
  };
}

/** The same, with what PostFilter plugins made of it. */
export function withPostFilters(
  refusal: PutBackReason,
  { message, nominate, rejectors }: PostFilterOutcome,
): PutBackReason {
  return {
    ...refusal,
    rejectors: new Set([...(refusal.rejectors ?? []), ...rejectors]),
    message: message === '' ? refusal.message : `${refusal.message} ${message}`,
    nominate,
  };
}
