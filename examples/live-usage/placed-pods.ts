interface Placed {
  readonly uid: string;
  /** Milli-cores. */
  readonly cpu: number;
  readonly at: number;
}

/**
 * Pods that were given to nodes lately: what they will use is in no measurement yet. Without them a burst of pods would all go to the node
 * that was idle a moment ago.
 */
export class PlacedPods {
  readonly #byNode = new Map<string, Placed[]>();

  add(nodeName: string, placed: Placed): void {
    this.#byNode.set(nodeName, [...this.#without(nodeName, placed.uid), placed]);
  }

  remove(nodeName: string, uid: string): void {
    this.#byNode.set(nodeName, this.#without(nodeName, uid));
  }

  /** Milli-cores of pods placed after a time. */
  cpuSince(nodeName: string, time: number): number {
    let cpu = 0;
    for (const placed of this.#byNode.get(nodeName) ?? []) if (placed.at > time) cpu += placed.cpu;
    return cpu;
  }

  /** Forgets pods placed before a time. */
  forgetBefore(time: number): void {
    for (const [nodeName, pods] of this.#byNode) {
      const left = pods.filter(({ at }) => at > time);
      if (left.length === 0) this.#byNode.delete(nodeName);
      else this.#byNode.set(nodeName, left);
    }
  }

  #without(nodeName: string, uid: string): Placed[] {
    return (this.#byNode.get(nodeName) ?? []).filter((placed) => placed.uid !== uid);
  }
}
