import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { runCommandLine } from '../../../src/commands/command-line.js';
import type { CheckReport } from '../../../src/commands/config-check.js';
import { configurationJsonSchema } from '../../../src/config/json-schema.js';

const folder = mkdtempSync(join(tmpdir(), 'berth-config-'));
const head = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function fileWith(text: string): string {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, text);
  return path;
}

async function berth(...args: string[]) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const code = await runCommandLine(args, { signal: new AbortController().signal, stdout, stderr, env: {} });
  const text = (stream: PassThrough): string => String(stream.read() ?? '').replaceAll(join(folder, ''), '');
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

describe('berth config check', () => {
  it('tells all problems with place, path, what was expected and what was meant, and ends with 2', async () => {
    const file = fileWith(
      `${head}profiles:\n- plugin: {}\n  percentageOfNodesToScore: "5"\nparallelism: 0\n`,
    );
    expect(await berth('config', 'check', file)).toEqual({
      code: 2,
      stderr: '',
      stdout: `/config.yaml:4:3: profiles[0].plugin: unknown field
    expected: one of schedulerName, percentageOfNodesToScore, plugins, pluginConfig
    hint: did you mean "plugins"?
/config.yaml:5:3: profiles[0].percentageOfNodesToScore: expected an integer, got "5"
    hint: leave out the quotes
/config.yaml:6:1: parallelism: Invalid value: 0: should be an integer value greater than zero

/config.yaml: 3 problems, no warnings
`,
    });
  });

  it('sums up a file that is fine, and ends with 0', async () => {
    const file = fileWith(
      `${head}clientConnection: {qps: 20}\nprofiles:\n- schedulerName: a\n  plugins: {score: {disabled: [{name: '*'}], enabled: [{name: ImageLocality, weight: 4}]}}\n`,
    );
    const { code, stdout } = await berth('config', 'check', file);
    expect(code).toBe(0);
    expect(stdout).toContain('/config.yaml: fine, 1 profile, no warnings\n');
    expect(stdout).toContain(
      'Settings: differs from the default\n  * clientConnection.qps: 20 (default 50)\n',
    );
    expect(stdout).toContain(
      'Profile a: differs from the default\n  * score: without TaintToleration, NodeAffinity,',
    );
    expect(stdout).toContain('  * score: ImageLocality with weight 4 (default 1)\n');
    expect(stdout).toMatch(/^ {2}score {7}ImageLocality ×4$/m);
    expect(stdout).toMatch(/^ {2}bind {8}DefaultBinder$/m);
  });

  it('shows warnings, which count as problems with --strict', async () => {
    const file = fileWith(`${head}profiles: [{schedulerName: a, pluginConfig: [{name: Foo}]}]\n`);
    const loose = await berth('config', 'check', file);
    expect(loose.code).toBe(0);
    expect(loose.stdout).toMatch(
      /^warning: \/config\.yaml:3:46: profiles\[0\]\.pluginConfig\[0\]: there is no plugin "Foo"/,
    );
    expect((await berth('config', 'check', '--strict', file)).code).toBe(2);
  });

  it('gives machines the same with -o json', async () => {
    const bad = await berth('config', 'check', '-o', 'json', fileWith(`${head}paralelism: 1\n`));
    expect(bad.code).toBe(2);
    expect(JSON.parse(bad.stdout)).toMatchObject({
      file: '/config.yaml',
      valid: false,
      problems: [
        {
          file: '/config.yaml',
          line: 3,
          column: 1,
          path: 'paralelism',
          message: 'unknown field',
          suggestion: 'did you mean "parallelism"?',
        },
      ],
      warnings: [],
    });
    const good = await berth('config', 'check', '-o', 'json', fileWith(head));
    expect(good.code).toBe(0);
    expect((JSON.parse(good.stdout) as CheckReport).summary?.profiles[0]?.plugins.score).toContainEqual({
      name: 'TaintToleration',
      weight: 3,
    });
  });

  it.each([
    ['kind: [', ':1:8: '],
    ['', ':1:1: the file is empty'],
    ['apiVersion: v1\nkind: ConfigMap\n', ':2:1: kind is "ConfigMap"'],
  ])('says where a file that cannot be read at all is wrong: %j', async (text, expected) => {
    const { code, stdout } = await berth('config', 'check', fileWith(text));
    expect(code).toBe(2);
    expect(stdout).toContain(expected);
  });

  it('says that a file is not there', async () => {
    const { code, stdout } = await berth('config', 'check', join(folder, 'nothing.yaml'));
    expect(code).toBe(2);
    expect(stdout).toContain('/nothing.yaml: cannot read the file: no such file\n');
  });

  it('judges with the flags that berth run would have', async () => {
    const file = fileWith(
      `${head}leaderElection: {resourceName: kube-scheduler, resourceNamespace: kube-system}\n`,
    );
    expect((await berth('config', 'check', file)).code).toBe(2);
    expect((await berth('config', 'check', '--allow-default-lease', file)).code).toBe(0);
    expect((await berth('config', 'check', '--lease-name', 'mine', file)).code).toBe(0);
    const tooShort = await berth('config', 'check', '--allow-default-lease', '--lease-duration', '5s', file);
    expect(tooShort.stdout).toMatch(/^leaderElection\.leaseDuration: Invalid value/);
  });
});

