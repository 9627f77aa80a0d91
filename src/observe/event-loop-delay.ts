import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late timers fire, in seconds, over the time since the last reading. */
export interface EventLoopDelayReading {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface EventLoopDelayMonitor {
  /** Returns the delays seen since the last call and begins anew. */
  read(): EventLoopDelayReading;
  close(): void;
}

const resolutionMs = 10;

/** Starts to watch the event loop. What is long here delays every decision, answer and renewal on this thread. */
export function watchEventLoopDelay(): EventLoopDelayMonitor {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  return {
    read: () => {
      const empty = histogram.count === 0;
      const reading = {
        p50: empty ? 0 : excess(histogram.percentile(50)),
        p99: empty ? 0 : excess(histogram.percentile(99)),
        p999: empty ? 0 : excess(histogram.percentile(99.9)),
        max: empty ? 0 : excess(histogram.max),
      };
      histogram.reset();
      return reading;
    },
    close: () => {
      histogram.disable();
    },
  };
}

/** Node records the whole interval between two ticks of its own timer; only what exceeds the period is delay. */
function excess(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - resolutionMs / 1e3);
}
