import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../controlplane/api-client.js';
import { createKwokNode } from '../controlplane/kwok-node.js';
import { PODS, type Pod, podManifest } from '../e2e/workload.js';
import type { Draw } from './draw.js';

const NODES = '/api/v1/nodes';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const zones = ['a', 'b', 'c'] as const;
const deployments = ['web', 'api', 'cache', 'jobs'] as const;
const fewestReplicas = 30;
const mostReplicas = 60;
/** Beside those of Deployments. */
const fewestPods = 80;
const mostPods = 160;
/** Of them wait for what no node has. */
const impossibleShare = 0.1;
const pauseMs = 80;
/** A cordoned, drained or vanished node is back after about this time. */
const awayMs = 12_000;
const mostAway = 5;

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
  /** How often what was done; what the API server refused is in `refused`. */
  readonly done = new Map<Deed, number>();
  readonly refused = new Map<string, number>();
  readonly #api: ApiClient;
  readonly #nodes: readonly string[];
  readonly #draw: Draw;
  readonly #away = new Map<string, Promise<void>>();
  #serial = 0;

  /** `nodes` are the names of those it may do things to. */
  constructor(api: ApiClient, nodes: readonly string[], draw: Draw) {
    this.#api = api;
    this.#nodes = nodes;
    this.#draw = draw;
  }

  async prepare(): Promise<void> {
    for (const [index, name] of this.#nodes.entries())
      await this.#api.patch(`${NODES}/${name}`, { metadata: { labels: { zone: zones[index % 3] } } });
    for (const name of deployments) await this.#api.create(DEPLOYMENTS, deployment(name));
    for (let index = 0; index < fewestPods; index += 1) await this.#createPod();
  }

  /** Does one thing after the other until the signal fires; resolves when all nodes are back. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      const deed = this.#draw.weighted(deeds);
      await this.#do(deed).then(
        () => this.done.set(deed, (this.done.get(deed) ?? 0) + 1),
        (error: unknown) => this.#note(deed, error),
      );
    }
    await Promise.all([...this.#away.values()]);
  }

  #note(deed: Deed, error: unknown): void {
    const status = (error as { status?: number }).status;
    const what = `${deed}: ${status ?? (error as { code?: string }).code ?? String(error)}`;
    this.refused.set(what, (this.refused.get(what) ?? 0) + 1);
  }

  async #do(deed: Deed): Promise<void> {
    switch (deed) {
      case 'create a pod':
        if ((await this.#ownPods()).length < mostPods) await this.#createPod();
        return;
      case 'delete a pod': {
        const pods = await this.#ownPods();
        const pod = this.#draw.one(pods);
        if (pods.length > fewestPods && pod !== undefined) await this.#api.delete(pathOf(pod));
        return;
      }
      case 'resize a pod':
        return this.#resize();
      case 'label a pod': {
        const pod = this.#draw.one(await this.#ownPods());
        if (pod !== undefined)
          await this.#api.patch(pathOf(pod), { metadata: { labels: { tier: this.#tier() } } });
        return;
      }
      case 'scale a Deployment': {
        const replicas = fewestReplicas + this.#draw.below(mostReplicas - fewestReplicas + 1);
        await this.#api.patch(`${DEPLOYMENTS}/${this.#draw.one(deployments)}`, { spec: { replicas } });
        return;
      }
      default:
        return this.#doToNode(deed);
    }
  }

  async #doToNode(deed: Deed): Promise<void> {
    const name = this.#draw.one(this.#nodes) ?? '';
    if (this.#away.has(name)) return;
    const path = `${NODES}/${name}`;
    if (deed === 'label a node') {
      await this.#api.patch(path, {
        metadata: { labels: { zone: this.#draw.one(zones), rack: this.#tier() } },
      });
      return;
    }
    if (this.#away.size >= mostAway) return;
    switch (deed) {
      case 'cordon a node':
        await this.#api.patch(path, { spec: { unschedulable: true } });
        this.#later(name, () => this.#api.patch(path, { spec: { unschedulable: null } }));
        return;
      case 'drain a node':
        await this.#api.patch(path, { spec: { unschedulable: true } });
        for (const pod of await this.#podsOn(name)) await this.#evict(pod);
        this.#later(name, () => this.#api.patch(path, { spec: { unschedulable: null } }));
        return;
      case 'replace a node': {
        await this.#api.delete(path);
        for (const pod of await this.#podsOn(name))
          await this.#api.delete(pathOf(pod), { gracePeriodSeconds: 0 });
        this.#later(name, () =>
          createKwokNode(this.#api, { name, labels: { zone: this.#draw.one(zones) ?? 'a' } }),
        );
        return;
      }
      case 'have a node not ready':
        // KWOK's next heartbeat puts it right.
        await this.#api.patch(`${path}/status`, { status: { conditions: [notReady()] } });
    }
  }

  /** The API server may be away at that moment: what is to be done is done in the end. */
  #later(name: string, bringBack: () => Promise<unknown>): void {
    const comingBack = async (): Promise<void> => {
      await sleep(awayMs * (0.5 + this.#draw.next()));
      for (;;) {
        try {
          await bringBack();
          break;
        } catch (error) {
          if ((error as { status?: number }).status === 409) break;
          await sleep(500);
        }
      }
      this.#away.delete(name);
    };
    this.#away.set(name, comingBack());
  }

  async #createPod(): Promise<void> {
    this.#serial += 1;
    const isImpossible = this.#draw.next() < impossibleShare;
    const requests = isImpossible ? { cpu: '64' } : { cpu: this.#cpu(), memory: '128Mi' };
    const name = `churn-${this.#serial}`;
    const labels = { tier: this.#tier(), kind: 'churn' };
    await this.#api.create(PODS, podManifest({ name, requests, labels, spec: this.#wishes() }));
  }

  /** Something for every large plugin to think about. */
  #wishes(): object {
    const selector = { matchLabels: { tier: this.#tier() } };
    const wishes: readonly object[] = [
      {},
      { nodeSelector: { zone: this.#draw.one(zones) } },
      {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              {
                labelSelector: { matchLabels: { tier: 'tier-0', kind: 'churn' } },
                topologyKey: 'kubernetes.io/hostname',
              },
            ],
          },
        },
      },
      {
        topologySpreadConstraints: [
          { maxSkew: 2, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: selector },
        ],
      },
      {
        affinity: {
          podAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 10, podAffinityTerm: { labelSelector: selector, topologyKey: 'zone' } },
            ],
          },
        },
      },
    ];
    return this.#draw.one(wishes) ?? {};
  }

  async #resize(): Promise<void> {
    const running = (await this.#ownPods()).filter(({ status }) => status.phase === 'Running');
    const pod = this.#draw.one(running);
    if (pod === undefined) return;
    const containers = [{ name: 'main', resources: { requests: { cpu: this.#cpu(), memory: '128Mi' } } }];
    const [container] = pod.spec.containers;
    await this.#api.patch(`${pathOf(pod)}/resize`, {
      spec: { containers: [{ ...container, ...containers[0] }] },
    });
  }

  #evict(pod: Pod): Promise<unknown> {
    const { name, namespace } = pod.metadata;
    return this.#api
      .create(`${pathOf(pod)}/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace },
      })
      .catch(() => undefined);
  }

  async #podsOn(node: string): Promise<Pod[]> {
    return (await this.#api.list<Pod>(`${PODS}?fieldSelector=spec.nodeName=${node}`)).items;
  }

  async #ownPods(): Promise<Pod[]> {
    const { items } = await this.#api.list<Pod>(`${PODS}?labelSelector=kind%3Dchurn`);
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  #cpu(): string {
    return `${100 + 50 * this.#draw.below(8)}m`;
  }

  #tier(): string {
    return `tier-${this.#draw.below(6)}`;
  }
}

function pathOf({ metadata }: Pod): string {
  return `${PODS}/${metadata.name}`;
}

function notReady(): object {
  const now = new Date().toISOString();
  return {
    type: 'Ready',
    status: 'False',
    reason: 'Soak',
    message: 'not ready for a while',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  };
}

function deployment(name: string): object {
  const template = podManifest({
    name,
    requests: { cpu: '200m', memory: '128Mi' },
    labels: { app: name },
  }) as {
    metadata: { labels: object };
    spec: object;
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      replicas: (fewestReplicas + mostReplicas) / 2,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: template.metadata.labels }, spec: template.spec },
    },
  };
}
