import type { Clock } from '../clock.js';
import type { Pod } from '../cluster/pod.js';
import type { Cycle } from '../framework/cycle.js';
import type { Profile } from '../framework/profile.js';
import { failure, type Status, type StatusCode } from '../framework/status.js';
import { runBind, runPreBind, runPreBindPreFlight } from './binding-cycle.js';
import type { PodsInPreBind } from './pods-in-pre-bind.js';
import type { WaitingPods } from './waiting-pods.js';

/** Somebody who binds a pod instead of the profile's Bind plugins. */
export type OtherBinding =
  | { readonly kind: 'bound' }
  | { readonly kind: 'failed'; readonly status: Status }
  /** The pod is left to the Bind plugins. */
  | { readonly kind: 'declined' };

/** Never rejects. */
export type OtherBinder = (
  pod: Pod,
  nodeName: string,
  options: { readonly signal: AbortSignal },
) => Promise<OtherBinding>;

export interface BindingRunnerOptions {
  readonly waiting: WaitingPods;
  readonly preBinding: PodsInPreBind;
  readonly clock: Clock;
  /** Sees to it that nothing more is written about the pod's earlier attempts; never rejects. */
  readonly hush: (pod: Pod) => Promise<void>;
  /** Writes the node that a pod is about to be bound to into its status; never rejects. */
  readonly nominate: (pod: Pod, nodeName: string) => Promise<unknown>;
  /** From now on the pod can only be bound or fail: what happens in the cluster meanwhile does not concern its attempt. */
  readonly settled: (pod: Pod) => void;
  /** A pod that has a node is kept from it by these plugins for longer than one would think nothing of. */
  readonly held?: ((pod: Pod, plugins: readonly string[]) => void) | undefined;
  /** A pod waited on Permit. */
  readonly permitWaited?: ((code: StatusCode, seconds: number) => void) | undefined;
}

/** A pod that has a node and is to be bound to it. `pod.nodeName` names the node. */
export interface BindingOrder {
  readonly cycle: Cycle;
  readonly profile: Profile;
  /** Asked before the profile's Bind plugins. */
  readonly otherBinder?: OtherBinder | undefined;
  readonly pod: Pod;
  /** How long Permit plugins ask to wait, milliseconds by plugin. */
  readonly waits: ReadonlyMap<string, number>;
  readonly signal: AbortSignal;
}

/** How a binding ended: well, or in which part of it the status came about. */
export type BindingEnd =
  | { readonly kind: 'bound' }
  | { readonly kind: 'failed'; readonly during: 'permit' | 'binding'; readonly status: Status };

/** Whoever looks at a new pod expects to be told something within a second. */
const heldAfterMs = 700;

/** What comes between a pod's placement and the end of its binding: waiting on Permit, PreBind, Bind. */
export class BindingRunner {
  readonly #options: BindingRunnerOptions;

  constructor(options: BindingRunnerOptions) {
    this.#options = options;
  }

  /** Never rejects. A pod that waits on Permit can be allowed, refused or preempted as soon as this has been called. */
  async run(order: BindingOrder): Promise<BindingEnd> {
    const { waiting, clock } = this.#options;
    let decidedAt = clock.monotonic();
    const { cycle, profile, pod, waits } = order;
    const permitted = waits.size === 0 ? undefined : this.#wait(pod, waits);
    const preFlight = runPreBindPreFlight(cycle, profile, pod);
    if (preFlight.kind === 'failed') {
      waiting.reject(pod.uid, preFlight.status.plugin ?? '', 'the binding failed');
      return failed('binding', preFlight.status);
    }
    await this.#options.hush(pod);
    // Whoever looks at the cluster now, also this program after a restart, shall know where the pod is going to be.
    if (preFlight.preBind.length > 0 || permitted !== undefined)
      await this.#options.nominate(pod, pod.nodeName);
    const refused = await permitted;
    if (refused !== undefined) return failed('permit', refused);
    // Plugins that hold a pod back answer for its decision until they let it go.
    if (permitted !== undefined) decidedAt = clock.monotonic();
    this.#options.settled(pod);
    const status =
      (preFlight.preBind.length === 0 ? undefined : await this.#preBind(order, preFlight)) ??
      (await this.#bind(order, decidedAt));
    return status === undefined ? { kind: 'bound' } : failed('binding', status);
  }

  /** Tells of a pod that waits for long; `keeping` are the plugins by then. Returns what is to be called when it waits no more. */
  #tellWhenHeld(pod: Pod, keeping: () => readonly string[]): () => void {
    const { clock, held } = this.#options;
    return held === undefined ? () => undefined : clock.after(heldAfterMs, () => held(pod, keeping()));
  }

  async #bind(
    { cycle, profile, otherBinder, pod, signal }: BindingOrder,
    decidedAt: number,
  ): Promise<Status | undefined> {
    const other = await otherBinder?.(pod, pod.nodeName, { signal });
    if (other === undefined || other.kind === 'declined')
      return runBind(cycle, profile, pod, { signal, decidedAt });
    return other.kind === 'failed' ? other.status : undefined;
  }

  async #wait(pod: Pod, waits: ReadonlyMap<string, number>): Promise<Status | undefined> {
    const { waiting, clock, permitWaited } = this.#options;
    const started = clock.monotonic();
    const tellNoMore = this.#tellWhenHeld(pod, () => waiting.openFor(pod.uid));
    const status = await waiting.wait(pod.uid, waits);
    tellNoMore();
    permitWaited?.(status?.code ?? 'Success', (clock.monotonic() - started) / 1000);
    return status;
  }

  async #preBind(
    { cycle, pod, signal }: BindingOrder,
    working: Pick<Profile, 'preBind'>,
  ): Promise<Status | undefined> {
    const { preBinding } = this.#options;
    const cancelled = preBinding.enter(pod.uid);
    const options = { signal: AbortSignal.any([signal, cancelled]) };
    const tellNoMore = this.#tellWhenHeld(pod, () => working.preBind.map(({ name }) => name));
    const status = await runPreBind(cycle, working, pod, options);
    tellNoMore();
    const because = preBinding.leave(pod.uid);
    // Also when the plugins got their work done all the same: the room is promised to another.
    return because === undefined ? status : failure(because);
  }
}

function failed(during: 'permit' | 'binding', status: Status): BindingEnd {
  return { kind: 'failed', during, status };
}
