import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  idleIntervalMs,
  type ModuleToTry,
  type TrialMessage,
  trialVariable,
} from './module-trial-protocol.js';
import { type PluginFrame, pluginFrame } from './module-url.js';

/** Importing a module would hang the program or end it. The message says why, and how to mend it. */
export class TrialFailed extends Error {
  /** Where in the plugin; undefined when that is not known. */
  readonly frame: PluginFrame | undefined;

  constructor(text: string, frame?: PluginFrame) {
    super(text);
    this.name = 'TrialFailed';
    this.frame = frame;
  }
}

export interface TrialOptions {
  /** For the import alone: making the process does not count. */
  readonly timeLimitMs: number;
}

/** Much more than a module needs, and little enough beside a scheduler at work. */
const maxHeapMiB = 128;
/** The last words of a process are at the end of what it prints. */
const keptCharacters = 8_192;

/**
 * Imports a plugin's module in a process of its own, which ends afterwards whatever the module does. A process and no thread, because
 * V8 ends the whole process when any thread of it runs out of memory. Resolves when the import came to an end, also if it threw.
 * Rejects with `TrialFailed` when it did not, or ended the process.
 */
export async function tryModule(module: ModuleToTry, { timeLimitMs }: TrialOptions): Promise<void> {
  const child = fork(fileURLToPath(module.hooks), [], {
    // The last of equal options counts, and these count more than NODE_OPTIONS.
    execArgv: [...process.execArgv, `--max-old-space-size=${maxHeapMiB}`, '--max-semi-space-size=4'],
    env: { ...process.env, [trialVariable]: 'true' },
    // What the module prints is printed when it is imported in earnest.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let lastWords = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-keptCharacters);
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      let [hasEnded, lastIdle] = [false, performance.now()];
      let exitCall: TrialFailed | undefined;
      const judge = (): void => {
        const isIdle = performance.now() - lastIdle < timeLimitMs / 10 + 5 * idleIntervalMs;
        reject(new TrialFailed(isIdle ? waitsTooLong(timeLimitMs) : computesTooLong(timeLimitMs)));
      };
      const startTimer = (): void => {
        clearTimeout(timer);
        // After what the process has said meanwhile: this one may have been busy for long.
        timer = setTimeout(() => setImmediate(judge), timeLimitMs);
      };
      child.on('message', (message: TrialMessage) => {
        switch (message.kind) {
          case 'ready':
            child.send(module);
            startTimer();
            break;
          case 'idle':
            lastIdle = performance.now();
            break;
          case 'exits':
            exitCall = new TrialFailed(exits(`calls ${message.call}`), pluginFrame(message));
            break;
          case 'ended':
            hasEnded = true;
            child.kill('SIGKILL');
            break;
        }
      });
      child.on('error', (error) => {
        reject(new TrialFailed(`it cannot be tried in a process of its own: ${error.message}`));
      });
      // When all that it said and printed has arrived.
      child.on('close', (code, signal) => {
        if (hasEnded) resolve();
        else if (isOutOfMemory.test(lastWords)) reject(new TrialFailed(needsTooMuch));
        else
          reject(
            exitCall ?? new TrialFailed(exits(`ends the process with ${signal ?? `exit code ${code}`}`)),
          );
      });
      startTimer();
    });
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

const isOutOfMemory = /JavaScript heap out of memory|Fatal JavaScript invalid size error/;

const needsTooMuch = `it takes more than ${maxHeapMiB} MiB of memory to load; it must do with less at its top level`;

/** For a module that never comes back from an `await`. */
export function waitsTooLong(timeLimitMs: number): string {
  return `it is not loaded after ${timeLimitMs / 1_000}s; an "await" at its top level must not wait for others`;
}

function computesTooLong(timeLimitMs: number): string {
  return `it is not loaded after ${timeLimitMs / 1_000}s and does not pause; a loop at its top level must come to an end`;
}

function exits(what: string): string {
  return `it ${what} while it is loaded, which would end Berth; it has to throw an error instead`;
}
