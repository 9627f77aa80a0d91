import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../controlplane/api-client.js';
import { PODS, type Pod } from '../e2e/workload.js';
import type { Draw } from './draw.js';
import { NodeChurn } from './node-churn.js';
import { resizePod } from './resize.js';
import { soakDeployment, soakPod, someCpu, someTier } from './soak-pods.js';
import { Tally } from './tally.js';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const deployments = ['web', 'api', 'cache', 'jobs'] as const;
const fewestReplicas = 30;
const mostReplicas = 60;
/** Beside those of Deployments. */
const fewestPods = 80;
const mostPods = 160;
const pauseMs = 80;

/** What is done, and how often among other things. */
const deeds = [
  ['create a pod', 30],
  ['delete a pod', 30],
  ['resize a pod', 10],
  ['label a pod', 6],
  ['label a node', 4],
  ['scale a Deployment', 3],
  ['cordon a node', 3],
  ['drain a node', 1],
  ['replace a node', 1],
  ['have a node not ready', 2],
] as const;
export type Deed = (typeof deeds)[number][0];

/** Keeps a cluster of some hundred pods busy, without making it larger or smaller in the long run. */
export class Churn {
  readonly tally = new Tally<Deed>(deeds.map(([deed]) => deed));
  readonly #api: ApiClient;
  readonly #nodes: NodeChurn;
  readonly #draw: Draw;
  #serial = 0;

  /** `nodes` are the names of those it may do things to. */
  constructor(api: ApiClient, nodes: readonly string[], draw: Draw) {
    this.#api = api;
    this.#nodes = new NodeChurn(api, nodes, draw);
    this.#draw = draw;
  }

  async prepare(): Promise<void> {
    await this.#nodes.prepare();
    for (const name of deployments)
      await this.#api.create(DEPLOYMENTS, soakDeployment(name, (fewestReplicas + mostReplicas) / 2));
    for (let index = 0; index < fewestPods; index += 1) await this.#createPod();
  }

  /** Does one thing after the other until the signal fires, all kinds of them soon; resolves when all nodes are back. */
  async run(signal: AbortSignal): Promise<void> {
    const first = deeds.map(([deed]) => deed);
    while (!signal.aborted) {
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      const deed = first.pop() ?? this.#draw.weighted(deeds);
      await this.#do(deed).then(
        (wasDone) => this.tally.ended(deed, wasDone),
        (error: unknown) => this.tally.failed(deed, error),
      );
    }
    await this.#nodes.allBack();
  }

  /** False when there was nothing to do it to. */
  async #do(deed: Deed): Promise<boolean> {
    switch (deed) {
      case 'create a pod':
        if ((await this.#ownPods()).length >= mostPods) return false;
        await this.#createPod();
        return true;
      case 'delete a pod': {
        const pods = await this.#ownPods();
        if (pods.length <= fewestPods) return false;
        return this.#toOne(pods, (pod) => this.#api.delete(pathOf(pod)));
      }
      case 'resize a pod': {
        const running = (await this.#ownPods()).filter(({ status }) => status.phase === 'Running');
        const requests = { cpu: someCpu(this.#draw), memory: '128Mi' };
        return this.#toOne(running, (pod) => resizePod(this.#api, pod, requests));
      }
      case 'label a pod': {
        const labels = { tier: someTier(this.#draw) };
        return this.#toOne(await this.#ownPods(), (pod) =>
          this.#api.patch(pathOf(pod), { metadata: { labels } }),
        );
      }
      case 'scale a Deployment': {
        const replicas = fewestReplicas + this.#draw.below(mostReplicas - fewestReplicas + 1);
        await this.#api.patch(`${DEPLOYMENTS}/${this.#draw.one(deployments)}`, { spec: { replicas } });
        return true;
      }
      default:
        return this.#nodes.do(deed);
    }
  }

  async #toOne(pods: readonly Pod[], act: (pod: Pod) => Promise<unknown>): Promise<boolean> {
    const pod = this.#draw.one(pods);
    if (pod === undefined) return false;
    await act(pod);
    return true;
  }

  async #createPod(): Promise<void> {
    this.#serial += 1;
    await this.#api.create(PODS, soakPod(`churn-${this.#serial}`, this.#draw));
  }

  async #ownPods(): Promise<Pod[]> {
    const { items } = await this.#api.list<Pod>(`${PODS}?labelSelector=kind%3Dchurn`);
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }
}

function pathOf({ metadata }: Pod): string {
  return `${PODS}/${metadata.name}`;
}
