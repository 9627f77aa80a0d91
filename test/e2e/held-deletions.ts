import type { ApiClient } from '../controlplane/api-client.js';
import { AdmissionWebhook } from './admission-webhook.js';

/** Pods with this label are not deleted before they are let go. */
export const HELD = { held: 'yes' } as const;

/** Has the API server wait before it deletes pods with the label {@link HELD}, until they are let go. */
export class HeldDeletions {
  #webhook: AdmissionWebhook | undefined;
  readonly #held = new Map<string, (() => void)[]>();
  readonly #letGo = new Set<string>();

  private constructor() {}

  static async start(api: ApiClient): Promise<HeldDeletions> {
    const held = new HeldDeletions();
    held.#webhook = await AdmissionWebhook.start(api, {
      name: 'held-deletions',
      operations: ['DELETE'],
      resources: ['pods'],
      objectSelector: { matchLabels: HELD },
      failurePolicy: 'Fail',
      admit: ({ name }) => held.#untilLetGo(name),
    });
    return held;
  }

  /** True while the API server has been asked to delete this pod and waits. */
  isHeld(pod: string): boolean {
    return (this.#held.get(pod)?.length ?? 0) > 0;
  }

  /** From now on this pod may be deleted. */
  letGo(pod: string): void {
    this.#letGo.add(pod);
    for (const go of this.#held.get(pod) ?? []) go();
    this.#held.delete(pod);
  }

  async stop(): Promise<void> {
    for (const pod of [...this.#held.keys()]) this.letGo(pod);
    await this.#webhook?.stop();
  }

  #untilLetGo(pod: string): Promise<void> {
    if (this.#letGo.has(pod)) return Promise.resolve();
    return new Promise((resolve) => this.#held.set(pod, [...(this.#held.get(pod) ?? []), resolve]));
  }
}
