#!/usr/bin/env node
import { reportError, runCommandLine, wantsStacks } from './commands/command-line.js';
import { isPluginsStrayError } from './plugin-host/stray-errors.js';

const args = process.argv.slice(2);
const stop = new AbortController();
const context = {
  signal: stop.signal,
  onHangup: (listener: () => void): (() => void) => {
    process.on('SIGHUP', listener);
    return () => process.off('SIGHUP', listener);
  },
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
};

// The first signal asks for an orderly end, the second does not ask.
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.on(name, () => {
    if (stop.signal.aborted) {
      process.exit(1);
    }
    stop.abort();
  });
}

for (const name of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(name, (error: unknown) => {
    if (isPluginsStrayError(error)) return;
    reportError(error, context, { stack: wantsStacks(args) });
    process.exit(1);
  });
}

// A reader that went away (`berth demo | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await runCommandLine(args, context);
// A handle that was forgotten must not keep a finished process alive.
setTimeout(() => process.exit(), 5_000).unref();
