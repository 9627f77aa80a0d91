import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../../controlplane/api-client.js';
import { podsPath } from './pod-objects.js';

/** Names are all that is read: the API server leaves out the rest, and the bench takes less of the machine. */
const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

interface NamedObject {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
}

/** When each pod of a run was bound, on the monotonic clock of this process, as a watch tells. */
export class BoundWatch {
  /** By name of the pod, in milliseconds. */
  readonly boundAt = new Map<string, number>();
  /** Called once, in the turn in which the first of the pods is seen bound. */
  onFirst: () => void = () => {};
  /** Called once, in the turn in which the last of the pods is seen bound. */
  onLast: () => void = () => {};
  readonly #awaited: ReadonlySet<string>;
  readonly #stop = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  #failure: unknown;

  private constructor(awaited: ReadonlySet<string>) {
    this.#awaited = awaited;
  }

  /** Watches from now on; `names` are the pods that are waited for. */
  static async start(api: ApiClient, names: Iterable<string>): Promise<BoundWatch> {
    const watch = new BoundWatch(new Set(names));
    const { metadata } = await api.get<{ metadata: { resourceVersion: string } }>(`${podsPath}?limit=1`);
    watch.#ended = watch.#follow(api, metadata.resourceVersion).catch((error: unknown) => {
      watch.#failure = error;
    });
    return watch;
  }

  /** Resolves when all pods are bound. @throws Error with how many are, after `withinMs`, or when `failed` says why it cannot be. */
  async all(options: {
    readonly withinMs: number;
    readonly signal: AbortSignal;
    readonly failed: () => string | undefined;
  }): Promise<void> {
    const deadline = performance.now() + options.withinMs;
    while (this.boundAt.size < this.#awaited.size) {
      if (this.#failure !== undefined) throw this.#failure;
      const trouble = performance.now() > deadline ? `after ${options.withinMs / 1000} s` : options.failed();
      if (trouble !== undefined)
        throw new Error(`${this.boundAt.size} of ${this.#awaited.size} pods are bound: ${trouble}`);
      await sleep(20, undefined, { signal: options.signal });
    }
  }

  /** Milliseconds from the first to the last of the pods. */
  get elapsedMs(): number {
    const times = [...this.boundAt.values()];
    return (times.at(-1) ?? Number.NaN) - (times[0] ?? Number.NaN);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  /** The API server closes a watch that it finds too slow: it goes on where it was. */
  async #follow(api: ApiClient, from: string): Promise<void> {
    // To a watch with this selector a pod is added when it gets its node.
    const path = `${podsPath}?fieldSelector=spec.nodeName%21%3D`;
    const { signal } = this.#stop;
    for (let resourceVersion = from; !signal.aborted; ) {
      const events = api.watch<NamedObject>(path, resourceVersion, signal, { accept: metadataOnly });
      for await (const { type, object } of events) {
        if (type === 'ERROR') throw new Error(`the watch of the pods failed: ${JSON.stringify(object)}`);
        resourceVersion = object.metadata.resourceVersion;
        if (type === 'ADDED' || type === 'MODIFIED') this.#see(object.metadata.name);
      }
    }
  }

  #see(name: string): void {
    if (!this.#awaited.has(name) || this.boundAt.has(name)) return;
    this.boundAt.set(name, performance.now());
    if (this.boundAt.size === 1) this.onFirst();
    if (this.boundAt.size === this.#awaited.size) this.onLast();
  }
}
