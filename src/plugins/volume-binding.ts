import { type Clock, systemClock } from '../clock.js';
import type { ClusterState } from '../cluster/cluster-state.js';
import type { NodeTable, Rows } from '../cluster/node-table.js';
import type { ObjectTable } from '../cluster/object-table.js';
import type { Pod } from '../cluster/pod.js';
import { podVolumes } from '../cluster/pod-volumes.js';
import type { CsiNode, PersistentVolume } from '../cluster/storage.js';
import type { VolumeBindingArgs } from '../config/plugin-args.js';
import { type Cycle, StateKey } from '../framework/cycle.js';
import type {
  CallOptions,
  PreBindPlugin,
  PreFilterPlugin,
  PreFilterResult,
  PreScorePlugin,
  ReservePlugin,
  RowFilterPlugin,
  RowScorePlugin,
} from '../framework/plugin.js';
import type { PluginHandle } from '../framework/registry.js';
import { failure, type Status, unresolvable } from '../framework/status.js';
import { bindVolumes } from './volume-binding/bind-volumes.js';
import { ByClass } from './volume-binding/by-class.js';
import { noStorage, noVolume, type StorageView } from './volume-binding/claim-search.js';
import { DelayedClaims } from './volume-binding/delayed-claims.js';
import { volumeBindingEvents } from './volume-binding/hints.js';
import { readPodClaims } from './volume-binding/pod-claims.js';
import { Reservation } from './volume-binding/reservation.js';
import { StorageScore } from './volume-binding/storage-score.js';
import { markUsable } from './volume-binding/volume-affinity.js';
import { refusesToWrite, type VolumeWriter } from './volume-binding/volume-writer.js';

export const volumeBinding = 'VolumeBinding';

export interface VolumeBindingOptions {
  readonly writer: VolumeWriter;
  readonly clock: Clock;
}

const decidesOnly: VolumeBindingOptions = { writer: refusesToWrite, clock: systemClock };

const defaultArgs: VolumeBindingArgs = {
  bindTimeoutSeconds: 600,
  shape: [
    { utilization: 0, score: 10 },
    { utilization: 100, score: 0 },
  ],
};

