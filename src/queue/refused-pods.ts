import type { Labels } from '../kube/label-requirement.js';
import type { QueueEntry } from './queued-pod.js';

/** Refused pods of one template, which hints that read nothing else cannot tell apart; never empty. */
export type PodGroup = ReadonlySet<QueueEntry>;

/** Refused pods by the plugin that refused them, so that an event looks only at pods that it can help. */
export class RefusedPods {
  readonly #byPlugin = new Map<string, Map<string, Set<QueueEntry>>>();
  /** Where an entry is filed, as its pod may be another one by the time it leaves. */
  readonly #keys = new Map<QueueEntry, string>();
  /** Label maps as text: those of one template are often one object. */
  readonly #texts = new WeakMap<Labels, string>();

  add(entry: QueueEntry): void {
    const key = this.#keyOf(entry);
    this.#keys.set(entry, key);
    for (const plugin of entry.rejectors) {
      const groups = entryOf(this.#byPlugin, plugin, () => new Map<string, Set<QueueEntry>>());
      entryOf(groups, key, () => new Set<QueueEntry>()).add(entry);
    }
  }

  delete(entry: QueueEntry): void {
    const key = this.#keys.get(entry);
    if (key === undefined) return;
    this.#keys.delete(entry);
    for (const plugin of entry.rejectors) {
      const groups = this.#byPlugin.get(plugin);
      const group = groups?.get(key);
      group?.delete(entry);
      if (group?.size === 0) groups?.delete(key);
      if (groups?.size === 0) this.#byPlugin.delete(plugin);
    }
  }

  /** Groups as they are now: they may change while they are gone through. */
  refusedBy(plugin: string): readonly PodGroup[] {
    const groups = this.#byPlugin.get(plugin);
    return groups === undefined ? [] : [...groups.values()];
  }

  /** Gated pods stand alone: whether they come back is not for hints alone to say. */
  #keyOf({ pod, gatedBy }: QueueEntry): string {
    if (gatedBy !== undefined) return pod.uid;
    const { spec, labels, namespace, controller, schedulerName } = pod;
    return `${spec.id}/${namespace}/${controller?.uid ?? ''}/${schedulerName}/${this.#textOf(labels)}`;
  }

  #textOf(labels: Labels): string {
    let text = this.#texts.get(labels);
    if (text === undefined) {
      text = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
      this.#texts.set(labels, text);
    }
    return text;
  }
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
