import type { Pod } from '../cluster/pod.js';
import type { EventRecord } from '../kube/event-recorder.js';

export interface UntriedPodsOptions {
  readonly record: (event: EventRecord) => void;
  /** True when a profile of ours has the name. */
  readonly isOurs: (schedulerName: string) => boolean;
}

interface Note {
  readonly event: EventRecord;
  told: boolean;
}

/** Pods that are remembered; the oldest go first. */
const capacity = 10_000;

/**
 * Tells by an event of pods that wait for Berth and are not tried at all, which would otherwise hear nothing: pods that are held back before
 * their first attempt, and pods that cannot be read. Once for each pod and cause. kube-scheduler is silent about them.
 */
export class UntriedPods {
  readonly #options: UntriedPodsOptions;
  /** By UID. */
  readonly #notes = new Map<string, Note>();
  #mayTell = false;

  constructor(options: UntriedPodsOptions) {
    this.#options = options;
  }

  /** From now on this replica is the one to tell; what was noted before is told now. */
  begin(): void {
    this.#mayTell = true;
    for (const note of this.#notes.values()) this.#tell(note);
  }

  /** A pod is held back before its first attempt. */
  gated(pod: Pod, reason: string): void {
    const { namespace, name, uid, resourceVersion, schedulerName } = pod;
    const note = `not tried yet: ${reason}`;
    this.#note(uid, {
      type: 'Normal',
      reason: 'SchedulingGated',
      action: 'Scheduling',
      note,
      isNews: true,
      reportingController: schedulerName,
      regarding: { kind: 'Pod', apiVersion: 'v1', namespace, name, uid, resourceVersion },
    });
  }

  /** A pod was set aside because it cannot be read. Takes the object as it was decoded, whatever it is. */
  unreadable(raw: unknown, error: unknown): void {
    const { metadata, spec } = (raw ?? {}) as { metadata?: Fields; spec?: Fields };
    const [namespace, name, uid] = [metadata?.namespace, metadata?.name, metadata?.uid];
    const schedulerName = spec?.schedulerName;
    if (![namespace, name, uid, schedulerName].every(isText) || spec?.nodeName) return;
    if (!this.#options.isOurs(schedulerName as string)) return;
    this.#note(uid as string, {
      type: 'Warning',
      reason: 'FailedScheduling',
      action: 'Scheduling',
      note: `the pod cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      isNews: true,
      reportingController: schedulerName as string,
      regarding: {
        kind: 'Pod',
        apiVersion: 'v1',
        namespace: namespace as string,
        name: name as string,
        uid: uid as string,
      },
    });
  }

  /** The pod left for good, or is bound. */
  settled(uid: string): void {
    this.#notes.delete(uid);
  }

  #note(uid: string, event: EventRecord): void {
    if (this.#notes.get(uid)?.event.note === event.note) return;
    const note = { event, told: false };
    this.#notes.delete(uid);
    this.#notes.set(uid, note);
    if (this.#notes.size > capacity) this.#notes.delete(this.#notes.keys().next().value as string);
    if (this.#mayTell) this.#tell(note);
  }

  #tell(note: Note): void {
    if (note.told) return;
    note.told = true;
    this.#options.record(note.event);
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
