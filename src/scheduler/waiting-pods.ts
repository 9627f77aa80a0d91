import type { Clock } from '../clock.js';
import { failure, type Status, unschedulable } from '../framework/status.js';

/** No plugin may hold a pod longer than this, as in kube-scheduler. */
const maxWaitMs = 15 * 60_000;

interface WaitingPod {
  /** Plugins that have not said yes yet, and what stops their timers. */
  readonly open: Map<string, () => void>;
  readonly finish: (status: Status | undefined) => void;
}

/** Pods that Permit plugins hold back between their placement and their binding. The first refusal decides. */
export class WaitingPods {
  readonly #pods = new Map<string, WaitingPod>();
  readonly #clock: Clock;

  constructor(options: { readonly clock: Clock }) {
    this.#clock = options.clock;
  }

  get size(): number {
    return this.#pods.size;
  }

  has(uid: string): boolean {
    return this.#pods.has(uid);
  }

  /** Plugins that a pod still waits for. */
  openFor(uid: string): readonly string[] {
    return [...(this.#pods.get(uid)?.open.keys() ?? [])];
  }

  /** Resolves to undefined once every plugin has allowed the pod, else to the status that refused it. Waits are in milliseconds. */
  wait(uid: string, waits: ReadonlyMap<string, number>): Promise<Status | undefined> {
    return new Promise((resolve) => {
      const open = new Map<string, () => void>();
      const finish = (status: Status | undefined): void => {
        for (const stop of open.values()) stop();
        this.#pods.delete(uid);
        resolve(status);
      };
      this.#pods.set(uid, { open, finish });
      for (const [plugin, asked] of waits) {
        const ms = Math.min(asked, maxWaitMs);
        const reason = `rejected due to timeout after waiting ${ms / 1000}s at plugin ${plugin}`;
        const expire = (): void => void this.reject(uid, plugin, reason);
        open.set(plugin, this.#clock.after(ms, expire));
      }
    });
  }

  /** One plugin says yes; the pod goes on when it was the last. */
  allow(uid: string, plugin: string): void {
    const pod = this.#pods.get(uid);
    const stop = pod?.open.get(plugin);
    if (pod === undefined || stop === undefined) return;
    stop();
    pod.open.delete(plugin);
    if (pod.open.size === 0) pod.finish(undefined);
  }

  /** Refuses a waiting pod; false when it does not wait. */
  reject(uid: string, plugin: string, reason: string): boolean {
    return this.#end(uid, { ...unschedulable(reason), plugin });
  }

  /**
   * Takes a waiting pod's place for a more important one; false when it does not wait. Nothing refused the pod, so it is tried again
   * after a backoff.
   */
  preempt(uid: string, plugin: string): boolean {
    return this.#end(uid, { ...failure('preempted'), plugin });
  }

  #end(uid: string, status: Status): boolean {
    const pod = this.#pods.get(uid);
    pod?.finish(status);
    return pod !== undefined;
  }
}
