import type { PodObject } from './api-objects.js';
import type { ClusterApi } from './cluster-api.js';
import { brokenRules, viewOf } from './placement-rules.js';
import type { TrialTime } from './trial-time.js';
import { type Deed, foreign, ours, type Workload } from './workload.js';

/** Does to a cluster what a workload says, when it says so, and plays the other scheduler. */
export class WorkloadDriver {
  /** UIDs of pods that the other scheduler bound. */
  readonly boundByOther = new Set<string>();
  /** Told of what the API server refused; a node that is gone, for instance. */
  readonly refused: string[] = [];
  readonly #api: ClusterApi;
  readonly #workload: Workload;

  constructor(api: ClusterApi, workload: Workload) {
    this.#api = api;
    this.#workload = workload;
  }

  async prepare(): Promise<void> {
    await this.#api.create(this.#workload.priorityClass);
    await Promise.all(this.#workload.nodes.map((node) => this.#api.create(node)));
  }

  /** Resolves when everything was done. */
  async run(time: TrialTime): Promise<void> {
    for (const deed of this.#workload.deeds) {
      const wait = deed.at - time.now();
      if (wait > 0) await time.sleep(wait);
      await this.#carryOut(deed).catch((error: unknown) =>
        this.refused.push(`${deed.kind}: ${String(error)}`),
      );
    }
  }

  async #carryOut(deed: Deed): Promise<void> {
    const api = this.#api;
    switch (deed.kind) {
      case 'create-pods':
        for (const pod of deed.pods) await api.create(pod);
        return;
      case 'delete-pods': {
        const pods = await api.pods();
        for (const draw of deed.draws) {
          const pod = pods[Math.floor(draw * pods.length)];
          if (pod !== undefined) await api.deletePod(pod.metadata.name);
        }
        return;
      }
      case 'patch-node':
        await api.patchNode(deed.name, deed.patch, { status: deed.status ?? false });
        return;
      case 'delete-node':
        await api.deleteNode(deed.name);
        return;
      case 'create-node':
        await api.create(deed.node);
        return;
      case 'foreign-cycle':
        await this.#scheduleForeign(deed.draws, deed.steals);
    }
  }

  /** Binds what fits by the present state; now and then one of Berth's pods too, as a confused user would. */
  async #scheduleForeign(draws: readonly number[], steals: boolean): Promise<void> {
    const [nodes, pods] = await Promise.all([this.#api.nodes(), this.#api.pods()]);
    const pending = pods.filter(({ spec }) => (spec.nodeName ?? '') === '');
    const stolen = steals ? pending.filter(({ spec }) => spec.schedulerName === ours).slice(0, 1) : [];
    const own = pending.filter(({ spec }) => spec.schedulerName === foreign);
    const placed: PodObject[] = [];
    for (const pod of [...own, ...stolen]) {
      const view = viewOf(nodes, [...pods, ...placed]);
      const fitting = nodes.filter(({ metadata }) => brokenRules(pod, metadata.name, view).length === 0);
      const draw = draws[placed.length % draws.length] ?? 0;
      const node = fitting[Math.floor(draw * fitting.length)]?.metadata.name;
      if (node === undefined) continue;
      // Said before it is done: the binding may be seen before its answer.
      this.boundByOther.add(pod.metadata.uid);
      if (await this.#api.bind(pod, node)) placed.push({ ...pod, spec: { ...pod.spec, nodeName: node } });
      else this.boundByOther.delete(pod.metadata.uid);
    }
  }
}