describe('berth config print', () => {
  it('prints what is in effect as YAML or JSON', async () => {
    const file = fileWith(`${head}parallelism: 4\n`);
    const yaml = await berth('config', 'print', file);
    expect(yaml).toMatchObject({ code: 0, stderr: '' });
    expect(parse(yaml.stdout)).toMatchObject({ parallelism: 4, profiles: [{ schedulerName: 'berth' }] });
    const json = await berth('config', 'print', '-o', 'json', '--scheduler-name', 'mine', file);
    expect(JSON.parse(json.stdout)).toMatchObject({ parallelism: 4, profiles: [{ schedulerName: 'mine' }] });
  });

  it('shows private keys only with --raw', async () => {
    const file = fileWith(`${head}extenders: [{urlPrefix: "http://x", tlsConfig: {keyData: c2VjcmV0}}]\n`);
    expect((await berth('config', 'print', file)).stdout).toContain('keyData: DATA+OMITTED');
    expect((await berth('config', 'print', '--raw', file)).stdout).toContain('keyData: c2VjcmV0');
  });

  it('tells warnings on standard error, and problems in one line', async () => {
    const warned = await berth(
      'config',
      'print',
      fileWith(`${head.replace('/v1', '/v1beta3')}parallelism: 4\n`),
    );
    expect(warned.code).toBe(0);
    expect(warned.stderr).toMatch(/^berth: warning: \/config\.yaml:1:1: apiVersion: .*v1beta3 was removed/);
    const refused = await berth('config', 'print', fileWith(`${head}parallelism: 0\nprofilez: []\n`));
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('keeps a BerthConfiguration, with modules that are found from anywhere', async () => {
    const file = fileWith(
      `${head}---\napiVersion: berth.dev/v1alpha1\nkind: BerthConfiguration\nplugins: [{name: Own, module: ./own.ts}]\n`,
    );
    const { stdout } = await berth('config', 'print', file);
    expect(parse(stdout.split('---\n')[1]!)).toMatchObject({
      kind: 'BerthConfiguration',
      plugins: [{ name: 'Own', module: '/own.ts', timeLimit: '500ms' }],
    });
  });
});

describe('berth config defaults', () => {
  it('prints what is in effect without a file', async () => {
    const { code, stdout } = await berth('config', 'defaults');
    expect(code).toBe(0);
    expect(parse(stdout)).toMatchObject({ parallelism: 16, leaderElection: { resourceName: 'berth' } });
    expect((await berth('config', 'print', fileWith(head))).stdout).toBe(stdout);
  });
});

describe('berth config convert', () => {
  it('prints the file as one of v1, with what changed on standard error', async () => {
    const file = fileWith(
      `# mine\napiVersion: kubescheduler.config.k8s.io/v1beta2\nkind: KubeSchedulerConfiguration\nmetricsBindAddress: ""\nprofiles:\n  - schedulerName: a # b\n    plugins: {score: {enabled: [{name: MyOwn}]}}\n`,
    );
    const { code, stdout, stderr } = await berth('config', 'convert', file);
    expect(code).toBe(0);
    expect(stdout).toBe(
      `# mine\napiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles:\n  - schedulerName: a # b\n    plugins: {score: {enabled: [{name: MyOwn}]}}\n`,
    );
    expect(stderr.split('\n').map((line) => line.replace(/^berth: warning: \/config\.yaml:/, ''))).toEqual([
      expect.stringContaining('2:1: apiVersion: kubescheduler.config.k8s.io/v1beta2 was removed'),
      expect.stringContaining('2:1: apiVersion: default weights'),
      expect.stringContaining('4:1: metricsBindAddress: no longer a field'),
      'berth: warning: a problem is left in the result; "berth config check" shows what and where',
      '',
    ]);
  });

  it('leaves a file of v1 as it is', async () => {
    const text = `${head}profiles:\n- schedulerName: "a" # b\n`;
    expect(await berth('config', 'convert', fileWith(text))).toEqual({ code: 0, stdout: text, stderr: '' });
  });

  it('refuses what is no configuration', async () => {
    const { code, stdout, stderr } = await berth('config', 'convert', fileWith('kind: Pod\n'));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('/config.yaml:1:1: kind is "Pod", expected "KubeSchedulerConfiguration"');
  });
});

describe('berth config schema', () => {
  it('prints the JSON Schema', async () => {
    const { code, stdout } = await berth('config', 'schema');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(configurationJsonSchema());
  });
});

describe('berth run --write-config-to', () => {
  it('writes the configuration in effect for nobody else to read, and does not run', async () => {
    const out = join(folder, 'out.yaml');
    const file = fileWith(`${head}extenders: [{urlPrefix: "http://x", tlsConfig: {keyData: c2VjcmV0}}]\n`);
    const args = ['--config', file, '--write-config-to', out, '--kube-api-qps', '7', '--profiling=false'];
    expect(await berth('run', ...args)).toEqual({
      code: 0,
      stdout: '',
      stderr:
        'berth: warning: --profiling: what is served follows enableProfiling in the configuration: the flag has no effect\n' +
        'berth: wrote the configuration to /out.yaml\n',
    });
    expect(parse(readFileSync(out, 'utf8'))).toMatchObject({
      clientConnection: { qps: 7 },
      extenders: [{ tlsConfig: { keyData: 'c2VjcmV0' } }],
    });
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect((await berth('config', 'check', out)).code).toBe(0);
  });

  it('says in one line that the file cannot be written', async () => {
    const { code, stderr } = await berth('run', '--write-config-to', join(folder, 'no', 'such', 'folder'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^berth: --write-config-to: ENOENT.*\n$/);
  });
});

describe('berth config', () => {
  it('shows what it can do when nothing was chosen, as a usage error', async () => {
    const { code, stderr } = await berth('config');
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: berth config');
    expect(stderr).not.toContain('berth: ');
  });

  it.each([
    [
      ['config', 'chek'],
      'berth: unknown command \'chek\'; did you mean check?; run "berth config --help" for what can be given\n',
    ],
    [
      ['config', 'check'],
      'berth: missing required argument \'file\'; run "berth config check --help" for what can be given\n',
    ],
    [
      ['config', 'print', '-o', 'yml', 'x'],
      'berth: --output: "yml" cannot be used; give one of yaml, json; did you mean "yaml"?\n',
    ],
  ])('answers %j with one line', async (args, line) => {
    expect(await berth(...args)).toEqual({ code: 2, stdout: '', stderr: line });
  });
});
