import { Command, CommanderError } from 'commander';
import { BerthError, describeError, type ExitCode } from '../errors.js';
import type { CommandContext } from './command-context.js';
import { addCheckOptions, addPrintOptions, readCheckOptions, readPrintOptions } from './config-options.js';
import { addDemoOptions, readDemoOptions } from './demo-options.js';
import { addDoctorOptions, readDoctorOptions } from './doctor-options.js';
import { readChoice } from './flag-values.js';
import { addPluginCommands } from './plugin-command.js';
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
      // A command with commands of its own, and none chosen: what there is was shown already.
      if (error.code === 'commander.help') return 2;
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
      const options = readRunOptions(command);
      const { writeConfigTo } = options;
      if (writeConfigTo !== undefined) {
        const { writeConfigCommand } = await import('./config.js');
        setExitCode(await writeConfigCommand({ ...options, writeConfigTo }, context));
        return;
      }
      const { runCommand } = await import('./run.js');
      setExitCode((await runCommand(options, context)) ?? 0);
    },
  );
  addConfigCommands(program, context, setExitCode);
  addPluginCommands(program, context, setExitCode);
  addDemoOptions(
    program.command('demo').description('show Berth at work on a small cluster of its own'),
  ).action(async (_flags, command: Command) => {
    const { demoCommand } = await import('./demo.js');
    setExitCode((await demoCommand(readDemoOptions(command), context)) ?? 0);
  });
  addDoctorOptions(
    program.command('doctor').description('find out whether Berth can work in a cluster, and what to mend'),
  ).action(async (_flags, command: Command) => {
    const { doctorCommand } = await import('./doctor.js');
    setExitCode(await doctorCommand(readDoctorOptions(command), context));
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

/** `berth config …`: nothing of it needs a cluster. */
function addConfigCommands(
  program: Command,
  context: CommandContext,
  setExitCode: (code: number) => void,
): void {
  const config = program
    .command('config')
    .description('check, print or convert configuration files, without a cluster')
    .helpCommand(false);
  addCheckOptions(
    config.command('check').description('find all problems of a file at once, or sum up what it comes to'),
  )
    .argument('<file>', 'KubeSchedulerConfiguration file, - for standard input')
    .action(async (file: string, _flags, command: Command) => {
      const { configCheckCommand } = await import('./config.js');
      setExitCode(configCheckCommand(file, readCheckOptions(command), context));
    });
  addPrintOptions(
    config.command('print').description('print the configuration in effect, every default filled in'),
  )
    .argument('<file>', 'KubeSchedulerConfiguration file, - for standard input')
    .action(async (file: string, _flags, command: Command) => {
      const { configPrintCommand } = await import('./config.js');
      setExitCode(configPrintCommand(file, readPrintOptions(command), context));
    });
  config
    .command('convert')
    .description('print a file of version v1beta1, v1beta2 or v1beta3 as one of v1')
    .argument('<file>', 'KubeSchedulerConfiguration file, - for standard input')
    .action(async (file: string) => {
      const { configConvertCommand } = await import('./config.js');
      setExitCode(configConvertCommand(file, context));
    });
  addPrintOptions(config.command('defaults').description('print the default configuration')).action(
    async (_flags, command: Command) => {
      const { configDefaultsCommand } = await import('./config.js');
      setExitCode(configDefaultsCommand(readPrintOptions(command), context));
    },
  );
  config
    .command('schema')
    .description('print the JSON Schema of configuration files, for editors')
    .action(async () => {
      const { configSchemaCommand } = await import('./config.js');
      setExitCode(configSchemaCommand(context));
    });
}

/** `error: unknown option '--prot'\n(Did you mean --port?)` → one line of ours. */
function asUsageError(error: CommanderError, program: Command, args: readonly string[]): BerthError {
  const problem = error.message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/s, '; did you mean $1?');
  const chosen = program.commands.find((candidate) => candidate.name() === args[0]);
  const inner = chosen?.commands.find((candidate) => candidate.name() === args[1]);
  const command = ['berth', chosen?.name(), inner?.name()].filter((name) => name !== undefined).join(' ');
  return new BerthError('BERTH_E_USAGE', { problem, command }, { cause: error });
}

function stackOf(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own;
}
