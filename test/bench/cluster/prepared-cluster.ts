import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlPlane, startControlPlane } from '../../controlplane/control-plane.js';
import { apply, baseManifests } from '../../e2e/berth-installation.js';
import { nodeObject } from './node-objects.js';
import { boundPodObjects, createAll, podsPath } from './pod-objects.js';
import { quietControlPlane } from './process-usage.js';
import type { Population } from './workload.js';

/** etcd and kube-apiserver alone: no controller comes between the schedulers and what is measured. */
const components = { controllerManager: false, scheduler: false, kwok: false } as const;

export interface PrepareOptions {
  readonly signal: AbortSignal;
}

/**
 * Clusters as they are before a run. Each population is created once; every run has a control plane of its own, which begins with a copy
 * of etcd's state, so that all runs begin with the very same objects.
 */
export class PreparedClusters {
  readonly #folder: string;
  readonly #prepared = new Map<string, Promise<string>>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(): Promise<PreparedClusters> {
    return new PreparedClusters(await mkdtemp(join(tmpdir(), 'berth-bench-')));
  }

  /** A fresh control plane with this population, at rest. The caller ends it with {@link end}. */
  async start(population: Population, options: PrepareOptions): Promise<ControlPlane> {
    const state = await this.#prepare(population, options);
    const dir = await mkdtemp(join(this.#folder, 'run-'));
    await cp(state, join(dir, 'etcd'), { recursive: true });
    const plane = await startControlPlane({ dir, components, signal: options.signal });
    await quietControlPlane(plane, options);
    return plane;
  }

  async end(plane: ControlPlane): Promise<void> {
    await plane.stop();
    await rm(plane.dir, { recursive: true, force: true });
  }

  /** Ends it, and returns a folder in which its logs stay. */
  async endKeepingLogs(plane: ControlPlane): Promise<string> {
    const kept = await mkdtemp(join(tmpdir(), 'berth-bench-logs-'));
    await cp(join(plane.dir, 'logs'), kept, { recursive: true });
    await this.end(plane);
    return kept;
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Path of etcd's state with this population. */
  #prepare(population: Population, options: PrepareOptions): Promise<string> {
    const key = nameOf(population);
    const known = this.#prepared.get(key);
    if (known !== undefined) return known;
    const preparing = this.#create(join(this.#folder, key), population, options);
    this.#prepared.set(key, preparing);
    return preparing;
  }

  async #create(dir: string, population: Population, { signal }: PrepareOptions): Promise<string> {
    await mkdir(dir);
    const plane = await startControlPlane({
      dir,
      components,
      signal,
      // A new node gets the taint of one that is not ready, which a kubelet and a controller would take away.
      apiServerArgs: ['--disable-admission-plugins=TaintNodesByCondition'],
    });
    try {
      const { api } = plane;
      await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
      const manifests = await baseManifests(plane);
      await apply(
        plane,
        manifests.filter(({ kind }) => kind !== 'Deployment'),
      );
      await api.create('/apis/scheduling.k8s.io/v1/priorityclasses', {
        metadata: { name: 'bench-urgent' },
        value: 1000,
      });
      const nodes = Array.from({ length: population.nodes }, (_, index) => nodeObject(index));
      await createAll(api, '/api/v1/nodes', nodes, { signal });
      await createAll(api, podsPath, boundPodObjects(population), { signal });
    } finally {
      await plane.stop();
    }
    return join(dir, 'etcd');
  }
}

function nameOf({ nodes, bound }: Population): string {
  return bound === undefined ? `nodes-${nodes}` : `nodes-${nodes}-${bound.kind}-${bound.perNode}`;
}
