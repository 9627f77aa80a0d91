import { existsSync } from 'node:fs';
import { listGoldenFiles, readGoldenFile } from '../conformance/golden-file.js';
import type { Manifest, OracleCase, Question } from './case.js';
import { Dice } from './dice.js';
import { configuration } from './generate/configuration.js';
import { focuses, World } from './generate/world.js';

/** Golden cases, as material for others. */
export function readMaterial(folders: readonly string[]): OracleCase[] {
  const present = folders.filter((folder) => existsSync(folder));
  return listGoldenFiles(present).map((path) => readGoldenFile(path).case as unknown as OracleCase);
}

/** A case made of parts of others: their pods, placed and put together anew, in one of their clusters. */
export function remix(seed: number, material: readonly OracleCase[]): Question {
  return { case: new Remix(new Dice(seed), material, seed).make(), admit: false };
}

const podParts = [
  'affinity',
  'topologySpreadConstraints',
  'tolerations',
  'nodeSelector',
  'containers',
] as const;

class Remix {
  readonly #dice: Dice;
  readonly #material: readonly OracleCase[];
  readonly #seed: number;
  readonly #startTimes = new Set<string>();
  #counter = 0;

  constructor(dice: Dice, material: readonly OracleCase[], seed: number) {
    this.#dice = dice;
    this.#material = material;
    this.#seed = seed;
  }

