import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { foreignFlags } from '../../../src/commands/kube-scheduler-flags.js';
import { addRunOptions, readRunOptions } from '../../../src/commands/run-options.js';
import { describeError } from '../../../src/errors.js';

function read(...args: string[]) {
  const command = addRunOptions(new Command('run').exitOverride().configureOutput({ writeErr: () => {} }));
  command.parse(args, { from: 'user' });
  return readRunOptions(command);
}

function refusal(...args: string[]): string {
  try {
    read(...args);
  } catch (error) {
    const { line, exitCode } = describeError(error);
    expect(exitCode).toBe(2);
    return line;
  }
  throw new Error('it was taken');
}

/** As kube-scheduler 1.37.1 lists them under /flagz, with a value that makes sense. */
const allFlags: Readonly<Record<string, string>> = {
  'allow-metric-labels': 'a,b=c',
  'allow-metric-labels-manifest': '/x',
  'authentication-kubeconfig': '/x',
  'authentication-skip-lookup': 'true',
  'authentication-token-webhook-cache-ttl': '10s',
  'authentication-tolerate-lookup-failure': 'true',
  'authorization-always-allow-paths': '/healthz',
  'authorization-kubeconfig': '/x',
  'authorization-webhook-cache-authorized-ttl': '10s',
  'authorization-webhook-cache-unauthorized-ttl': '10s',
  'bind-address': '0.0.0.0',
  'cert-dir': '/x',
  'client-ca-file': '/x',
  config: '/x',
  'contention-profiling': 'true',
  'disable-http2-serving': 'false',
  'disabled-metrics': 'a',
  'emulated-version': '1.36',
  'feature-gates': 'SchedulerAsyncPreemption=true',
  'http2-max-streams-per-connection': '0',
  'kube-api-burst': '100',
  'kube-api-content-type': 'application/json',
  'kube-api-qps': '50',
  kubeconfig: '/x',
  'leader-elect': 'true',
  'leader-elect-lease-duration': '15s',
  'leader-elect-renew-deadline': '10s',
  'leader-elect-resource-lock': 'leases',
  'leader-elect-resource-name': 'x',
  'leader-elect-resource-namespace': 'x',
  'leader-elect-retry-period': '2s',
  'log-flush-frequency': '5s',
  'log-json-info-buffer-size': '0',
  'log-json-split-stream': 'false',
  'log-text-info-buffer-size': '0',
  'log-text-split-stream': 'false',
  'logging-format': 'text',
  master: 'http://x',
  'min-compatibility-version': '1.36',
  'permit-address-sharing': 'false',
  'permit-port-sharing': 'false',
  'pod-max-in-unschedulable-pods-duration': '5m0s',
  profiling: 'true',
  'requestheader-allowed-names': 'x',
  'requestheader-client-ca-file': '/x',
  'requestheader-extra-headers-prefix': 'x-',
  'requestheader-group-headers': 'x-',
  'requestheader-uid-headers': 'x-',
  'requestheader-username-headers': 'x-',
  'secure-port': '10259',
  'show-hidden-metrics-for-version': '1.36',
  'tls-cert-file': '/x',
  'tls-cipher-suites': 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'tls-curve-preferences': 'x',
  'tls-min-version': 'VersionTLS12',
  'tls-private-key-file': '/x',
  'tls-sni-cert-key': 'x',
  v: '2',
  vmodule: 'a=3',
  'write-config-to': '/x',
};

/** What a flag is not taken without. */
const partnersOf: Readonly<Record<string, readonly string[]>> = {
  'tls-cert-file': ['tls-private-key-file'],
  'tls-private-key-file': ['tls-cert-file'],
};

