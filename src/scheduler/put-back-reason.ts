import { isRejection, type Status, statusMessage } from '../framework/status.js';
import { refusalMessage } from './fit-message.js';
import type { RefusalCause } from './refusal-causes.js';

/** Why a pod goes back to the queue. */
export interface PutBackReason {
  readonly reason: 'Unschedulable' | 'SchedulerError';
  readonly message: string;
  /** What the message counts, as data; absent where no plugin refused anything. */
  readonly causes?: readonly RefusalCause[];
  /** Plugins whose events can bring it back; without any it is tried again after a backoff. */
  readonly rejectors?: ReadonlySet<string>;
  /** Those of them that will say themselves when to try again. */
  readonly pendingPlugins?: ReadonlySet<string>;
  /** A node to promise to the pod, '' to take a promise back, undefined to leave things as they are. */
  readonly nominate?: string | undefined;
}

const nobody: ReadonlySet<string> = new Set();

/** Reserve and Permit plugins refuse the one chosen node: their events can bring the pod back. */
export function refusedPlacement(status: Status): PutBackReason {
  if (!isRejection(status)) return failedPlacement(status);
  const rejectors = new Set(status.plugin === undefined ? [] : [status.plugin]);
  return {
    reason: 'Unschedulable',
    message: refusalMessage(status.reasons),
    causes: status.reasons.flatMap((reason) =>
      status.plugin === undefined ? [] : [{ plugin: status.plugin, reason }],
    ),
    rejectors,
    pendingPlugins: status.code === 'Pending' ? rejectors : nobody,
    nominate: '',
  };
}

/** A binding that failed is tried again after a backoff, whatever the reason. */
export function failedPlacement(status: Status): PutBackReason {
  const reason = isRejection(status) ? 'Unschedulable' : 'SchedulerError';
  return { reason, message: statusMessage(status), nominate: '' };
}
