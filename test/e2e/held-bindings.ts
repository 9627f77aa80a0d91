import type { ApiClient } from '../controlplane/api-client.js';
import { AdmissionWebhook } from './admission-webhook.js';

/** Has the API server wait before it binds pods, until they are let go. */
export class HeldBindings {
  #webhook: AdmissionWebhook | undefined;
  #waiting: (() => void)[] = [];
  #letGo = false;

  private constructor() {}

  static async start(api: ApiClient): Promise<HeldBindings> {
    const held = new HeldBindings();
    held.#webhook = await AdmissionWebhook.start(api, {
      name: 'held-bindings',
      operations: ['CREATE'],
      resources: ['pods/binding'],
      failurePolicy: 'Ignore',
      admit: () => held.#turn(),
    });
    return held;
  }

  /** How many bindings the API server holds back now. */
  get count(): number {
    return this.#waiting.length;
  }

  /** From now on nothing is held, and what waited goes on. */
  letGo(): void {
    this.#letGo = true;
    for (const go of this.#waiting) go();
    this.#waiting = [];
  }

  async stop(): Promise<void> {
    this.letGo();
    await this.#webhook?.stop();
  }

  #turn(): Promise<void> {
    if (this.#letGo) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
