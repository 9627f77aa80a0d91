import { type Command, Option } from 'commander';
import { BerthError } from '../errors.js';

/** A flag of kube-scheduler that Berth knows and does not act on. */
export interface ForeignFlag {
  readonly name: string;
  /** `ignored`: taken, with a warning. `refused`: what it asks for would not happen. */
  readonly fate: 'ignored' | 'refused';
  /** Follows the name of the flag and a colon. */
  readonly reason: string;
}

const ownGroup = {
  proxy:
    'Berth takes no word of a proxy for who a caller is: callers show a token or a certificate themselves',
  tls: 'Berth shows one certificate, on the curves that OpenSSL prefers',
  metrics: 'Berth shows all of its metrics as they are; leave out what is too much when scraping',
  version: 'Berth does as kube-scheduler 1.37 does, and as no other version',
} as const;

interface FlagGroup extends Omit<ForeignFlag, 'name'> {
  readonly names: readonly string[];
}

function flags(fate: ForeignFlag['fate'], reason: string, names: readonly string[]): FlagGroup {
  return { fate, reason, names };
}

const groups: readonly FlagGroup[] = [
  flags('refused', 'put the address of the API server into the kubeconfig', ['master']),
  flags('refused', ownGroup.tls, ['tls-sni-cert-key', 'tls-curve-preferences']),
  flags('ignored', 'Berth serves HTTP/1.1 only', [
    'http2-max-streams-per-connection',
    'disable-http2-serving',
  ]),
  flags('refused', 'Berth wants its port to itself', ['permit-address-sharing', 'permit-port-sharing']),
  flags('refused', ownGroup.proxy, [
    'requestheader-client-ca-file',
    'requestheader-allowed-names',
    'requestheader-uid-headers',
    'requestheader-username-headers',
    'requestheader-group-headers',
    'requestheader-extra-headers-prefix',
  ]),
  flags('ignored', 'put it into the configuration: clientConnection.contentType', ['kube-api-content-type']),
  flags('ignored', 'what is served follows enableProfiling in the configuration', ['profiling']),
  flags('ignored', 'in Berth no thread waits for another', ['contention-profiling']),
  flags('refused', ownGroup.version, ['emulated-version', 'min-compatibility-version']),
  flags('refused', ownGroup.metrics, [
    'allow-metric-labels',
    'allow-metric-labels-manifest',
    'disabled-metrics',
    'show-hidden-metrics-for-version',
  ]),
  flags('refused', 'levels by file do not exist; give --log-level', ['vmodule']),
  flags('ignored', 'Berth writes each log line at once', [
    'log-flush-frequency',
    'log-json-info-buffer-size',
    'log-json-split-stream',
    'log-text-info-buffer-size',
    'log-text-split-stream',
  ]),
];

/** Flags of kube-scheduler 1.37 that are not among Berth's own and have no counterpart. */
export const foreignFlags: readonly ForeignFlag[] = groups.flatMap(({ names, ...group }) =>
  names.map((name) => ({ name, ...group })),
);

/** Makes a command take these flags, without showing them: they are of use to whoever moves over, not to others. */
export function addForeignFlags(command: Command): Command {
  for (const { name } of foreignFlags) {
    command.addOption(new Option(`--${name} [value]`).hideHelp());
  }
  return command;
}

/**
 * What has to be said of the flags that were given and are of no effect.
 * Throws `BERTH_E_OPTIONS_INVALID` for one that asks for what Berth does not do.
 */
export function readForeignFlags(command: Command): string[] {
  const given = foreignFlags.filter(({ name }) => command.getOptionValue(camelCase(name)) !== undefined);
  const refused = given.filter(({ fate }) => fate === 'refused').map(describe);
  if (refused.length > 0) {
    throw new BerthError('BERTH_E_OPTIONS_INVALID', { problem: refused.join('; ') });
  }
  return given.map((flag) => `${describe(flag)}: the flag has no effect`);
}

function describe({ name, reason }: ForeignFlag): string {
  return `--${name}: ${reason}`;
}

/** The name under which commander keeps a flag's value. */
function camelCase(flag: string): string {
  return flag.replace(/-([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}

/** Flags of kube-scheduler for which Berth has another name, or which it takes only as they are by default. */
const counterparts: readonly (readonly [names: readonly string[], meaning: string])[] = [
  [['leader-elect-lease-duration'], '`--lease-duration`'],
  [['leader-elect-renew-deadline'], '`--renew-deadline`'],
  [['leader-elect-retry-period'], '`--retry-period`'],
  [['leader-elect-resource-name'], '`--lease-name`'],
  [['leader-elect-resource-namespace'], '`--lease-namespace`'],
  [['leader-elect-resource-lock'], '`leases` only'],
  [['logging-format'], '`--log-format`'],
  [['v'], '`--log-level`: info up to 3, debug for 4 and 5, trace from 6'],
  [['feature-gates'], 'gates may be given as they are by default'],
];

/** What becomes of kube-scheduler's flags, as rows of a table in Markdown for docs/configuration.md. */
export function renderFlagRows(): string {
  const rows = [
    ...counterparts,
    ...groups.map(({ names, fate, reason }) => [names, `${fate}: ${reason}`] as const),
  ];
  return rows
    .map(([names, meaning]) => `| ${names.map((name) => `\`--${name}\``).join(', ')} | ${meaning} |`)
    .join('\n');
}