  make(): OracleCase {
    const dice = this.#dice;
    const base = structuredClone(dice.pick(this.#material));
    const config = this.#config(base);
    const objects = base.objects.filter(({ kind }) => kind !== 'Pod');
    const nodes = objects.filter(({ kind }) => kind === 'Node');
    const names = nodes.map(({ metadata }) => metadata.name);
    const squeezed = dice.chance(0.3);
    this.#changeNodes(nodes, squeezed);
    const bound = base.objects.filter(({ kind }) => kind === 'Pod' && dice.chance(0.95));
    bound.push(...this.#imports(dice.int(0, 30), 'Pod'));
    const schedulerNames = profileNames(config);
    for (const pod of bound) {
      if (pod.spec.nodeName && dice.chance(0.3)) pod.spec.nodeName = dice.pick(names);
      if (pod.status?.nominatedNodeName && !names.includes(pod.status.nominatedNodeName))
        pod.status.nominatedNodeName = dice.pick(names);
      if (dice.chance(0.15)) this.#splice(pod);
      // Mostly weaker than those that are judged, so that there is somebody to preempt.
      if (squeezed && dice.chance(0.6)) pod.spec.priority = dice.pick([-10, 0, 0, 100]);
    }
    const pending = [...base.pending, ...this.#imports(dice.int(0, 15), 'pending')];
    for (const pod of pending) {
      for (let times = dice.int(0, 3); times > 0; times -= 1) this.#splice(pod);
      if (!schedulerNames.includes(pod.spec.schedulerName))
        pod.spec.schedulerName = dice.pick(schedulerNames);
      if (squeezed && dice.chance(0.6)) pod.spec.priority = dice.pick([1000, 50_000, 2_000_000_000]);
      if (dice.chance(0.04)) pod.status.nominatedNodeName = dice.pick(names);
    }
    this.#localClaims([...bound, ...pending], objects);
    this.#distinctStarts(bound);
    return {
      name: `remix-${this.#seed}`,
      seed: this.#seed,
      profile: base.profile,
      ...(config === undefined ? {} : { config }),
      objects: [...oneBudgetPerNamespace(objects), ...bound],
      pending,
    };
  }

  #config(base: OracleCase): Manifest | undefined {
    const dice = this.#dice;
    if (dice.chance(0.3)) return configuration(new World(dice, dice.pick(focuses)));
    return structuredClone(dice.chance(0.7) ? base.config : dice.pick(this.#material).config);
  }

  #changeNodes(nodes: readonly Manifest[], squeezed: boolean): void {
    const dice = this.#dice;
    for (const node of nodes) {
      if (squeezed && dice.chance(0.7)) {
        node.status.allocatable.cpu = `${dice.int(200, 2000)}m`;
        node.status.allocatable.pods = String(dice.int(1, 12));
      }
      if (dice.chance(0.1)) node.spec.taints = structuredClone(dice.pick(nodes).spec.taints ?? []);
      if (dice.chance(0.1)) node.metadata.labels = { ...dice.pick(nodes).metadata.labels };
      if (dice.chance(0.1)) node.status.allocatable.pods = String(dice.int(1, 8));
      if (dice.chance(0.1)) node.status.allocatable.cpu = `${dice.int(500, 4000)}m`;
      if (dice.chance(0.1)) node.spec.unschedulable = true;
    }
  }

  /** Pods of other cases, renamed. */
  #imports(count: number, from: 'Pod' | 'pending'): Manifest[] {
    const dice = this.#dice;
    return Array.from({ length: count }, () => {
      const other = dice.pick(this.#material);
      const pods = from === 'pending' ? other.pending : other.objects.filter(({ kind }) => kind === 'Pod');
      if (pods.length === 0) return [];
      const pod = structuredClone(dice.pick(pods));
      pod.metadata.name = `import-${this.#counter++}`;
      pod.metadata.uid = dice.uid();
      return [pod];
    }).flat();
  }

  /** A part of another pod in the place of this one's. */
  #splice(pod: Manifest): void {
    const dice = this.#dice;
    const other = dice.pick(this.#material);
    const donor = structuredClone(dice.pick(dice.chance(0.7) ? other.pending : onlyPods(other)));
    const part = dice.weighted<string>([
      ...podParts.map((name) => [1, name] as const),
      [1, 'labels'],
      [1, 'priority'],
    ]);
    if (part === 'labels') pod.metadata.labels = donor.metadata.labels ?? {};
    else if (part === 'priority') {
      pod.spec.priority = donor.spec.priority;
      pod.spec.preemptionPolicy = donor.spec.preemptionPolicy;
    } else if (donor.spec[part] !== undefined) pod.spec[part] = donor.spec[part];
    else delete pod.spec[part];
  }

  /** Claims that the cluster does not have would all end alike: mostly one that it has is named instead. */
  #localClaims(pods: readonly Manifest[], objects: readonly Manifest[]): void {
    const dice = this.#dice;
    const claims = objects.filter(({ kind }) => kind === 'PersistentVolumeClaim');
    for (const pod of pods) {
      const own = claims.filter(({ metadata }) => metadata.namespace === pod.metadata.namespace);
      const names = new Set(own.map(({ metadata }) => metadata.name));
      pod.spec.volumes = (pod.spec.volumes ?? []).filter((volume: Manifest) => {
        const claim = volume.persistentVolumeClaim;
        if (claim === undefined || names.has(claim.claimName) || dice.chance(0.02)) return true;
        if (own.length === 0) return false;
        claim.claimName = dice.pick(own).metadata.name;
        return true;
      });
    }
  }

  /** Victims that started at the same time would be ordered by chance; at most one pod has not started. */
  #distinctStarts(pods: readonly Manifest[]): void {
    let unstarted = 0;
    for (const { status } of pods) {
      if (status.startTime === undefined && unstarted++ === 0) continue;
      let time = Date.parse(status.startTime ?? '2026-01-02T00:00:00Z');
      while (this.#startTimes.has(new Date(time).toISOString())) time += 1000;
      this.#startTimes.add(new Date(time).toISOString());
      status.startTime = new Date(time).toISOString().replace('.000Z', 'Z');
    }
  }
}

function onlyPods({ objects, pending }: OracleCase): Manifest[] {
  const pods = objects.filter(({ kind }) => kind === 'Pod');
  return pods.length > 0 ? pods : pending;
}

function profileNames(config: Manifest | undefined): string[] {
  const names = (config?.profiles ?? []).map(({ schedulerName }: Manifest) => schedulerName);
  return names.length > 0 ? names : ['default-scheduler'];
}

/** A pod with two budgets would be judged by the one that is listed first, by chance. */
function oneBudgetPerNamespace(objects: readonly Manifest[]): Manifest[] {
  const seen = new Set<string | undefined>();
  return objects.filter(({ kind, metadata }) => {
    if (kind !== 'PodDisruptionBudget') return true;
    const first = !seen.has(metadata.namespace);
    seen.add(metadata.namespace);
    return first;
  });
}
