import { type Command, Option } from 'commander';
import type { ConfigurationOverrides } from '../config/load.js';
import { readBoolean, readChoice, readDuration, readInteger, readNumber, readText } from './flag-values.js';

/** What flags say of the configuration, for every command that makes one. */
export interface ConfigurationOptions {
  /** For `loadConfiguration`: only flags that were really given. */
  readonly overrides: ConfigurationOverrides;
  readonly allowDefaultLease: boolean;
  /** A BerthConfiguration in a file of its own. */
  readonly berthConfigPath: string | undefined;
}

/** Adds the flags that win over the configuration file. */
export function addConfigurationOptions(command: Command): Command {
  command
    .option(
      '--berth-config <path>',
      'BerthConfiguration file: plugins (default: a second document in the configuration file)',
      readText('berth-config'),
    )
    .option(
      '--scheduler-name <name>',
      'schedule pods whose spec.schedulerName is this, unless the profiles of --config have names (default: berth)',
      readText('scheduler-name'),
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
    );
  for (const [flag, reader] of kubeSchedulerNames) {
    command.addOption(new Option(`--${flag} <value>`).argParser(reader(flag)).hideHelp());
  }
  return command;
}

/** How kube-scheduler calls the flags of leader election. */
const kubeSchedulerNames: readonly (readonly [string, (flag: string) => (text: string) => unknown])[] = [
  ['leader-elect-lease-duration', readDuration],
  ['leader-elect-renew-deadline', readDuration],
  ['leader-elect-retry-period', readDuration],
  ['leader-elect-resource-lock', (flag) => readChoice(flag, ['leases'])],
  ['leader-elect-resource-name', readText],
  ['leader-elect-resource-namespace', readText],
];

/** Reads the flags that `addConfigurationOptions` added. */
export function readConfigurationOptions(command: Command): ConfigurationOptions {
  const flags = command.opts<ConfigurationFlags>();
  return {
    overrides: {
      schedulerName: flags.schedulerName,
      kubeApiQps: flags.kubeApiQps,
      kubeApiBurst: flags.kubeApiBurst,
      leaderElect: flags.leaderElect,
      leaseName: flags.leaseName ?? flags.leaderElectResourceName,
      leaseNamespace: flags.leaseNamespace ?? flags.leaderElectResourceNamespace,
      leaseDurationMs: flags.leaseDuration ?? flags.leaderElectLeaseDuration,
      renewDeadlineMs: flags.renewDeadline ?? flags.leaderElectRenewDeadline,
      retryPeriodMs: flags.retryPeriod ?? flags.leaderElectRetryPeriod,
    },
    allowDefaultLease: flags.allowDefaultLease,
    berthConfigPath: flags.berthConfig,
  };
}

interface ConfigurationFlags {
  readonly berthConfig?: string;
  readonly schedulerName?: string;
  readonly leaderElect?: boolean;
  readonly leaseNamespace?: string;
  readonly leaseName?: string;
  readonly leaseDuration?: number;
  readonly renewDeadline?: number;
  readonly retryPeriod?: number;
  readonly leaderElectLeaseDuration?: number;
  readonly leaderElectRenewDeadline?: number;
  readonly leaderElectRetryPeriod?: number;
  readonly leaderElectResourceName?: string;
  readonly leaderElectResourceNamespace?: string;
  readonly allowDefaultLease: boolean;
  readonly kubeApiQps?: number;
  readonly kubeApiBurst?: number;
}
