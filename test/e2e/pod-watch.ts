import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../controlplane/api-client.js';
import { PODS, type Pod } from './workload.js';

/** What was seen of one pod. */
export interface PodSighting {
  readonly pod: Pod;
  /** `performance.now()` of the first sight of it on a node; undefined while it is on none. */
  readonly boundAt: number | undefined;
}

export interface PodWatchOptions {
  /** Called after every change, with all pods that are there, in the order in which the API server made the changes. */
  readonly onChange?: (pods: readonly Pod[]) => void;
}

/** Follows the pods of namespace `default`, through restarts of the API server as well, from outside of Berth. */
export class PodWatch {
  /** Sentences on pods that went from one node to another, which no pod may. */
  readonly moved: string[] = [];
  readonly #api: ApiClient;
  readonly #options: PodWatchOptions;
  readonly #stop = new AbortController();
  readonly #pods = new Map<string, PodSighting>();
  readonly #waiting = new Set<() => void>();
  #running: Promise<void> = Promise.resolve();

  private constructor(api: ApiClient, options: PodWatchOptions) {
    this.#api = api;
    this.#options = options;
  }

  /** Starts to follow; what exists by now is known when this returns. */
  static async start(api: ApiClient, options: PodWatchOptions = {}): Promise<PodWatch> {
    const watch = new PodWatch(api, options);
    const resourceVersion = await watch.#list();
    watch.#running = watch.#follow(resourceVersion);
    return watch;
  }

  get(name: string): PodSighting | undefined {
    return this.pods().find(({ pod }) => pod.metadata.name === name);
  }

  pods(): PodSighting[] {
    return [...this.#pods.values()];
  }

  boundCount(): number {
    return this.pods().filter(({ boundAt }) => boundAt !== undefined).length;
  }

  /** Waits for a state of the pods. @throws Error that names `what` and how many pods are bound, after `withinMs`. */
  async until(what: string, condition: () => boolean, withinMs = 60_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!condition()) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`${what}: not within ${withinMs} ms; ${this.#summary()}`);
      await this.#change(left);
    }
  }

  /** Waits until a pod is on a node, and returns when that was seen (`performance.now()`). */
  async bound(name: string, withinMs = 60_000): Promise<number> {
    await this.until(`pod ${name} bound`, () => this.get(name)?.boundAt !== undefined, withinMs);
    return this.get(name)?.boundAt ?? Number.NaN;
  }

  /** Waits until the scheduler has said of a pod that it does not fit, and returns the message of its condition. */
  async refused(name: string, withinMs = 60_000): Promise<string> {
    await this.until(`pod ${name} refused`, () => this.refusal(name) !== undefined, withinMs);
    return this.refusal(name) ?? '';
  }

  /** Waits until the scheduler says exactly this of a pod. @throws Error with what it says instead, after `withinMs`. */
  async refusedWith(name: string, message: string, withinMs = 10_000): Promise<void> {
    await this.until(`pod ${name} refused`, () => this.refusal(name) === message, withinMs).catch(() => {
      throw new Error(`pod ${name}: expected "${message}", it says "${this.refusal(name)}"`);
    });
  }

  /** Waits until the scheduler names this among the reasons of a pod: what it says first may be for want of news that are on the way. */
  async refusedFor(name: string, reason: string, withinMs = 60_000): Promise<void> {
    const what = `pod ${name} refused for "${reason}"`;
    await this.until(what, () => this.refusal(name)?.includes(reason) === true, withinMs);
  }

  /** Why the pod does not fit, as its condition says it now; undefined when it says no such thing. */
  refusal(name: string): string | undefined {
    return this.get(name)?.pod.status.conditions?.find(
      ({ type, status, reason }) =>
        type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
    )?.message;
  }

  /** Waits until a room has been promised to a pod on some node, and returns the node's name. */
  async nominated(name: string, withinMs = 60_000): Promise<string> {
    const nomination = () => this.get(name)?.pod.status.nominatedNodeName;
    await this.until(`pod ${name} nominated`, () => nomination() !== undefined, withinMs);
    return nomination() ?? '';
  }

  /** Waits until pods are being deleted, or gone. */
  async leaving(...names: readonly string[]): Promise<void> {
    const stays = (name: string) => this.get(name)?.pod.metadata.deletionTimestamp === undefined;
    await this.until(
      `${names.join(', ')} on the way out`,
      () => !names.some((name) => this.get(name) !== undefined && stays(name)),
    );
  }

  /** Waits until pods are there no more. */
  async gone(...names: readonly string[]): Promise<void> {
    await this.until(`${names.join(', ')} gone`, () => names.every((name) => this.get(name) === undefined));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #follow(from: string): Promise<void> {
    const { signal } = this.#stop;
    for (let resourceVersion: string | undefined = from; !signal.aborted; ) {
      try {
        resourceVersion ??= await this.#list();
        for await (const { type, object } of this.#api.watch<Pod>(PODS, resourceVersion, signal)) {
          if (type === 'ERROR') break;
          if (type === 'DELETED') this.#pods.delete(object.metadata.uid);
          else if (type !== 'BOOKMARK') this.#see(object);
          this.#wake();
        }
      } catch {
        await sleep(100);
      }
      resourceVersion = undefined;
    }
  }

  async #list(): Promise<string> {
    const { items, resourceVersion } = await this.#api.list<Pod>(PODS);
    const present = new Set(items.map(({ metadata }) => metadata.uid));
    for (const uid of this.#pods.keys()) if (!present.has(uid)) this.#pods.delete(uid);
    for (const pod of items) this.#see(pod);
    this.#wake();
    return resourceVersion;
  }

  #see(pod: Pod): void {
    const before = this.#pods.get(pod.metadata.uid);
    const [was, is] = [before?.pod.spec.nodeName, pod.spec.nodeName];
    if (was !== undefined && was !== is) this.moved.push(`${pod.metadata.name} went from ${was} to ${is}`);
    const boundAt = before?.boundAt ?? (is === undefined ? undefined : performance.now());
    this.#pods.set(pod.metadata.uid, { pod, boundAt });
  }

  /** Resolves at the next change, or after `withinMs`. */
  #change(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#waiting.add(done);
    });
  }

  #wake(): void {
    this.#options.onChange?.(this.pods().map(({ pod }) => pod));
    for (const done of [...this.#waiting]) done();
  }

  #summary(): string {
    const waiting = this.pods().filter(({ boundAt }) => boundAt === undefined);
    const first = waiting[0]?.pod;
    const said =
      first?.status.conditions?.find(({ type }) => type === 'PodScheduled')?.message ?? 'nothing said of it';
    const example = first === undefined ? '' : `, such as ${first.metadata.name} (${said})`;
    return `${this.boundCount()} of ${this.#pods.size} pods are bound${waiting.length === 0 ? '' : ', others are not'}${example}`;
  }
}
