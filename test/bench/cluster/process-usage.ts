import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlPlane } from '../../controlplane/control-plane.js';

/** Of a clock tick of `/proc/PID/stat`: USER_HZ is 100 on every platform that Linux has these days. */
const msPerTick = 10;
const bytesPerKb = 1024;
const bytesPerMb = 1024 ** 2;

/** Processor time of all threads of a process since its start, in milliseconds. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold blanks; the state is the first field after it, user and system time the 12th and 13th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * msPerTick;
}

/** The most memory that a process ever held, in MB of 2^20 bytes. */
export function peakRssMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kilobytes === undefined) throw new Error(`/proc/${pid}/status says nothing of VmHWM`);
  return (Number(kilobytes) * bytesPerKb) / bytesPerMb;
}

const windowMs = 250;
const quietWindows = 3;

/**
 * Resolves when processes have used next to no processor time for three quarters of a second, or `withinMs` have passed.
 * `share` is what they may use together, in parts of one processor.
 */
export async function quiet(
  pids: readonly number[],
  {
    share,
    withinMs,
    signal,
  }: { readonly share: number; readonly withinMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const used = (): number => pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
  const deadline = performance.now() + withinMs;
  for (let windows = 0, before = used(); windows < quietWindows && performance.now() < deadline; ) {
    await sleep(windowMs, undefined, { signal });
    const now = used();
    windows = now - before <= share * windowMs ? windows + 1 : 0;
    before = now;
  }
}

/** Waits until etcd and kube-apiserver are done with what they do after a start or after many writes. */
export async function quietControlPlane(
  plane: ControlPlane,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const pids = [plane.pid('etcd'), plane.pid('kube-apiserver')].filter((pid) => pid !== undefined);
  await quiet(pids, { share: 0.25, withinMs: 15_000, signal });
}
