import { readdirSync } from 'node:fs';
import type { BerthProcess } from '../e2e/berth-process.js';
import { Exposition } from './exposition.js';

/** What a process held on to at one moment. */
export interface Sample {
  /** Since the beginning of the churn. */
  readonly minutes: number;
  readonly heapMb: number;
  readonly residentMb: number;
  /** Open file descriptors: sockets, files, timers of the kernel. */
  readonly descriptors: number;
  /** Pods that wait: active, backing off, refused. */
  readonly waiting: number;
  readonly assumed: number;
  readonly cachedPods: number;
  readonly inFlightEvents: number;
  /** Bindings and attempts under way. */
  readonly tasks: number;
  readonly divergence: number;
  readonly attempts: number;
}

/** What has to be flat, by the field of the sample. */
export const heldOnTo = [
  'heapMb',
  'residentMb',
  'descriptors',
  'waiting',
  'assumed',
  'inFlightEvents',
  'tasks',
] as const;
export type HeldOnTo = (typeof heldOnTo)[number];

const bytesPerMb = 1024 ** 2;

/** @throws Error while the process does not answer. */
export async function takeSample(berth: BerthProcess, minutes: number): Promise<Sample> {
  const metrics = new Exposition(await berth.metrics());
  const queue = (name: string) => metrics.sum('scheduler_pending_pods', { queue: name });
  return {
    minutes,
    heapMb: metrics.sum('nodejs_heap_size_used_bytes') / bytesPerMb,
    residentMb: metrics.sum('process_resident_memory_bytes') / bytesPerMb,
    descriptors: readdirSync(`/proc/${berth.child.pid}/fd`).length,
    waiting: queue('active') + queue('backoff') + queue('unschedulable'),
    assumed: metrics.sum('scheduler_cache_size', { type: 'assumed_pods' }),
    cachedPods: metrics.sum('scheduler_cache_size', { type: 'pods' }),
    inFlightEvents: metrics.sum('scheduler_inflight_events'),
    tasks: metrics.sum('scheduler_goroutines'),
    divergence: metrics.sum('berth_cache_divergence'),
    attempts: metrics.sum('scheduler_schedule_attempts_total'),
  };
}
