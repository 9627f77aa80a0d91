import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { reportError, runCommandLine, wantsStacks } from '../../../src/commands/command-line.js';
import { addRunOptions, readRunOptions } from '../../../src/commands/run-options.js';

async function berth(...args: string[]) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const code = await runCommandLine(args, { signal: new AbortController().signal, stdout, stderr, env: {} });
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

describe('the command line', () => {
  it('explains itself with --help', async () => {
    const { code, stdout } = await berth('--help');
    expect(code).toBe(0);
    for (const command of ['run', 'demo', 'version']) {
      expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
    }
  });

  it('explains a command with --help', async () => {
    const { code, stdout } = await berth('run', '--help');
    expect(code).toBe(0);
    expect(stdout).toContain('--kubeconfig <path>');
  });

  it('shows what there is when nothing was asked, as a usage error', async () => {
    const { code, stderr } = await berth();
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: berth');
  });

  it('prints its version', async () => {
    const { code, stdout } = await berth('version', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ node: process.version, kubernetes: 'v1.37.1' });
  });

  it.each([
    [
      ['rum'],
      'berth: unknown command \'rum\'; did you mean run?; run "berth --help" for what can be given\n',
    ],
    [
      ['run', '--prot', '1'],
      'berth: unknown option \'--prot\'; did you mean --port?; run "berth run --help" for what can be given\n',
    ],
    [['run', '--port', 'x'], 'berth: --port: "x" cannot be used; give a whole number from 0 to 65535\n'],
    [
      ['run', '--lease-duration', '15'],
      'berth: --lease-duration: "15" cannot be used; give a positive duration such as 15s or 1m30s\n',
    ],
    [['run', '--leader-elect=maybe'], 'berth: --leader-elect: "maybe" cannot be used; give true or false\n'],
    [
      ['run', '--log-level', 'debgu'],
      'berth: --log-level: "debgu" cannot be used; give one of error, warn, info, debug, trace; did you mean "debug"?\n',
    ],
  ])('answers %j with one line and exit code 2', async (args, line) => {
    const { code, stderr, stdout } = await berth(...args);
    expect(stderr).toBe(line);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it.each([[['run', '--kubeconfig']], [['run', 'extra']], [['version', 'extra']]])(
    'answers %j with one line too',
    async (args) => {
      const { code, stderr } = await berth(...args);
      expect(code).toBe(2);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    },
  );
});

describe('the flags of run', () => {
  const read = (...args: string[]) => {
    const command = addRunOptions(new Command('run'));
    command.parse(args, { from: 'user' });
    return readRunOptions(command);
  };

  it('have defaults, and leave unset what the configuration decides', () => {
    const options = read();
    expect(options).toMatchObject({
      serving: { secure: { host: '0.0.0.0', port: 10_259 }, plain: undefined },
      logLevel: 'info',
      logFormat: 'auto',
      seed: undefined,
      allowDefaultLease: false,
    });
    expect(Object.values(options.overrides).every((value) => value === undefined)).toBe(true);
  });

  it('are read into overrides of the configuration', () => {
    const { overrides, serving } = read(
      ...['--port', '0', '--scheduler-name', 'mine', '--leader-elect=false', '--lease-namespace', 'ns'],
      ...[
        '--lease-name',
        'l',
        '--lease-duration',
        '1m',
        '--renew-deadline',
        '40s',
        '--retry-period',
        '500ms',
      ],
      ...['--kube-api-qps', '-1', '--kube-api-burst', '7', '--kubeconfig', '/k'],
    );
    expect(serving.plain?.port).toBe(0);
    expect(overrides).toEqual({
      schedulerName: 'mine',
      leaderElect: false,
      leaseNamespace: 'ns',
      leaseName: 'l',
      leaseDurationMs: 60_000,
      renewDeadlineMs: 40_000,
      retryPeriodMs: 500,
      kubeApiQps: -1,
      kubeApiBurst: 7,
      kubeconfig: '/k',
    });
  });

  it('take --leader-elect alone as true', () => {
    expect(read('--leader-elect').overrides.leaderElect).toBe(true);
    expect(read('--leader-elect', 'false').overrides.leaderElect).toBe(false);
  });
});

describe('reportError', () => {
  it('prints a stack trace only when asked to', () => {
    const stderr = new PassThrough();
    expect(reportError(new Error('odd'), { stderr })).toBe(1);
    expect(String(stderr.read()).trimEnd().split('\n')).toHaveLength(1);
    reportError(new Error('odd', { cause: new Error('root') }), { stderr }, { stack: true });
    expect(String(stderr.read())).toMatch(/at .*command-line\.test[\s\S]*caused by Error: root/);
  });

  it.each([
    [['run', '--log-level', 'debug'], true],
    [['run', '--log-level=trace'], true],
    [['run', '--log-level', 'info'], false],
    [['run', '--seed', 'debug'], false],
  ])('is asked to by %j: %p', (args, expected) => {
    expect(wantsStacks(args)).toBe(expected);
  });
});
