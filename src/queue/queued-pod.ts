import type { Pod } from '../cluster/pod.js';
import type { QueuedPod } from '../framework/plugin.js';

/** A pod on its way through the queue, with the history that backoff, hints and metrics need. Times are clock milliseconds. */
export class QueueEntry implements QueuedPod {
  pod: Pod;
  /** When it last entered the queue from outside: creation of the record, or return from an attempt. */
  timestamp: number;
  /** Attempts begun. */
  attempts = 0;
  /** First entry into the active queue; never changes. */
  firstActive: number | undefined;
  /** Returns with a rejection in a row, and with an error in a row: what backoff grows with. */
  rejections = 0;
  errors = 0;
  /** Plugins that refused the pod in its last attempt, or that gate it. */
  rejectors: ReadonlySet<string> = new Set();
  /** Those of them that promised to say when to try again. */
  pendingPlugins: ReadonlySet<string> = new Set();
  /** The plugin that keeps it out of the active queue. */
  gatedBy: string | undefined;
  /** How soon it would have come back had it not been gated: the gate once open, it does. */
  heldBack: 'after-backoff' | 'at-once' | undefined;
  /** Set by the periodic flush, cleared when the pod returns: tells a binding that only the flush made possible. */
  flushed = false;
  flushedAt = 0;

  constructor(pod: Pod, now: number) {
    this.pod = pod;
    this.timestamp = now;
  }
}
