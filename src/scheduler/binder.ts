import PQueue from 'p-queue';
import type { Clock } from '../clock.js';
import type { ApiError } from '../kube/api-error.js';
import type { PodApi, PodReference } from '../kube/pod-api.js';
import type { WriteFence } from '../kube/write-fence.js';
import { asApiError } from './as-api-error.js';
import { type CallOutcome, ConcurrencyLimit } from './concurrency-limit.js';

export type BindResult =
  | { readonly kind: 'bound' }
  /** Somebody else bound the pod first, perhaps to the very same node. */
  | { readonly kind: 'conflict'; readonly nodeName: string }
  /** The pod does not exist any more, or another pod has its name. */
  | { readonly kind: 'gone' }
  /** The chosen node disappeared before the binding was posted. */
  | { readonly kind: 'node-gone' }
  /** The binding had to wait, and the node would not take the pod any more. */
  | { readonly kind: 'too-late'; readonly reason: string }
  /** Not allowed to write: leadership is lost, or the program is stopping. */
  | { readonly kind: 'fenced' }
  | { readonly kind: 'failed'; readonly error: ApiError };

export interface BinderOptions {
  readonly pods: PodApi;
  readonly fence: WriteFence;
  readonly clock: Clock;
  /** The API server accepts bindings to nodes that do not exist; only our own view protects from that. */
  readonly nodeExists: (nodeName: string) => boolean;
  /** Why the node would not take the pod by now; asked before a binding that had to wait. Default: it would. */
  readonly lateRefusal?: (pod: PodReference) => string | undefined;
  readonly limit?: ConcurrencyLimit;
  readonly observe?: {
    throttled?(reason: '429' | 'timeout'): void;
  };
}

/** Tries after an answer that says "not now, nothing was done". */
const maxTries = 4;
const firstRetryMs = 10;
const retryGrowth = 5;
/** Pause after a 429 that names none. */
const throttlePauseMs = 1_000;
const maxThrottles = 10;
/** A decision older than this is looked at again before it is posted. */
const freshMs = 250;
const rereadPauseMs = 200;
const maxRereadPauseMs = 5_000;
/** An API server that has just started knows no roles yet and refuses everything for some seconds. */
const maxRefusals = 6;

/**
 * Posts bindings, as many at once as the API server takes gladly. An answer that never came is ambiguous: the pod is read again
 * before anything else is done with it, so that no pod is bound twice and none is forgotten.
 */
export class Binder {
  readonly #queue = new PQueue();
  readonly #options: BinderOptions;
  readonly #limit: ConcurrencyLimit;
  #throttledUntil = 0;

  constructor(options: BinderOptions) {
    this.#options = options;
    this.#limit = options.limit ?? new ConcurrencyLimit();
    this.#queue.concurrency = this.#limit.limit;
  }

  /** Bindings waiting or under way. */
  get pending(): number {
    return this.#queue.size + this.#queue.pending;
  }

  get concurrency(): number {
    return this.#limit.limit;
  }

  get inFlight(): number {
    return this.#queue.pending;
  }

  /** Binds a pod to a node. Never rejects. `decidedAt`, monotonic milliseconds of the clock, says since when that is wanted: now, where it is left out. */
  async bind(
    pod: PodReference,
    nodeName: string,
    options: { readonly signal?: AbortSignal; readonly decidedAt?: number } = {},
  ): Promise<BindResult> {
    const { decidedAt = this.#options.clock.monotonic() } = options;
    return this.#queue.add(() => this.#bindNow(pod, nodeName, decidedAt, options.signal));
  }

  /** Resolves when nothing is waiting or under way. */
  async idle(): Promise<void> {
    await this.#queue.onIdle();
  }

  async #bindNow(
    pod: PodReference,
    nodeName: string,
    decidedAt: number,
    signal: AbortSignal | undefined,
  ): Promise<BindResult> {
    const { clock } = this.#options;
    let tries = 0;
    let throttles = 0;
    // True once an answer was lost: from then on a binding that is found may be our own.
    let mayBeOurs = false;
    // After an error such as "etcdserver: request timed out" the binding may stand.
    const giveUp = async (result: BindResult): Promise<BindResult> => {
      const settled = mayBeOurs ? await this.#settle(pod, nodeName, signal) : undefined;
      return settled === undefined || settled.kind === 'unbound' ? result : settled;
    };
    for (;;) {
      await this.#waitForThrottle(signal);
      if (signal?.aborted || !this.#options.fence.mayWrite()) return { kind: 'fenced' };
      const obstacle = this.#obstacle(pod, nodeName, decidedAt);
      if (obstacle !== undefined) return giveUp(obstacle);
      const error = await this.#post(pod, nodeName, signal);
      if (error === undefined) return { kind: 'bound' };
      // Only a program that is ending aborts: whoever comes next reads the pod anew.
      if (error.failure === 'aborted') return { kind: 'fenced' };
      if (error.code === 404) return { kind: 'gone' };
      if (error.code === 409 || isUnclear(error)) {
        mayBeOurs ||= isUnclear(error);
        const settled = await this.#settle(pod, nodeName, signal);
        if (settled.kind === 'bound' && !mayBeOurs) return { kind: 'conflict', nodeName };
        if (settled.kind !== 'unbound') return settled;
        // Known now: nothing was done. A conflict about anything else than a node is final.
        if (error.code === 409 || ++tries >= maxTries) return { kind: 'failed', error };
        continue;
      }
      if (error.code === 429) {
        if (++throttles > maxThrottles) return giveUp({ kind: 'failed', error });
        this.#throttledUntil = Math.max(
          this.#throttledUntil,
          clock.monotonic() + (error.retryAfterMs ?? throttlePauseMs),
        );
        continue;
      }
      const mayHelp = error.code === 500 || error.code === 503 || error.failure === 'unreachable';
      mayBeOurs ||= mayHelp;
      if (!mayHelp || ++tries >= maxTries) return giveUp({ kind: 'failed', error });
      await clock
        .sleep(firstRetryMs * retryGrowth ** (tries - 1), signal === undefined ? {} : { signal })
        .catch(() => undefined);
    }
  }

