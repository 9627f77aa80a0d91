import type { Clock } from '../clock.js';
import { type Pod, podKey } from '../cluster/pod.js';
import type { Extender } from '../extenders/extender.js';
import type { PodExtenders } from '../extenders/pod-extenders.js';
import { failure } from '../framework/status.js';
import type { ApiError } from '../kube/api-error.js';
import type { PodApi } from '../kube/pod-api.js';
import type { WriteFence } from '../kube/write-fence.js';
import { asApiError } from './as-api-error.js';
import type { OtherBinder, OtherBinding } from './binding-runner.js';
import { Overtaken } from './overtaken.js';

export interface ExtenderBindingOptions {
  readonly extendersFor: (pod: Pod) => PodExtenders | undefined;
  readonly pods: Pick<PodApi, 'read'>;
  readonly fence: WriteFence;
  readonly clock: Clock;
  /** The pod as the API server last showed it, by UID. */
  readonly latest: (uid: string) => Pod | undefined;
  readonly nodeExists: (nodeName: string) => boolean;
  /** An extender failed and may be done without: the profile's own binder takes the pod. */
  readonly passedOver?: (extender: Extender, pod: Pod, message: string) => void;
}

/** Where a pod is, as the API server says. */
type PodState =
  | { readonly kind: 'bound'; readonly nodeName: string }
  | { readonly kind: 'unbound' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unknown'; readonly error: ApiError };

const firstPauseMs = 50;
const longestPauseMs = 5_000;
/** The watch usually shows the binding within this time; then nothing needs to be read. */
const watchMs = 500;
/** An extender that says that it bound a pod is believed for this long without seeing it. */
const believedMs = 10_000;

/**
 * Leaves the binding of a pod to the extender that wants it. Nobody but the API server knows what the extender did: before anything
 * else is done with the pod, what was said of it is compared with what it is.
 */
export class ExtenderBinding {
  readonly #options: ExtenderBindingOptions;
  #pending = 0;

  constructor(options: ExtenderBindingOptions) {
    this.#options = options;
  }

  /** Bindings under way. */
  get pending(): number {
    return this.#pending;
  }

  readonly bind: OtherBinder = async (pod, nodeName, { signal }) => {
    const extender = this.#options.extendersFor(pod)?.binder;
    if (extender === undefined) return { kind: 'declined' };
    if (signal.aborted || !this.#options.fence.mayWrite()) return fenced();
    if (!this.#options.nodeExists(nodeName)) return failed(`node "${nodeName}" is gone`);
    this.#pending += 1;
    try {
      return await this.#bind(extender, pod, nodeName, signal);
    } finally {
      this.#pending -= 1;
    }
  };

  async #bind(extender: Extender, pod: Pod, nodeName: string, signal: AbortSignal): Promise<OtherBinding> {
    const { name, namespace, uid } = pod;
    const answer = await extender.bind({ name, namespace, uid, nodeName }, signal);
    if (answer.kind === 'aborted') return fenced();
    const done = answer.kind === 'answered';
    const state =
      done || answer.sent
        ? await this.#settled(pod, { believed: done, signal })
        : ({ kind: 'unbound' } as const);
    switch (state.kind) {
      case 'bound':
        return state.nodeName === nodeName ? { kind: 'bound' } : overtaken(state.nodeName);
      case 'gone':
        return overtaken('deletion');
      case 'unknown':
        return signal.aborted ? fenced() : failed(state.error.message);
      case 'unbound':
        break;
    }
    if (signal.aborted) return fenced();
    const message = done
      ? `extender ${extender.name} claims to have bound pod "${podKey(pod)}", but it is not bound`
      : answer.message;
    if (!extender.ignorable) return failed(message);
    this.#options.passedOver?.(extender, pod, message);
    return { kind: 'declined' };
  }

  /** Looks at the pod until its state is known; while the extender is `believed`, for some time also until it is bound. */
  async #settled(
    pod: Pod,
    { believed, signal }: { readonly believed: boolean; readonly signal: AbortSignal },
  ): Promise<PodState> {
    const { clock, latest } = this.#options;
    const started = clock.monotonic();
    for (let pause = firstPauseMs; ; pause = Math.min(2 * pause, longestPauseMs)) {
      const seen = latest(pod.uid)?.nodeName ?? '';
      if (seen !== '') return { kind: 'bound', nodeName: seen };
      const elapsed = clock.monotonic() - started;
      if (!believed || elapsed >= watchMs) {
        const state = await this.#read(pod, signal);
        const mayChange =
          state.kind === 'unknown'
            ? state.error.code !== 403
            : state.kind === 'unbound' && believed && elapsed < believedMs;
        if (!mayChange || signal.aborted) return state;
      }
      await clock.sleep(pause, { signal }).catch(() => undefined);
    }
  }

  async #read(pod: Pod, signal: AbortSignal): Promise<PodState> {
    try {
      const found = await this.#options.pods.read(pod, { signal });
      if (found.uid !== pod.uid) return { kind: 'gone' };
      return found.nodeName === '' ? { kind: 'unbound' } : { kind: 'bound', nodeName: found.nodeName };
    } catch (thrown) {
      const error = asApiError(thrown);
      return error.code === 404 ? { kind: 'gone' } : { kind: 'unknown', error };
    }
  }
}

function failed(message: string): OtherBinding {
  return { kind: 'failed', status: failure(message) };
}

function overtaken(by: string): OtherBinding {
  const message = by === 'deletion' ? 'the pod is gone' : `the pod is bound to ${by} already`;
  return { kind: 'failed', status: failure(message, new Overtaken(by)) };
}

function fenced(): OtherBinding {
  const status = failure('this process does not lead any more', new Overtaken('another leader'));
  return { kind: 'failed', status };
}
