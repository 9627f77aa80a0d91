import type { Pod } from './workload.js';

/**
 * Sums up CPUs per node after every change of a pod, pods on their way out included: what a node carries in passing
 * would not be seen at the end.
 */
export class NodeLoad {
  /** Sentences on nodes that carried more than they have, each node once. */
  readonly overloads: string[] = [];
  readonly #cpus: number;
  readonly #known = new Set<string>();

  /** `cpus` is what every node has. */
  constructor(cpus: number) {
    this.#cpus = cpus;
  }

  readonly see = (pods: readonly Pod[]): void => {
    const sums = new Map<string, number>();
    for (const { spec } of pods) {
      if (spec.nodeName === undefined) continue;
      const requested = spec.containers.map(({ resources }) => Number(resources?.requests?.cpu ?? 0));
      const sum = requested.reduce((total, cpu) => total + cpu, sums.get(spec.nodeName) ?? 0);
      sums.set(spec.nodeName, sum);
    }
    for (const [node, sum] of sums) {
      if (sum <= this.#cpus || this.#known.has(node)) continue;
      this.#known.add(node);
      const names = pods.filter(({ spec }) => spec.nodeName === node).map(({ metadata }) => metadata.name);
      this.overloads.push(`${node} carried ${sum} of ${this.#cpus} CPUs: ${names.join(', ')}`);
    }
  };
}
