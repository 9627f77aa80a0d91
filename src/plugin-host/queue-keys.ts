import type { QueuedPod } from '../framework/plugin.js';
import type { QueueKey } from '../framework/plugin-definition.js';

/** The parts of a key; undefined when there is none: the plugin failed over the pod. */
type KeyParts = readonly (number | string)[] | undefined;

interface KnownKey {
  readonly pod: QueuedPod['pod'];
  readonly timestamp: number;
  readonly parts: KeyParts;
}

/** Orders pods by keys, each asked for once per stay in the queue. Pods without a key come last, by priority and time. */
export class QueueKeys {
  readonly #known = new WeakMap<QueuedPod, KnownKey>();
  readonly #ask: (queued: QueuedPod) => KeyParts;

  constructor(ask: (queued: QueuedPod) => KeyParts) {
    this.#ask = ask;
  }

  less(a: QueuedPod, b: QueuedPod): boolean {
    const ofA = this.#keyOf(a);
    const ofB = this.#keyOf(b);
    if (ofA === undefined || ofB === undefined) {
      return ofA === undefined && ofB === undefined ? byPriority(a, b) : ofB === undefined;
    }
    return compare(ofA, ofB) < 0;
  }

  #keyOf(queued: QueuedPod): KeyParts {
    const { pod, timestamp } = queued;
    const known = this.#known.get(queued);
    if (known?.pod === pod && known.timestamp === timestamp) return known.parts;
    const parts = this.#ask(queued);
    this.#known.set(queued, { pod, timestamp, parts });
    return parts;
  }
}

/** The parts of what a plugin returned; undefined when that is no key. */
export function keyParts(key: unknown): readonly (number | string)[] | undefined {
  const parts: readonly unknown[] = Array.isArray(key) ? key : [key];
  const isKey = parts.every(
    (part) => typeof part === 'string' || (typeof part === 'number' && !Number.isNaN(part)),
  );
  return isKey ? ([...parts] as QueueKey & readonly (number | string)[]) : undefined;
}

function compare(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = comparePart(a[i]!, b[i]!);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function comparePart(a: number | string, b: number | string): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function byPriority(a: QueuedPod, b: QueuedPod): boolean {
  return a.pod.priority > b.pod.priority || (a.pod.priority === b.pod.priority && a.timestamp < b.timestamp);
}