/* A verdict is a sum of these; reasons come in their order. */
const elsewhere = 1;
const unbindable = 2;
const tooSmall = 4;
const dangling = 8;
const reasons: readonly (readonly [bit: number, reason: string])[] = [
  [elsewhere, "node(s) didn't match PersistentVolume's node affinity"],
  [unbindable, "node(s) didn't find available persistent volumes to bind"],
  [tooSmall, 'node(s) did not have enough free storage'],
  [dangling, 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'],
];

/** Never such that preemption could help: no pod that goes leaves a volume behind. */
const refusals: readonly Status[] = Array.from({ length: 16 }, (_, verdict) =>
  unresolvable(...reasons.flatMap(([bit, reason]) => ((verdict & bit) === 0 ? [] : [reason]))),
);

/** What is noted of a pod with claims. */
interface Notes {
  /** Volumes of claims that are bound; undefined for one that does not exist. */
  readonly bound: readonly (PersistentVolume | undefined)[];
  /** undefined when all claims are bound, and once the pod is on its way. */
  delayed: DelayedClaims | undefined;
  /** True once Filter has run: a profile may leave it out, and then no volume is chosen, scored or reserved. */
  filtered?: boolean;
  reservation?: Reservation;
}

const notesKey = new StateKey<Notes>(volumeBinding);

/** Arguments come checked. Without options volumes are decided about and never written. */
export function createVolumeBinding(
  args: VolumeBindingArgs | undefined,
  { cluster }: Pick<PluginHandle, 'cluster'>,
  options: VolumeBindingOptions = decidesOnly,
): VolumeBinding {
  return new VolumeBinding(args ?? defaultArgs, cluster, options);
}

/**
 * Sends pods where their volumes can be used: where the volumes that they have are, or where volumes for the claims that waited for
 * them can be found or made. Then has those bound before the pod is.
 */
export class VolumeBinding
  implements PreFilterPlugin, RowFilterPlugin, PreScorePlugin, RowScorePlugin, ReservePlugin, PreBindPlugin
{
  readonly name = volumeBinding;
  readonly events = volumeBindingEvents;
  readonly #cluster: ClusterState;
  readonly #options: VolumeBindingOptions;
  readonly #timeoutMs: number;
  readonly #view: StorageView;
  readonly #score: StorageScore;

  constructor(
    { bindTimeoutSeconds, shape }: VolumeBindingArgs,
    cluster: ClusterState,
    options: VolumeBindingOptions,
  ) {
    const { storage } = cluster;
    this.#cluster = cluster;
    this.#options = options;
    this.#timeoutMs = bindTimeoutSeconds * 1_000;
    this.#score = new StorageScore(shape);
    this.#view = {
      storage,
      volumes: new ByClass(storage.volumes),
      pools: new ByClass(storage.capacities),
    };
  }

  preFilter(cycle: Cycle, pod: Pod, nodes: NodeTable): PreFilterResult {
    const claims = readPodClaims(pod, this.#cluster.storage);
    switch (claims.kind) {
      case 'none':
        return { kind: 'skip' };
      case 'refused':
        return { kind: 'rejected', status: unresolvable(claims.reason) };
      case 'failed':
        return { kind: 'rejected', status: failure(claims.message) };
      case 'usable': {
        const { bound, delayed } = claims;
        cycle.write(notesKey, {
          bound,
          delayed: delayed.length === 0 ? undefined : new DelayedClaims(delayed, nodes, this.#view),
        });
        return { kind: 'proceed' };
      }
    }
  }

  filterRows(cycle: Cycle, _pod: Pod, rows: Rows, verdicts: Int32Array): 'none' | undefined {
    const notes = cycle.find(notesKey);
    if (notes === undefined) return 'none';
    const { csiNodes } = this.#cluster.storage;
    judgeBound(notes.bound, { nodes: cycle.nodes, csiNodes }, rows, verdicts);
    if (notes.delayed === undefined) return undefined;
    notes.filtered = true;
    notes.delayed.judge(rows);
    for (let i = 0; i < rows.length; i++) {
      const verdict = notes.delayed.verdictAt(rows.slots[i]!);
      if (verdict === noVolume) verdicts[i]! |= unbindable;
      else if (verdict === noStorage) verdicts[i]! |= tooSmall;
    }
    return undefined;
  }

  judgesByRow({ spec }: Pod): boolean {
    return podVolumes(spec).all.every(({ kind }) => kind === 'inline');
  }

  verdictStatus(_cycle: unknown, verdict: number): Status {
    return refusals[verdict]!;
  }

  /** Never skips: as in kube-scheduler, pods without claims score 0 everywhere. */
  preScore(): undefined {}

  scoreRows(cycle: Cycle, _pod: Pod, rows: Rows, scores: Float64Array): 'constant' | undefined {
    return this.#scoreRows(cycle, rows, scores, false);
  }

  exactScoreRows(cycle: Cycle, _pod: Pod, rows: Rows, scores: Float64Array): void {
    this.#scoreRows(cycle, rows, scores, true);
  }

  reserve(cycle: Cycle, _pod: Pod, nodeName: string): Status | undefined {
    const notes = cycle.find(notesKey);
    const slot = cycle.nodes.slotOf(nodeName);
    if (!notes?.filtered || notes.delayed === undefined || slot === undefined) return undefined;
    notes.delayed.judgeMissing({ slots: Int32Array.of(slot), length: 1 });
    const reservation = new Reservation(notes.delayed.decisionsAt(slot), nodeName);
    const changed = reservation.assume(this.#cluster.storage);
    if (changed !== undefined) return failure(changed);
    notes.reservation = reservation;
    return undefined;
  }

  unreserve(cycle: Cycle): void {
    cycle.find(notesKey)?.reservation?.release();
  }

  preBindPreFlight(cycle: Cycle): 'skip' | undefined {
    return cycle.find(notesKey)?.reservation === undefined ? 'skip' : undefined;
  }

  async preBind(
    cycle: Cycle,
    pod: Pod,
    _nodeName: string,
    { signal }: CallOptions = {},
  ): Promise<Status | undefined> {
    const notes = cycle.find(notesKey);
    const reservation = notes?.reservation;
    if (notes === undefined || reservation === undefined) return undefined;
    // The wait may be long, and what is known of every node is not needed any more.
    notes.delayed = undefined;
    const { writer, clock } = this.#options;
    const timeoutMs = this.#timeoutMs;
    return bindVolumes(reservation, pod, { cluster: this.#cluster, writer, clock, timeoutMs, signal });
  }

  #scoreRows(cycle: Cycle, rows: Rows, scores: Float64Array, exact: boolean): 'constant' | undefined {
    const { delayed, filtered } = cycle.find(notesKey) ?? {};
    if (delayed === undefined || !filtered) {
      scores.fill(0, 0, rows.length);
      return 'constant';
    }
    delayed.judgeMissing(rows);
    this.#score.scoreRows(delayed, rows, scores, { exact });
    return undefined;
  }
}

let marks = new Uint8Array(0);

/** Volume by volume, up to the first that is missing or that the node may not use. */
function judgeBound(
  bound: readonly (PersistentVolume | undefined)[],
  place: { readonly nodes: NodeTable; readonly csiNodes: ObjectTable<CsiNode> },
  rows: Rows,
  verdicts: Int32Array,
): void {
  if (marks.length < rows.length) marks = new Uint8Array(rows.length);
  for (const volume of bound) {
    if (volume === undefined) {
      for (let i = 0; i < rows.length; i++) if (verdicts[i] === 0) verdicts[i] = dangling;
      return;
    }
    markUsable(volume, place, rows, { marks, verdicts });
    for (let i = 0; i < rows.length; i++) if (marks[i] === 0) verdicts[i] = elsewhere;
  }
}
