import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a thread holds on to once all garbage is collected. */
export interface ThreadState {
  /** 0 is the main thread; the other one has the lease. */
  readonly thread: number;
  readonly heapBytes: number;
  /** What keeps its event loop alive, by kind: timers, sockets, ports. */
  readonly handles: Readonly<Record<string, number>>;
}

/** Asks the probe behind this socket about all threads of its process, the main thread first. @throws Error when nobody answers. */
export async function askThreads(socketPath: string): Promise<ThreadState[]> {
  return JSON.parse(await text(connect(socketPath))) as ThreadState[];
}

export function handleCount({ handles }: ThreadState): number {
  return Object.values(handles).reduce((sum, count) => sum + count, 0);
}
