import { type Clock, systemClock } from '../clock.js';
import type { Random } from '../random.js';
import { ApiError } from './api-error.js';
import { type Lease, LeaseLock, type LeaseSettings, leaseHolder } from './lease.js';
import type { ApiTransport } from './transport.js';
import type { LeaseFence } from './write-fence.js';

/** What happens in an election, for logs, metrics and the thread that waits for leadership. Plain data. */
export type LeaseEvent =
  /** Somebody else (or nobody: '') is named in the lease now. */
  | { readonly kind: 'observed'; readonly holder: string }
  | { readonly kind: 'acquired'; readonly uid: string; readonly resourceVersion: string }
  | { readonly kind: 'renewed' }
  /** One attempt failed; the next follows. `code` is the HTTP status, 0 without an answer. */
  | {
      readonly kind: 'attempt-failed';
      readonly phase: 'acquire' | 'renew' | 'release';
      readonly message: string;
      readonly code: number;
    }
  | { readonly kind: 'lost' }
  | { readonly kind: 'released' };

/** How an election ended: never led, led and lost the lease, or led and was told to stop. */
export type ElectionOutcome = 'not-elected' | 'lost' | 'stopped';

export interface LeaseElectorOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly onEvent?: (event: LeaseEvent) => void;
}

/** The lease as last seen, and when we saw it change: the only time that decides whether it has expired. */
interface Observation {
  readonly lease: Lease;
  readonly record: string;
  readonly at: number;
}

/** Attempts to acquire are spread over retryPeriod × [1, 1 + jitterFactor], so that candidates do not march in step. */
const jitterFactor = 1.2;

/**
 * One candidate for one Lease, with the algorithm and timings of client-go's leader election: nobody's wall clock is
 * trusted, a lease is expired when it has not changed for its duration before our eyes. While we lead, `fence` is open
 * until the start of the last successful write plus the renew deadline.
 */
export class LeaseElector {
  readonly #settings: LeaseSettings;
  readonly #lock: LeaseLock;
  readonly #fence: LeaseFence;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onEvent: (event: LeaseEvent) => void;
  #observed: Observation | undefined;
  #hasWritten = false;

  constructor(
    transport: ApiTransport,
    settings: LeaseSettings,
    fence: LeaseFence,
    options: LeaseElectorOptions = {},
  ) {
    checkTiming(settings);
    this.#settings = settings;
    this.#lock = new LeaseLock(transport, settings);
    this.#fence = fence;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#onEvent = options.onEvent ?? (() => {});
  }

  /** Candidates until elected, then renews until the lease is lost or `signal` fires, then releases it. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<ElectionOutcome> {
    if (!(await this.#acquire(signal))) {
      this.#fence.close();
      // A write cut short by the signal may have made us the holder all the same; nobody should have to wait for that.
      if (this.#hasWritten) await this.#release();
      return 'not-elected';
    }
    const { uid, resourceVersion } = this.#observed!.lease.metadata;
    this.#onEvent({ kind: 'acquired', uid: uid ?? '', resourceVersion: resourceVersion ?? '' });
    const lost = await this.#renewUntilLost(signal);
    this.#fence.close();
    if (lost) this.#onEvent({ kind: 'lost' });
    await this.#release();
    return lost ? 'lost' : 'stopped';
  }

  async #acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.#try('acquire', signal)) return true;
      await this.#pause(this.#settings.retryPeriodMs * (1 + this.#random() * jitterFactor), signal);
    }
    return false;
  }

  /** Returns true when a whole renew deadline passed without success, false when told to stop. */
  async #renewUntilLost(signal: AbortSignal): Promise<boolean> {
    for (;;) {
      await this.#pause(this.#settings.retryPeriodMs, signal);
      if (signal.aborted) return false;
      if (await this.#renewWithinDeadline(signal)) this.#onEvent({ kind: 'renewed' });
      else return !signal.aborted;
    }
  }

  async #renewWithinDeadline(stop: AbortSignal): Promise<boolean> {
    const deadline = this.#deadline(stop);
    try {
      while (!deadline.signal.aborted) {
        if (await this.#try('renew', deadline.signal)) return true;
        await this.#pause(this.#settings.retryPeriodMs, deadline.signal);
      }
      return false;
    } finally {
      deadline.cancel();
    }
  }

