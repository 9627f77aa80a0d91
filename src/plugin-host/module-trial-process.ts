import { Worker } from 'node:worker_threads';
import { entrySpecifier } from './module-entry.js';
import { prepareThread } from './module-preparation.js';
import { idleIntervalMs, type ModuleToTry, type TrialMessage } from './module-trial-protocol.js';

/**
 * In the process of a trial: imports a plugin's module, and says when that has come to an end. Whoever began the trial ends the process.
 */
export async function runTrial(): Promise<void> {
  endWithParent();
  const asked = new Promise<ModuleToTry>((resolve) => {
    process.once('message', (message) => resolve(message as ModuleToTry));
  });
  say({ kind: 'ready' });
  const { hooks, request } = await asked;
  await prepareThread(hooks);
  // As in the program, where errors that a plugin lets slip do not end the process.
  for (const name of ['uncaughtException', 'unhandledRejection'] as const) process.on(name, () => {});
  tellOfExits();
  setInterval(() => say({ kind: 'idle' }), idleIntervalMs);
  say({ kind: 'idle' });
  try {
    await import(entrySpecifier(request));
  } catch {
    // Thrown again by the import in the program, which tells of it.
  }
  say({ kind: 'ended' });
}

const send = process.send?.bind(process);

function say(message: TrialMessage, then: () => void = () => {}): void {
  send?.(message, undefined, {}, then);
}

/** The call alone has the place in the plugin: a process that has ended does not tell where. */
function tellOfExits(): void {
  const { exit } = process;
  for (const name of ['exit', 'abort'] as const) {
    process[name] = (code?: unknown): never => {
      const call = `process.${name}(${code ?? ''})`;
      say({ kind: 'exits', call, stack: String(new Error().stack) });
      return exit.call(process, 1);
    };
  }
}

/** From a thread, because an endless loop leaves this one no time to see that nobody waits for it any more. */
function endWithParent(): void {
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  const code = `const { workerData } = require('node:worker_threads');
setInterval(() => { if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL'); }, 500);`;
  new Worker(code, { eval: true, workerData: process.ppid }).unref();
}
