import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something real (a socket, another process) has brought about what is expected; fails after twenty seconds, because machines are busy. */
export async function until(condition: () => boolean, what = String(condition)): Promise<void> {
  for (const deadline = Date.now() + 20_000; !condition(); await sleep(2)) {
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
  }
}
