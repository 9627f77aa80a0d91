import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, ApiObject } from '../../controlplane/api-client.js';
import type { ObjectManifest } from './scenario.js';

/** A pod as the twin runs read it. */
export interface SeenPod extends ApiObject {
  readonly metadata: ApiObject['metadata'] & {
    readonly namespace: string;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly OwnerReference[];
    readonly finalizers?: readonly string[];
    readonly generateName?: string;
  };
  readonly spec: NonNullable<ObjectManifest['spec']> & { readonly nodeName?: string };
  readonly status: {
    readonly phase: string;
    readonly nominatedNodeName?: string;
    readonly conditions?: readonly PodCondition[];
  };
}

export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly controller?: boolean;
}

export interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** One state of a pod, as far as a scheduler has a part in it. */
export interface Sighting {
  readonly nodeName: string;
  readonly nominatedNodeName: string;
  /** PodScheduled. */
  readonly condition?: Omit<PodCondition, 'type'>;
  /** DisruptionTarget. */
  readonly disruption?: Omit<PodCondition, 'type'>;
  readonly phase: string;
  readonly deletion: 'none' | 'under way' | 'done';
}

/** All that was seen of one pod, from its creation on. */
export interface PodRecord {
  /** The latest. */
  pod: SeenPod;
  /** The latest that was on no node. */
  pending: SeenPod | undefined;
  readonly sightings: Sighting[];
  /** Places in `sightings` of how it stood whenever things had settled. */
  readonly settled: Set<number>;
}

/** Keeps what happens to all pods of a cluster, so that nothing that passes quickly is missed. */
export class PodRecords {
  readonly #api: ApiClient;
  readonly #stop = new AbortController();
  readonly #records = new Map<string, PodRecord>();
  readonly #waiting = new Set<() => void>();
  #fault: Error | undefined;
  #running: Promise<void> = Promise.resolve();

  private constructor(api: ApiClient) {
    this.#api = api;
  }

  static async start(api: ApiClient): Promise<PodRecords> {
    const records = new PodRecords(api);
    const { items, resourceVersion } = await api.list<SeenPod>('/api/v1/pods');
    for (const pod of items) records.#see(pod, false);
    records.#running = records.#follow(resourceVersion);
    return records;
  }

  /** In the order in which they were first seen. */
  all(): PodRecord[] {
    return [...this.#records.values()];
  }

  of(uid: string): PodRecord | undefined {
    return this.#records.get(uid);
  }

  /** The youngest pod of that name. */
  named(namespace: string, name: string): PodRecord | undefined {
    return this.all().findLast(
      ({ pod: { metadata } }) => metadata.name === name && metadata.namespace === namespace,
    );
  }

  /** Remembers of every pod that things have settled as they are now. */
  markSettled(): void {
    for (const { sightings, settled } of this.#records.values()) settled.add(sightings.length - 1);
  }

  /** Forgets everything, for the next scenario. */
  clear(): void {
    this.#records.clear();
  }

  /** Waits for a state of the pods; returns false when it does not come about. */
  async until(condition: () => boolean, withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (!condition()) {
      if (this.#fault !== undefined) throw this.#fault;
      const left = deadline - performance.now();
      if (left <= 0) return false;
      await this.#change(left);
    }
    return true;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #follow(from: string): Promise<void> {
    const { signal } = this.#stop;
    try {
      for (let version = from; !signal.aborted; ) {
        for await (const { type, object } of this.#api.watch<SeenPod>('/api/v1/pods', version, signal)) {
          if (type === 'ERROR') throw new Error(`the watch of pods broke: ${JSON.stringify(object)}`);
          version = object.metadata.resourceVersion;
          if (type === 'BOOKMARK') continue;
          this.#see(object, type === 'DELETED');
          for (const done of [...this.#waiting]) done();
        }
        await sleep(10);
      }
    } catch (error) {
      this.#fault = error as Error;
    }
  }

  #see(pod: SeenPod, deleted: boolean): void {
    const { uid } = pod.metadata;
    const record = this.#records.get(uid) ?? { pod, pending: undefined, sightings: [], settled: new Set() };
    this.#records.set(uid, record);
    record.pod = pod;
    if (pod.spec.nodeName === undefined) record.pending = pod;
    const sighting = sightingOf(pod, deleted);
    if (JSON.stringify(sighting) !== JSON.stringify(record.sightings.at(-1))) record.sightings.push(sighting);
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
}

function sightingOf({ metadata, spec, status }: SeenPod, deleted: boolean): Sighting {
  const condition = conditionOf(status.conditions, 'PodScheduled');
  const disruption = conditionOf(status.conditions, 'DisruptionTarget');
  return {
    nodeName: spec.nodeName ?? '',
    nominatedNodeName: status.nominatedNodeName ?? '',
    ...(condition === undefined ? {} : { condition }),
    ...(disruption === undefined ? {} : { disruption }),
    phase: status.phase,
    deletion: deleted ? 'done' : metadata.deletionTimestamp === undefined ? 'none' : 'under way',
  };
}

function conditionOf(
  conditions: readonly PodCondition[] = [],
  type: string,
): Omit<PodCondition, 'type'> | undefined {
  const found = conditions.find((condition) => condition.type === type);
  if (found === undefined) return undefined;
  const { status, reason, message } = found;
  return {
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
}
