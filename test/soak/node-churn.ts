import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../controlplane/api-client.js';
import { createKwokNode } from '../controlplane/kwok-node.js';
import { PODS, type Pod } from '../e2e/workload.js';
import type { Draw } from './draw.js';
import { someTier, zones } from './soak-pods.js';

const NODES = '/api/v1/nodes';
/** A cordoned, drained or vanished node is back after about this time. */
const awayMs = 12_000;
const mostAway = 5;

export type NodeDeed =
  | 'label a node'
  | 'cordon a node'
  | 'drain a node'
  | 'replace a node'
  | 'have a node not ready';

/** Does things to nodes, and puts right each of them after a while. */
export class NodeChurn {
  readonly #api: ApiClient;
  readonly #nodes: readonly string[];
  readonly #draw: Draw;
  readonly #away = new Map<string, Promise<void>>();

  /** `nodes` are the names of those it may do things to. */
  constructor(api: ApiClient, nodes: readonly string[], draw: Draw) {
    this.#api = api;
    this.#nodes = nodes;
    this.#draw = draw;
  }

  async prepare(): Promise<void> {
    for (const [index, name] of this.#nodes.entries())
      await this.#api.patch(`${NODES}/${name}`, { metadata: { labels: { zone: zones[index % 3] } } });
  }

  /** False when the node that was drawn is away, or enough are. */
  async do(deed: NodeDeed): Promise<boolean> {
    const name = this.#draw.one(this.#nodes) ?? '';
    const path = `${NODES}/${name}`;
    if (this.#away.has(name)) return false;
    switch (deed) {
      case 'label a node': {
        const labels = { zone: this.#draw.one(zones), rack: someTier(this.#draw) };
        await this.#api.patch(path, { metadata: { labels } });
        return true;
      }
      case 'have a node not ready':
        // KWOK's next heartbeat puts it right.
        await this.#api.patch(`${path}/status`, { status: { conditions: [notReady()] } });
        return true;
      default:
        if (this.#away.size >= mostAway) return false;
        await this.#takeAway(deed, name);
        return true;
    }
  }

  /** Resolves when no node is away any more. */
  async allBack(): Promise<void> {
    await Promise.all([...this.#away.values()]);
  }

  async #takeAway(deed: 'cordon a node' | 'drain a node' | 'replace a node', name: string): Promise<void> {
    const path = `${NODES}/${name}`;
    if (deed === 'replace a node') {
      const labels = { zone: this.#draw.one(zones) ?? 'a' };
      this.#later(name, () => createKwokNode(this.#api, { name, labels }));
      await this.#api.delete(path);
      for (const pod of await this.#podsOn(name)) await this.#remove(pod);
      return;
    }
    this.#later(name, () => this.#api.patch(path, { spec: { unschedulable: null } }));
    await this.#api.patch(path, { spec: { unschedulable: true } });
    if (deed === 'drain a node') for (const pod of await this.#podsOn(name)) await this.#evict(pod);
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

  #evict(pod: Pod): Promise<unknown> {
    const { name, namespace } = pod.metadata;
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
    return unlessGone(this.#api.create(`${PODS}/${name}/eviction`, eviction));
  }

  #remove({ metadata }: Pod): Promise<unknown> {
    return unlessGone(this.#api.delete(`${PODS}/${metadata.name}`, { gracePeriodSeconds: 0 }));
  }

  async #podsOn(node: string): Promise<Pod[]> {
    return (await this.#api.list<Pod>(`${PODS}?fieldSelector=spec.nodeName=${node}`)).items;
  }
}

async function unlessGone(write: Promise<unknown>): Promise<void> {
  await write.catch((error: { status?: number }) => {
    if (error.status !== 404) throw error;
  });
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
