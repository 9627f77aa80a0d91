import type { Pod } from '../cluster/pod.js';

const nobody: readonly Pod[] = [];

/** Which pending pods have a node promised: other pods must leave them room. */
export class Nominator {
  readonly #byNode = new Map<string, Map<string, Pod>>();
  readonly #nodeOf = new Map<string, string>();

  get isEmpty(): boolean {
    return this.#nodeOf.size === 0;
  }

  nodeNames(): Iterable<string> {
    return this.#byNode.keys();
  }

  podsFor(nodeName: string): readonly Pod[] {
    const pods = this.#byNode.get(nodeName);
    return pods === undefined ? nobody : [...pods.values()];
  }

  nodeOf(uid: string): string | undefined {
    return this.#nodeOf.get(uid);
  }

  /** Promises a node; '' takes the promise back. */
  nominate(pod: Pod, nodeName: string): void {
    this.remove(pod.uid);
    if (nodeName === '' || pod.nodeName !== '') return;
    this.#nodeOf.set(pod.uid, nodeName);
    let pods = this.#byNode.get(nodeName);
    if (pods === undefined) {
      pods = new Map();
      this.#byNode.set(nodeName, pods);
    }
    pods.set(pod.uid, pod);
  }

  /**
   * The pod has changed. A nomination of ours that the API server does not show yet is kept: neither the old nor the new object
   * has one.
   */
  update(old: Pod, now: Pod): void {
    const promised = this.#nodeOf.get(now.uid);
    const unseen = promised !== undefined && old.nominatedNodeName === '' && now.nominatedNodeName === '';
    this.nominate(now, unseen ? promised : now.nominatedNodeName);
  }

  remove(uid: string): void {
    const nodeName = this.#nodeOf.get(uid);
    if (nodeName === undefined) return;
    this.#nodeOf.delete(uid);
    const pods = this.#byNode.get(nodeName)!;
    pods.delete(uid);
    if (pods.size === 0) this.#byNode.delete(nodeName);
  }
}