  async #try(phase: 'acquire' | 'renew', signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#acquireOrRenew(signal);
    } catch (error) {
      this.#reportFailure(phase, error, signal);
      return false;
    }
  }

  /** One attempt. False when somebody else holds a lease that has not expired; rejects when a request failed. */
  async #acquireOrRenew(signal: AbortSignal): Promise<boolean> {
    if (this.#holds() && this.#isUnexpired()) {
      try {
        await this.#write((now) => this.#lock.hold(this.#observed!.lease, now, signal));
        return true;
      } catch (error) {
        // Perhaps the lease we remember is out of date, perhaps our own write went through unanswered: read it again.
        this.#reportFailure('renew', error, signal);
        if (signal.aborted) return false;
      }
    }
    const lease = await this.#read(signal);
    if (lease === undefined) {
      await this.#write((now) => this.#lock.create(now, signal));
      return true;
    }
    if (leaseHolder(lease) !== '' && !this.#holds() && this.#isUnexpired()) return false;
    await this.#write((now) => this.#lock.hold(lease, now, signal));
    return true;
  }

  async #read(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      const lease = await this.#lock.get(signal);
      this.#observe(lease);
      return lease;
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) return undefined;
      throw error;
    }
  }

  /** Counts the fence's time from before the request: that is the earliest moment at which others saw the renewal. */
  async #write(send: (now: number) => Promise<Lease>): Promise<void> {
    const sentAt = this.#fence.now();
    this.#hasWritten = true;
    this.#observe(await send(this.#clock.now()));
    this.#fence.openUntil(sentAt + BigInt(Math.floor(this.#settings.renewDeadlineMs * 1e6)));
  }

  #observe(lease: Lease): void {
    const record = JSON.stringify(lease.spec ?? {});
    const before = this.#observed === undefined ? undefined : leaseHolder(this.#observed.lease);
    const at = record === this.#observed?.record ? this.#observed.at : this.#clock.monotonic();
    this.#observed = { lease, record, at };
    const holder = leaseHolder(lease);
    if (holder !== this.#settings.identity) this.#fence.shut();
    if (holder !== before) this.#onEvent({ kind: 'observed', holder });
  }

  #holds(): boolean {
    return this.#observed !== undefined && leaseHolder(this.#observed.lease) === this.#settings.identity;
  }

  #isUnexpired(): boolean {
    if (this.#observed === undefined) return false;
    const durationMs = (this.#observed.lease.spec?.leaseDurationSeconds ?? 0) * 1000;
    return this.#observed.at + durationMs > this.#clock.monotonic();
  }

  /** Hands the lease back if it is still ours. A renewal cut short may yet arrive: its Conflict is answered by reading again. */
  async #release(): Promise<void> {
    const deadline = this.#deadline();
    try {
      while (!deadline.signal.aborted) {
        const lease = await this.#lock.get(deadline.signal);
        this.#observe(lease);
        if (!this.#holds()) return;
        try {
          this.#observe(await this.#lock.free(lease, this.#clock.now(), deadline.signal));
          this.#onEvent({ kind: 'released' });
          return;
        } catch (error) {
          if (!(error instanceof ApiError && error.code === 409)) throw error;
          this.#reportFailure('release', error, deadline.signal);
          await this.#pause(this.#settings.retryPeriodMs / 20, deadline.signal);
        }
      }
    } catch (error) {
      this.#reportFailure('release', error, deadline.signal);
    } finally {
      deadline.cancel();
    }
  }

  #reportFailure(phase: 'acquire' | 'renew' | 'release', error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    const message = error instanceof Error ? error.message : String(error);
    this.#onEvent({
      kind: 'attempt-failed',
      phase,
      message,
      code: error instanceof ApiError ? error.code : 0,
    });
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await this.#clock.sleep(ms, { signal }).catch(() => {});
  }

  /** A signal that fires after the renew deadline, or with `stop`. */
  #deadline(stop?: AbortSignal): { readonly signal: AbortSignal; readonly cancel: () => void } {
    const controller = new AbortController();
    const abort = (): void => controller.abort(new Error('the renew deadline has passed'));
    const cancelTimer = this.#clock.after(this.#settings.renewDeadlineMs, abort);
    stop?.addEventListener('abort', abort, { once: true });
    if (stop?.aborted) abort();
    return {
      signal: controller.signal,
      cancel: () => {
        cancelTimer();
        stop?.removeEventListener('abort', abort);
      },
    };
  }
}

/** The constraints between the three times; without them two could lead at once. */
function checkTiming({ leaseDurationMs, renewDeadlineMs, retryPeriodMs }: LeaseSettings): void {
  if (!(retryPeriodMs > 0)) throw new RangeError('retryPeriod must be greater than zero');
  if (!(renewDeadlineMs > jitterFactor * retryPeriodMs)) {
    throw new RangeError('renewDeadline must be greater than 1.2 times retryPeriod');
  }
  if (!(leaseDurationMs > renewDeadlineMs)) {
    throw new RangeError('leaseDuration must be greater than renewDeadline');
  }
}