  /** Why the pod is not to be bound to the node any more. */
  #obstacle(pod: PodReference, nodeName: string, decidedAt: number): BindResult | undefined {
    if (!this.#options.nodeExists(nodeName)) return { kind: 'node-gone' };
    const reason = this.#isOld(decidedAt) ? this.#options.lateRefusal?.(pod) : undefined;
    return reason === undefined ? undefined : { kind: 'too-late', reason };
  }

  #isOld(decidedAt: number): boolean {
    return this.#options.clock.monotonic() - decidedAt > freshMs;
  }

  /** One POST, measured. */
  async #post(
    pod: PodReference,
    nodeName: string,
    signal: AbortSignal | undefined,
  ): Promise<ApiError | undefined> {
    const started = this.#options.clock.monotonic();
    const inFlight = this.#queue.pending;
    let error: ApiError | undefined;
    try {
      await this.#options.pods.bind(pod, nodeName, signal === undefined ? {} : { signal });
    } catch (thrown) {
      error = asApiError(thrown);
    }
    const now = this.#options.clock.monotonic();
    this.#limit.record(outcomeOf(error), { latency: now - started, now, inFlight });
    this.#queue.concurrency = this.#limit.limit;
    if (error?.code === 429) this.#options.observe?.throttled?.('429');
    else if (error?.failure === 'ambiguous') this.#options.observe?.throttled?.('timeout');
    return error;
  }

  /** Reads the pod until its state is known. */
  async #settle(
    pod: PodReference,
    nodeName: string,
    signal: AbortSignal | undefined,
  ): Promise<BindResult | { readonly kind: 'unbound' }> {
    let refusals = 0;
    for (let pause = rereadPauseMs; ; pause = Math.min(2 * pause, maxRereadPauseMs)) {
      try {
        const found = await this.#options.pods.read(pod, signal === undefined ? {} : { signal });
        if (found.uid !== pod.uid) return { kind: 'gone' };
        if (found.nodeName === nodeName) return { kind: 'bound' };
        return found.nodeName === '' ? { kind: 'unbound' } : { kind: 'conflict', nodeName: found.nodeName };
      } catch (thrown) {
        const error = asApiError(thrown);
        if (error.code === 404) return { kind: 'gone' };
        if (error.code === 403) refusals += 1;
        if (refusals > maxRefusals || signal?.aborted || error.failure === 'aborted')
          return { kind: 'failed', error };
      }
      await this.#options.clock.sleep(pause, signal === undefined ? {} : { signal }).catch(() => undefined);
    }
  }

  async #waitForThrottle(signal: AbortSignal | undefined): Promise<void> {
    const wait = this.#throttledUntil - this.#options.clock.monotonic();
    if (wait > 0)
      await this.#options.clock.sleep(wait, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

/** The answer does not say whether the binding was made: none came, or it was nothing that an API server says. */
function isUnclear(error: ApiError): boolean {
  return error.isAmbiguous || error.failure === 'malformed';
}

function outcomeOf(error: ApiError | undefined): CallOutcome {
  if (error === undefined) return 'ok';
  if (error.code === 429) return 'throttled';
  return error.failure === 'ambiguous' ? 'timed-out' : 'failed';
}
