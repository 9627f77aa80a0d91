import { Command, CommanderError } from 'commander';
import { BerthError, describeError, type ExitCode } from '../errors.js';
import type { CommandContext } from './command-context.js';
import { addDemoOptions, readDemoOptions } from './demo-options.js';
import { readChoice } from './flag-values.js';
import { addRunOptions, readRunOptions } from './run-options.js';
import { versionText } from './version.js';

/**
 * Reads the command line, hands over to one command and returns the exit code. Never rejects: whatever goes wrong is
 * told in one line on standard error.
 */
export async function runCommandLine(args: readonly string[], context: CommandContext): Promise<number> {
  let exitCode = 0;
  const program = buildProgram(context, (code) => {
    exitCode = code;
  });
  try {
    if (args.length === 0) {
      context.stderr.write(program.helpInformation());
      return 2;
    }
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : reportError(asUsageError(error, program, args), context);
    }
    return reportError(error, context, { stack: wantsStacks(args) });
  }
}

export interface ReportOptions {
  /** @default false */
  readonly stack?: boolean;
}

/** Prints an error as `berth: <what>; <what to do>` and returns its exit code. */
export function reportError(
  error: unknown,
  { stderr }: Pick<CommandContext, 'stderr'>,
  options: ReportOptions = {},
): ExitCode {
  const { line, hint, exitCode } = describeError(error);
  stderr.write(`berth: ${line}; ${hint}\n`);
  if (options.stack && error instanceof Error) {
    stderr.write(`${stackOf(error)}\n`);
  }
  return exitCode;
}

/** Whether --log-level asks for stack traces; read loosely, because parsing may be what failed. */
export function wantsStacks(args: readonly string[]): boolean {
  return args.some((argument, index) => {
    const value = argument.startsWith('--log-level=') ? argument.slice('--log-level='.length) : argument;
    const isValue = value !== argument || args[index - 1] === '--log-level';
    return isValue && (value === 'debug' || value === 'trace');
  });
}

/** Commands are imported when they are chosen: `berth --help` must not load an HTTP client. */
function buildProgram(context: CommandContext, setExitCode: (code: number) => void): Command {
  const program = new Command('berth')
    .description('A scheduler for Kubernetes that runs beside the first one.')
    .showSuggestionAfterError(true)
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      // Told by us, once, in one line.
      outputError: () => {},
    })
    .exitOverride();
  addRunOptions(program.command('run').description('schedule the pods of a cluster')).action(
    async (_flags, command: Command) => {
      const { runCommand } = await import('./run.js');
      setExitCode((await runCommand(readRunOptions(command), context)) ?? 0);
    },
  );
  addDemoOptions(
    program.command('demo').description('show Berth at work on a small cluster of its own'),
  ).action(async (_flags, command: Command) => {
    const { demoCommand } = await import('./demo.js');
    setExitCode((await demoCommand(readDemoOptions(command), context)) ?? 0);
  });
  program
    .command('version')
    .description('print the version')
    .option('-o, --output <format>', 'text or json', readChoice('output', ['text', 'json'] as const), 'text')
    .action((flags: { output: 'text' | 'json' }) => {
      context.stdout.write(versionText(flags));
    });
  return program;
}

/** `error: unknown option '--prot'\n(Did you mean --port?)` → one line of ours. */
function asUsageError(error: CommanderError, program: Command, args: readonly string[]): BerthError {
  const problem = error.message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/s, '; did you mean $1?');
  const chosen = program.commands.find((candidate) => candidate.name() === args[0]);
  const command = chosen === undefined ? 'berth' : `berth ${chosen.name()}`;
  return new BerthError('BERTH_E_USAGE', { problem, command }, { cause: error });
}

function stackOf(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own;
}
