import { systemClock } from '../clock.js';
import { BerthError } from '../errors.js';
import type { LeaderElection } from '../kube/leader-election.js';
import { openFence, type WriteFence } from '../kube/write-fence.js';

/** When this process may write: always where nobody elects a leader, else while it is the leader. */
export class Turn {
  /** Shut before the turn has come and after it is over. */
  readonly fence: WriteFence;
  /** Rejects with a `BerthError` when the lease is lost; never resolves. */
  readonly lost: Promise<never>;
  readonly #elect: (() => LeaderElection) | undefined;
  #election: LeaderElection | undefined;
  #lose: (error: BerthError) => void = () => {};

  /** @param elect begins to run for the lease; undefined where nobody elects a leader */
  constructor(elect: (() => LeaderElection) | undefined) {
    this.#elect = elect;
    this.fence =
      elect === undefined ? openFence : { mayWrite: () => this.#election?.fence.mayWrite() ?? false };
    this.lost = new Promise((_resolve, reject) => {
      this.#lose = reject;
    });
    // It may come while nobody waits for it.
    this.lost.catch(() => undefined);
  }

  /** Begins to run for the lease, unless that has begun. */
  begin(): void {
    if (this.#elect === undefined || this.#election !== undefined) return;
    this.#election = this.#elect();
    void this.#election.lost.then(({ message: reason }) =>
      this.#lose(new BerthError('BERTH_E_LEASE_LOST', { reason })),
    );
  }

  /** Resolves when it is this process's turn, or the signal fires. Rejects as `lost` does. */
  async come(options: { readonly signal: AbortSignal }): Promise<void> {
    if (this.#election === undefined) return;
    await Promise.race([this.#election.acquired, aborted(options.signal), this.lost]);
  }

  /** As `come`, but resolves to false when that has not happened after a while. */
  async comesWithin(ms: number, options: { readonly signal: AbortSignal }): Promise<boolean> {
    const over = new AbortController();
    const signal = AbortSignal.any([options.signal, over.signal]);
    const late = systemClock.sleep(ms, { signal }).catch(() => undefined);
    const comes = await Promise.race([this.come({ signal }).then(() => true), late.then(() => false)]);
    over.abort();
    return comes;
  }

  /** Hands the lease back. May be called again. */
  async release(): Promise<void> {
    await this.#election?.release();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
