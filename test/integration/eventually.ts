import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until something real (a server, a process, the loop of the scheduler) has brought about what is expected. The deadline is
 * generous, because machines are busy; what is expected is a state, never a time.
 */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  options: { readonly withinMs?: number; readonly state?: () => unknown } = {},
): Promise<void> {
  const { withinMs = 20_000, state } = options;
  for (const deadline = Date.now() + withinMs; !(await condition()); await sleep(10)) {
    if (Date.now() > deadline) {
      const found = state === undefined ? '' : `; found ${JSON.stringify(state())}`;
      throw new Error(`waited ${withinMs} ms in vain for: ${what}${found}`);
    }
  }
}
