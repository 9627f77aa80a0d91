import { setTimeout as sleep } from 'node:timers/promises';
import { ApiAnswerError, type ApiClient } from '../controlplane/api-client.js';
import { bindersByPod } from '../e2e/audit.js';
import { BERTH_USER } from '../e2e/berth-installation.js';
import { ON_FAKE_NODES } from '../e2e/fake-nodes.js';
import type { PodWatch } from '../e2e/pod-watch.js';
import { PODS, podManifest } from '../e2e/workload.js';
import type { RealCluster } from '../realcluster/real-cluster.js';

const EVERY_MS = 100;

/** Pods for Berth that keep being created, ten a second, whatever happens meanwhile; they go to nodes that exist on paper only. */
export class Arrivals {
  readonly #name: string;
  readonly #cluster: RealCluster;
  readonly #watch: PodWatch;
  readonly #stop = new AbortController();
  readonly #creating: Promise<void>;
  #created = 0;

  private constructor(cluster: RealCluster, watch: PodWatch, name: string) {
    this.#cluster = cluster;
    this.#watch = watch;
    this.#name = name;
    this.#creating = this.#create();
  }

  static start(cluster: RealCluster, watch: PodWatch, name: string): Arrivals {
    return new Arrivals(cluster, watch, name);
  }

  get created(): number {
    return this.#created;
  }

  /** Creates no more, waits until all are on nodes, and returns a sentence for each that was not bound exactly once, by Berth. */
  async faults(): Promise<string[]> {
    this.#stop.abort();
    await this.#creating;
    const own = () => this.#watch.pods().filter(({ pod }) => pod.metadata.name.startsWith(`${this.#name}-`));
    await this.#watch.until(
      `all ${this.#created} pods bound`,
      () => own().length === this.#created && own().every(({ boundAt }) => boundAt !== undefined),
    );
    const binders = await bindersByPod(this.#cluster.plane, `${this.#name}-`);
    // An API server that crashed may have bound a pod without writing it down; it cannot have bound it twice unnoticed.
    const others = [...binders]
      .filter(([, users]) => users.join() !== BERTH_USER)
      .map(([pod, users]) => `${pod} was bound by ${users.join(', ')}`);
    return [...others, ...this.#watch.moved];
  }

  async #create(): Promise<void> {
    // A pod whose creation was not answered is asked for again before the last one is counted: it may be there.
    for (let open = false; open || !this.#stop.signal.aborted; await sleep(EVERY_MS)) {
      const name = `${this.#name}-${this.#created}`;
      open = !(await accepted(this.#cluster.plane.api, podManifest({ name, ...ON_FAKE_NODES })));
      if (!open) this.#created += 1;
    }
  }
}

/** False when the API server cannot be reached. One that went away before it answered may have made the pod. */
async function accepted(api: ApiClient, pod: object): Promise<boolean> {
  try {
    await api.create(PODS, pod);
    return true;
  } catch (error) {
    if (!(error instanceof ApiAnswerError)) return false;
    if (error.status === 409) return true;
    if (error.status >= 500 || error.status === 429 || error.status === 403) return false;
    throw error;
  }
}
