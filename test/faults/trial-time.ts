import { performance } from 'node:perf_hooks';

/** The time that a trial goes by, in milliseconds since its start. */
export interface TrialTime {
  now(): number;
  /** Calls back once after `ms`; the returned function cancels it. */
  after(ms: number, callback: () => void): () => void;
  sleep(ms: number): Promise<void>;
  close(): void;
}

/** Time as it passes for everybody. */
export function realTime(): TrialTime {
  const started = performance.now();
  const after = (ms: number, callback: () => void): (() => void) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  };
  return {
    now: () => performance.now() - started,
    after,
    sleep: (ms) => new Promise((resolve) => void after(ms, resolve)),
    close: () => undefined,
  };
}

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

const tickMs = 2;
/** Longer gaps between two ticks say that this process had no processor, not that time passed for it. */
const longestTickMs = 10;

/**
 * Time that stands still while this process does not run: on a busy machine everything takes longer by the clock on the wall, and no
 * request or lease runs into its timeout because of that.
 */
export function calmTime(): TrialTime {
  const timers = new Set<Timer>();
  let passed = 0;
  let last = performance.now();
  const ticking = setInterval(() => {
    const now = performance.now();
    passed += Math.min(now - last, longestTickMs);
    last = now;
    const due = [...timers].filter((timer) => timer.due <= passed).sort((a, b) => a.due - b.due);
    for (const timer of due) if (timers.delete(timer)) timer.callback();
  }, tickMs);
  const after = (ms: number, callback: () => void): (() => void) => {
    const timer = { due: passed + ms, callback };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  return {
    now: () => passed,
    after,
    sleep: (ms) => new Promise((resolve) => void after(ms, resolve)),
    close: () => clearInterval(ticking),
  };
}
