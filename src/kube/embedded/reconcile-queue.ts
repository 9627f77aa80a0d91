/** Keys to look at, each once however often it was named, one after the other and never inside the naming call. */
export class ReconcileQueue {
  readonly #pending = new Set<string>();
  readonly #reconcile: (key: string) => void;
  readonly #onError: (error: unknown) => void;
  #scheduled: NodeJS.Immediate | undefined;
  #isStopped = false;

  /** @param onError told of what `reconcile` throws; the key is dropped until it is named again. */
  constructor(reconcile: (key: string) => void, onError: (error: unknown) => void) {
    this.#reconcile = reconcile;
    this.#onError = onError;
  }

  add(key: string): void {
    if (this.#isStopped) return;
    this.#pending.add(key);
    this.#scheduled ??= setImmediate(() => this.#drain());
  }

  stop(): void {
    this.#isStopped = true;
    this.#pending.clear();
    if (this.#scheduled !== undefined) clearImmediate(this.#scheduled);
  }

  #drain(): void {
    this.#scheduled = undefined;
    const keys = [...this.#pending];
    this.#pending.clear();
    for (const key of keys) {
      if (this.#isStopped) return;
      try {
        this.#reconcile(key);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
