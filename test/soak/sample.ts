import { readdirSync, readlinkSync } from 'node:fs';
import type { BerthProcess } from '../e2e/berth-process.js';
import { Exposition } from './exposition.js';
import { askThreads, handleCount, type ThreadState } from './thread-state.js';

/** What a process held on to at one moment. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Since the beginning of the churn. */
  readonly minutes: number;
  /** Of the main thread, after a full collection. */
  readonly heapMb: number;
  /** Of the thread that has the lease, after a full collection. */
  readonly leaseHeapMb: number;
  readonly residentMb: number;
  readonly threads: number;
  /** Open file descriptors of all threads: sockets, files, timers of the kernel. */
  readonly descriptors: number;
  /** Of those, the sockets. */
  readonly sockets: number;
  /** What keeps the main thread's event loop alive: timers, connections, requests. */
  readonly handles: number;
  readonly leaseHandles: number;
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
  'leaseHeapMb',
  'residentMb',
  'threads',
  'descriptors',
  'sockets',
  'handles',
  'leaseHandles',
  'waiting',
  'assumed',
  'inFlightEvents',
  'tasks',
] as const;
export type HeldOnTo = (typeof heldOnTo)[number];

const bytesPerMb = 1024 ** 2;

/** @throws Error while the process or its probe does not answer, or a thread is missing. */
export async function takeSample(berth: BerthProcess, probe: string, minutes: number): Promise<Sample> {
  const [main, lease] = await askThreads(probe);
  if (main === undefined || lease === undefined) throw new Error('not all threads of Berth answer');
  const metrics = new Exposition(await berth.metrics());
  const queue = (name: string) => metrics.sum('scheduler_pending_pods', { queue: name });
  return {
    at: Date.now(),
    minutes,
    ...heaps(main, lease),
    ...openFiles(berth.child.pid),
    residentMb: metrics.sum('process_resident_memory_bytes') / bytesPerMb,
    waiting: queue('active') + queue('backoff') + queue('unschedulable'),
    assumed: metrics.sum('scheduler_cache_size', { type: 'assumed_pods' }),
    cachedPods: metrics.sum('scheduler_cache_size', { type: 'pods' }),
    inFlightEvents: metrics.sum('scheduler_inflight_events'),
    tasks: metrics.sum('scheduler_goroutines'),
    divergence: metrics.sum('berth_cache_divergence'),
    attempts: metrics.sum('scheduler_schedule_attempts_total'),
  };
}

function heaps(
  main: ThreadState,
  lease: ThreadState,
): Pick<Sample, 'heapMb' | 'leaseHeapMb' | 'handles' | 'leaseHandles'> {
  return {
    heapMb: main.heapBytes / bytesPerMb,
    leaseHeapMb: lease.heapBytes / bytesPerMb,
    handles: handleCount(main),
    leaseHandles: handleCount(lease),
  };
}

function openFiles(pid: number): Pick<Sample, 'threads' | 'descriptors' | 'sockets'> {
  const folder = `/proc/${pid}/fd`;
  const descriptors = readdirSync(folder);
  return {
    threads: readdirSync(`/proc/${pid}/task`).length,
    descriptors: descriptors.length,
    sockets: descriptors.filter((name) => targetOf(`${folder}/${name}`).startsWith('socket:')).length,
  };
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    // Closed since the folder was read.
    return '';
  }
}
