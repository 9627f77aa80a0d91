import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../controlplane/api-client.js';
import { PODS, type Pod } from './workload.js';

/** Keeps a pod, terminating, until somebody takes it away. */
export const SLOW = { finalizers: ['example.com/slow'] } as const;

/** Makes pods with the finalizer {@link SLOW} take some time to leave: as long as `delayMs` says for their name. */
export class SlowLeaving {
  readonly #api: ApiClient;
  readonly #delayMs: (name: string) => number | undefined;
  readonly #seen = new Set<string>();

  /** A pod without a delay stays. */
  constructor(api: ApiClient, delayMs: (name: string) => number | undefined) {
    this.#api = api;
    this.#delayMs = delayMs;
  }

  /** To be called after every change. */
  see(pods: readonly Pod[]): void {
    for (const { metadata } of pods) {
      if (metadata.deletionTimestamp === undefined || this.#seen.has(metadata.uid)) continue;
      const delayMs = this.#delayMs(metadata.name);
      if (delayMs === undefined) continue;
      this.#seen.add(metadata.uid);
      // A test that is over has no use for it, and no API server.
      void sleep(delayMs)
        .then(() => letGo(this.#api, metadata.name))
        .catch(() => undefined);
    }
  }
}

/** Lets a slow pod go; one that is gone already is no error. */
export async function letGo(api: ApiClient, name: string): Promise<void> {
  await api
    .patch(`${PODS}/${name}`, { metadata: { finalizers: null } })
    .catch((error: { status?: number }) => {
      if (error.status !== 404) throw error;
    });
}
