import type { Command } from 'commander';
import type { ConfigurationOverrides } from '../config/load.js';
import { type LogLevel, logLevels } from '../observe/log-format.js';
import { type LogFormat, logFormats } from '../observe/log-style.js';
import { readBoolean, readChoice, readDuration, readInteger, readNumber, readText } from './flag-values.js';

/** What `berth run` was asked to do. */
export interface RunOptions {
  /** Path given with --kubeconfig; the file's clientConnection.kubeconfig counts when there is none. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly configPath: string | undefined;
  /** For `loadConfiguration`: only flags that were really given. */
  readonly overrides: ConfigurationOverrides;
  readonly allowDefaultLease: boolean;
  readonly bindAddress: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Seed of every random draw; drawn anew when not given. */
  readonly seed: number | undefined;
}

/** Largest seed: the random source takes 32 bits. */
export const maximumSeed = 2 ** 32 - 1;

/** Adds the flags of `berth run`. */
export function addRunOptions(command: Command): Command {
  return addLogLevel(command)
    .option(
      '--kubeconfig <path>',
      'kubeconfig file (in the cluster: the service account)',
      readText('kubeconfig'),
    )
    .option('--context <name>', 'context of the kubeconfig to use', readText('context'))
    .option('--config <path>', 'KubeSchedulerConfiguration v1 file', readText('config'))
    .option(
      '--scheduler-name <name>',
      'schedule pods whose spec.schedulerName is this, unless the profiles of --config have names (default: berth)',
      readText('scheduler-name'),
    )
    .option('--bind-address <address>', 'address for health and metrics', readText('bind-address'), '0.0.0.0')
    .option(
      '--port <number>',
      'port for health and metrics, 0 for any free one',
      readInteger('port', 0, 65_535),
      10_259,
    )
    .option(
      '--leader-elect [bool]',
      'work only while holding the lease (default: true)',
      readBoolean('leader-elect'),
    )
    .option(
      '--lease-namespace <name>',
      'namespace of the lease (default: berth-system)',
      readText('lease-namespace'),
    )
    .option('--lease-name <name>', 'name of the lease (default: berth)', readText('lease-name'))
    .option(
      '--lease-duration <duration>',
      'others wait this long (default: 15s)',
      readDuration('lease-duration'),
    )
    .option(
      '--renew-deadline <duration>',
      'give up leading after (default: 10s)',
      readDuration('renew-deadline'),
    )
    .option('--retry-period <duration>', 'time between attempts (default: 2s)', readDuration('retry-period'))
    .option('--allow-default-lease', "let the lease be kube-scheduler's own, when Berth replaces it", false)
    .option(
      '--kube-api-qps <number>',
      'requests per second to the API server, negative for no limit (default: 50)',
      readNumber('kube-api-qps'),
    )
    .option(
      '--kube-api-burst <number>',
      'requests at once beyond that (default: 100)',
      readInteger('kube-api-burst', 0, 2 ** 31 - 1),
    )
    .option('--log-format <format>', 'auto, json or text', readChoice('log-format', logFormats), 'auto')
    .option('--seed <number>', 'make ties be broken alike in every run', readInteger('seed', 0, maximumSeed));
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

/** Reads the flags of a command made by `addRunOptions`. */
export function readRunOptions(command: Command): RunOptions {
  const flags = command.opts<RunFlags>();
  return {
    kubeconfig: flags.kubeconfig,
    context: flags.context,
    configPath: flags.config,
    overrides: {
      schedulerName: flags.schedulerName,
      kubeconfig: flags.kubeconfig,
      kubeApiQps: flags.kubeApiQps,
      kubeApiBurst: flags.kubeApiBurst,
      leaderElect: flags.leaderElect,
      leaseName: flags.leaseName,
      leaseNamespace: flags.leaseNamespace,
      leaseDurationMs: flags.leaseDuration,
      renewDeadlineMs: flags.renewDeadline,
      retryPeriodMs: flags.retryPeriod,
    },
    allowDefaultLease: flags.allowDefaultLease,
    bindAddress: flags.bindAddress,
    port: flags.port,
    logLevel: flags.logLevel,
    logFormat: flags.logFormat,
    seed: flags.seed,
  };
}

interface RunFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly config?: string;
  readonly schedulerName?: string;
  readonly bindAddress: string;
  readonly port: number;
  readonly leaderElect?: boolean;
  readonly leaseNamespace?: string;
  readonly leaseName?: string;
  readonly leaseDuration?: number;
  readonly renewDeadline?: number;
  readonly retryPeriod?: number;
  readonly allowDefaultLease: boolean;
  readonly kubeApiQps?: number;
  readonly kubeApiBurst?: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly seed?: number;
}
