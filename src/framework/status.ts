/** What a plugin may answer; names are those of kube-scheduler and appear in metrics. */
export type StatusCode =
  | 'Success'
  /** Something failed; the pod is tried again after a backoff. */
  | 'Error'
  /** The node (or pod) is refused; taking other pods away might help. */
  | 'Unschedulable'
  /** Refused, and taking pods away will not help. */
  | 'UnschedulableAndUnresolvable'
  /** Permit only: hold the pod before it is bound. */
  | 'Wait'
  /** Nothing to do here. */
  | 'Skip'
  /** Refused; the plugin itself will say when to try again, without backoff. */
  | 'Pending';

/** A plugin's answer when it is not plain success, which is `undefined`. */
export interface Status {
  readonly code: Exclude<StatusCode, 'Success'>;
  /** Texts for the user, as kube-scheduler words them. */
  readonly reasons: readonly string[];
  /** Filled in by the runtime. */
  readonly plugin?: string;
  /** The failure behind an `Error`. */
  readonly cause?: unknown;
}

export function unschedulable(...reasons: string[]): Status {
  return { code: 'Unschedulable', reasons };
}

export function unresolvable(...reasons: string[]): Status {
  return { code: 'UnschedulableAndUnresolvable', reasons };
}

export function failure(message: string, cause?: unknown): Status {
  return { code: 'Error', reasons: [message], cause };
}

/** True for the answers that refuse a pod or node without being a fault. */
export function isRejection(status: Status): boolean {
  return (
    status.code === 'Unschedulable' ||
    status.code === 'UnschedulableAndUnresolvable' ||
    status.code === 'Pending'
  );
}

export function statusMessage(status: Status): string {
  return status.reasons.join(', ');
}