describe('every flag of kube-scheduler', () => {
  it.each(Object.entries(allFlags))('is known: --%s', (flag, value) => {
    const foreign = foreignFlags.find(({ name }) => name === flag);
    const argument = `--${flag}=${value}`;
    const partners = (partnersOf[flag] ?? []).map((partner) => `--${partner}=/x`);
    if (foreign?.fate === 'refused') {
      expect(refusal(argument)).toBe(`--${flag}: ${foreign.reason}`);
      return;
    }
    const { remarks = [] } = read(argument, ...partners).overrides;
    expect(remarks).toEqual(
      foreign === undefined ? [] : [`--${flag}: ${foreign.reason}: the flag has no effect`],
    );
  });

  it('that Berth does not act on exists', () => {
    expect(foreignFlags.map(({ name }) => name).filter((name) => !(name in allFlags))).toEqual([]);
  });

  it('may be given alone where it says yes or no', () => {
    expect(refusal('--permit-port-sharing')).toContain('--permit-port-sharing: ');
    expect(read('--profiling').overrides.remarks).toHaveLength(1);
  });

  it('stays out of the help', () => {
    const help = addRunOptions(new Command('run')).helpInformation();
    expect(help).not.toContain('--tls-curve-preferences');
    expect(help).toContain('--tls-cert-file');
    expect(help).not.toContain('--leader-elect-resource-name');
    expect(help).toContain('--lease-name');
  });
});

describe('flags with a counterpart', () => {
  it('are read as that', () => {
    const options = read(
      ...['--logging-format=json', '-v', '4', '--pod-max-in-unschedulable-pods-duration', '1m'],
      ...[
        '--leader-elect-lease-duration=1m',
        '--leader-elect-renew-deadline=40s',
        '--leader-elect-retry-period=5s',
      ],
      ...['--leader-elect-resource-name=l', '--leader-elect-resource-namespace=n'],
    );
    expect(options).toMatchObject({
      logFormat: 'json',
      logLevel: 'debug',
      maxUnschedulableMs: 60_000,
      overrides: {
        leaseDurationMs: 60_000,
        renewDeadlineMs: 40_000,
        retryPeriodMs: 5_000,
        leaseName: 'l',
        leaseNamespace: 'n',
      },
    });
  });

  it.each([
    ['0', 'info'],
    ['3', 'info'],
    ['5', 'debug'],
    ['6', 'trace'],
    ['10', 'trace'],
  ])('verbosity %s is level %s', (verbosity, level) => {
    expect(read(`--v=${verbosity}`).logLevel).toBe(level);
    expect(read('-v', verbosity).logLevel).toBe(level);
  });

  it('yield to the flags of Berth', () => {
    const options = read(
      '-v',
      '6',
      '--log-level',
      'warn',
      '--logging-format',
      'json',
      '--log-format',
      'text',
    );
    expect(options).toMatchObject({ logLevel: 'warn', logFormat: 'text' });
    expect(read('--lease-name', 'a', '--leader-elect-resource-name', 'b').overrides.leaseName).toBe('a');
  });

  it('are refused where they ask for what does not exist', () => {
    expect(refusal('--leader-elect-resource-lock', 'endpoints')).toContain('--leader-elect-resource-lock: ');
  });
});

describe('--feature-gates', () => {
  it.each([
    'SchedulerAsyncPreemption=true',
    'GenericWorkload=false,AllAlpha=false',
    ' OpportunisticBatching = TRUE ,',
    '',
  ])('takes gates as they are by default: %j', (gates) => {
    expect(() => read(`--feature-gates=${gates}`)).not.toThrow();
  });

  it.each([
    [
      'GenericWorkload=true',
      '--feature-gates: GenericWorkload cannot be set to true: Berth does as kube-scheduler does with GenericWorkload=false, its default',
    ],
    [
      'SchedulerAsyncPremption=true',
      'unrecognized feature gate: SchedulerAsyncPremption; did you mean "SchedulerAsyncPreemption"?',
    ],
    ['SchedulerQueueingHints=true', 'unrecognized feature gate: SchedulerQueueingHints'],
    ['NodeDeclaredFeatures', 'NodeDeclaredFeatures has to be true or false'],
    ['AllBeta=true', 'AllBeta cannot be set to true'],
    ['GenericWorkload=true,Foo=true', 'unrecognized feature gate: Foo'],
  ])('refuses %s', (gates, expected) => {
    expect(refusal('--feature-gates', gates)).toContain(expected);
  });
});
