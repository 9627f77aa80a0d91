import { type ClusterEvent, type EventRegistration, matches } from '../framework/cluster-event.js';
import type { OccurredEvent } from './in-flight.js';
import type { QueueEntry } from './queued-pod.js';

type Registration = EventRegistration<unknown, unknown>;

/** How soon an event brings a pod back. */
export type Requeue = 'stay' | 'after-backoff' | 'at-once';

/** A plugin as far as the queue needs it. */
export interface HintingPlugin {
  readonly name: string;
  readonly events?: readonly EventRegistration<never, never>[];
}

export type HintObserver = (
  plugin: string,
  event: string,
  hint: 'Queue' | 'QueueSkip' | 'Error',
  seconds: number,
) => void;

const everything: readonly Registration[] = [{ resource: '*', action: -1 }];

/** One profile's knowledge of which events can help which rejections. */
export class HintTable {
  readonly #registrations = new Map<string, readonly Registration[]>();
  readonly #matching = new Map<string, ReadonlyMap<string, readonly Registration[]>>();
  readonly #observe: HintObserver | undefined;
  readonly #seconds: () => number;

  constructor(
    plugins: Iterable<HintingPlugin>,
    options: { readonly observe?: HintObserver; readonly seconds?: () => number } = {},
  ) {
    for (const plugin of plugins) {
      this.#registrations.set(
        plugin.name,
        (plugin.events as readonly Registration[] | undefined) ?? everything,
      );
    }
    this.#observe = options.observe;
    this.#seconds = options.seconds ?? (() => performance.now() / 1000);
  }

  /** Registrations that match an event, by plugin; the same event kinds come again and again, so the answer is kept. */
  matching(event: ClusterEvent): ReadonlyMap<string, readonly Registration[]> {
    const key = `${event.resource}/${event.action}`;
    let found = this.#matching.get(key);
    if (found === undefined) {
      const byPlugin = new Map<string, readonly Registration[]>();
      for (const [plugin, registrations] of this.#registrations) {
        const hits = registrations.filter((registration) => matches(registration, event));
        if (hits.length > 0) byPlugin.set(plugin, hits);
      }
      this.#matching.set(key, byPlugin);
      found = byPlugin;
    }
    return found;
  }

  /** Asks the plugins that refused a pod whether an event may help it. */
  weigh(entry: QueueEntry, occurred: OccurredEvent): Requeue {
    if (entry.rejectors.size === 0) return 'after-backoff';
    const matching = this.matching(occurred.event);
    let answer: Requeue = 'stay';
    for (const plugin of entry.rejectors) {
      const registrations = matching.get(plugin);
      if (registrations === undefined) continue;
      if (!registrations.some((registration) => this.#asks(plugin, registration, entry, occurred))) continue;
      if (entry.pendingPlugins.has(plugin)) return 'at-once';
      answer = 'after-backoff';
      if (entry.pendingPlugins.size === 0) return answer;
    }
    return answer;
  }

  /** True when a plugin says for all pods of this one's template that an event is no help; false also when it has to be asked for each. */
  helpsNoneLike(entry: QueueEntry, plugin: string, occurred: OccurredEvent): boolean {
    const registrations = this.matching(occurred.event).get(plugin) ?? [];
    return (
      registrations.every(({ perTemplate = false }) => perTemplate) &&
      !registrations.some((registration) => this.#asks(plugin, registration, entry, occurred))
    );
  }

  #asks(
    plugin: string,
    registration: Registration,
    entry: QueueEntry,
    { event, old, now }: OccurredEvent,
  ): boolean {
    if (registration.hint === undefined) return true;
    const started = this.#observe === undefined ? 0 : this.#seconds();
    let hint: 'Queue' | 'QueueSkip' | 'Error';
    try {
      hint = registration.hint(entry.pod, old, now) === 'Queue' ? 'Queue' : 'QueueSkip';
    } catch {
      // A plugin that cannot tell must not strand the pod.
      hint = 'Error';
    }
    this.#observe?.(plugin, event.label, hint, this.#seconds() - started);
    return hint !== 'QueueSkip';
  }
}
