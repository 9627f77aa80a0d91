import { type Command, Option } from 'commander';
import { type LogLevel, logLevels } from '../observe/log-format.js';
import { type LogFormat, logFormats } from '../observe/log-style.js';
import {
  addConfigurationOptions,
  type ConfigurationOptions,
  readConfigurationOptions,
} from './configuration-options.js';
import { checkFeatureGates } from './feature-gates.js';
import { readChoice, readDuration, readDurationOrNever, readInteger, readText } from './flag-values.js';
import { addForeignFlags, readForeignFlags } from './kube-scheduler-flags.js';
import { addServingOptions, readServingOptions, type ServingOptions } from './serving-options.js';

/** What `berth run` was asked to do. */
export interface RunOptions extends ConfigurationOptions {
  /** Path given with --kubeconfig; the file's clientConnection.kubeconfig counts when there is none. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly configPath: string | undefined;
  /** Where to write the configuration in effect, instead of scheduling. */
  readonly writeConfigTo: string | undefined;
  readonly serving: ServingOptions;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Seed of every random draw; drawn anew when not given. */
  readonly seed: number | undefined;
  /** How often the configuration's files are looked at for changes, in milliseconds; 0 for never. */
  readonly reloadIntervalMs: number;
  /** Compares a changed configuration with the one in effect before it takes effect. */
  readonly reloadPreview: boolean;
  /** How often what is believed is compared with the cluster, in milliseconds; 0 for never. */
  readonly cacheCheckIntervalMs: number;
  /** How long a pod may lie in the unschedulable pool, in milliseconds; the queue's default when not given. */
  readonly maxUnschedulableMs: number | undefined;
}

/** Largest seed: the random source takes 32 bits. */
export const maximumSeed = 2 ** 32 - 1;

const defaultReloadIntervalMs = 1_000;
const defaultCacheCheckIntervalMs = 300_000;

/** Adds the flags of `berth run`: Berth's own, and behind them those of kube-scheduler. */
export function addRunOptions(command: Command): Command {
  addLogLevel(command)
    .option(
      '--kubeconfig <path>',
      'kubeconfig file (in the cluster: the service account)',
      readText('kubeconfig'),
    )
    .option('--context <name>', 'context of the kubeconfig to use', readText('context'))
    .option('--config <path>', 'KubeSchedulerConfiguration v1 file', readText('config'))
    .option(
      '--write-config-to <path>',
      'write the configuration in effect to this file and end',
      readText('write-config-to'),
    )
    .option('--log-format <format>', 'auto, json or text', readChoice('log-format', logFormats), 'auto')
    .option('--seed <number>', 'make ties be broken alike in every run', readInteger('seed', 0, maximumSeed))
    .option(
      '--reload-interval <duration>',
      'look for changes of the configuration and its plugins so often, 0 for never (default: 1s)',
      readDurationOrNever('reload-interval'),
    )
    .option(
      '--reload-preview',
      'log which pending pods a changed configuration judges differently before it takes effect',
      false,
    )
    .option(
      '--cache-check-interval <duration>',
      'compare the cache with the cluster so often and put it right, 0 for never (default: 5m)',
      readDurationOrNever('cache-check-interval'),
    )
    .option(
      '--pod-max-in-unschedulable-pods-duration <duration>',
      'try a pod again after so long even if nothing happened (default: 5m)',
      readDuration('pod-max-in-unschedulable-pods-duration'),
    );
  addServingOptions(command);
  addConfigurationOptions(command);
  addCounterparts(command);
  return addForeignFlags(command).addHelpText(
    'after',
    "\nkube-scheduler's flags are taken too, as far as they mean something here: docs/configuration.md lists them.",
  );
}

/** Flags of kube-scheduler for which Berth has another name. */
function addCounterparts(command: Command): void {
  for (const option of [
    new Option('--logging-format <format>').argParser(
      readChoice('logging-format', ['text', 'json'] as const),
    ),
    new Option('-v, --v <number>').argParser(readInteger('v', 0, 2 ** 31 - 1)),
    new Option('--feature-gates <gates>').argParser(checkFeatureGates),
  ]) {
    command.addOption(option.hideHelp());
  }
}

/** The `--log-level` flag, shared by all commands that log. */
export function addLogLevel(command: Command): Command {
  return command.option(
    '--log-level <level>',
    'error, warn, info, debug or trace',
    readChoice('log-level', logLevels),
    'info',
  );
}

/** Reads the flags of a command made by `addRunOptions`. Throws `BERTH_E_OPTIONS_INVALID` for what Berth does not do. */
export function readRunOptions(command: Command): RunOptions {
  const flags = command.opts<RunFlags>();
  const remarks = readForeignFlags(command);
  const { overrides, ...others } = readConfigurationOptions(command);
  const given = (flag: keyof RunFlags): boolean => command.getOptionValueSource(flag) === 'cli';
  return {
    kubeconfig: flags.kubeconfig,
    context: flags.context,
    configPath: flags.config,
    writeConfigTo: flags.writeConfigTo,
    overrides: {
      ...overrides,
      kubeconfig: flags.kubeconfig,
      ...(remarks.length > 0 && { remarks }),
    },
    ...others,
    serving: readServingOptions(command),
    logLevel: given('logLevel') || flags.v === undefined ? flags.logLevel : levelOf(flags.v),
    logFormat: given('logFormat') ? flags.logFormat : (flags.loggingFormat ?? flags.logFormat),
    seed: flags.seed,
    reloadIntervalMs: flags.reloadInterval ?? defaultReloadIntervalMs,
    reloadPreview: flags.reloadPreview,
    cacheCheckIntervalMs: flags.cacheCheckInterval ?? defaultCacheCheckIntervalMs,
    maxUnschedulableMs: flags.podMaxInUnschedulablePodsDuration,
  };
}

/** kube-scheduler's verbosity: 4 is meant for debugging, 6 and more shows what goes over the wire. */
function levelOf(verbosity: number): LogLevel {
  if (verbosity >= 6) return 'trace';
  return verbosity >= 4 ? 'debug' : 'info';
}

interface RunFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly config?: string;
  readonly writeConfigTo?: string;
  readonly logLevel: LogLevel;
  readonly v?: number;
  readonly logFormat: LogFormat;
  readonly loggingFormat?: LogFormat;
  readonly seed?: number;
  readonly reloadInterval?: number;
  readonly reloadPreview: boolean;
  readonly cacheCheckInterval?: number;
  readonly podMaxInUnschedulablePodsDuration?: number;
}
