import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type EmbeddedApiServer,
  startEmbeddedApiServer,
} from '../../src/kube/embedded/embedded-api-server.js';
import { rawNode, rawPod } from '../build-objects.js';
import { BerthProcess, kubeconfigFor } from './berth-process.js';
import { eventually } from './eventually.js';
import { sumOf } from './exposition.js';

const dist = fileURLToPath(new URL('../../dist', import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-plugin-modules-'));
});
afterEach(async () => {
  await BerthProcess.killAll();
  rmSync(folder, { recursive: true, force: true });
});
afterAll(() => BerthProcess.close());

/** Writes files below the test's folder; returns the path of the first. */
function files(contents: Readonly<Record<string, string>>): string {
  for (const [name, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return join(folder, Object.keys(contents)[0] ?? '');
}

/** `berth plugin check`, its output with paths as seen from the test's folder. */
function check(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(dist, 'berth.js'), 'plugin', 'check', ...args],
    {
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    },
  );
  const shown = (text: string) => text.replaceAll(folder, '').trimEnd();
  return { status, stdout: shown(stdout), stderr: shown(stderr) };
}

const scorer = (body: string, imports = '') => `import { definePlugin } from 'berth';
${imports}
export const plugin = definePlugin({
  name: 'Mine',
  points: ['score'],
  create: () => ({ score: (_pod, node): number => ${body} }),
});
`;

describe('a plugin module', () => {
  it('may be TypeScript with modules of its own, types and helpers from berth, and Node’s modules', () => {
    const file = files({
      'mine.ts': scorer(
        'offset(node)',
        "import { join } from 'node:path';\nimport type { NodeView } from 'berth/plugin';\nimport { offset } from './lib/offset.js';\nvoid join;\nexport type { NodeView };",
      ),
      'lib/offset.ts':
        "import { type NodeView, StateKey } from 'berth';\nimport table from './table.json' with { type: 'json' };\nexport const key = new StateKey<number>('k');\nexport function offset(node: NodeView): number { return table.base + node.name.length; }\n",
      'lib/table.json': '{"base": 3}',
    });
    expect(check(file)).toEqual({ status: 0, stdout: '/mine.ts: plugin Mine is fine: score', stderr: '' });
  });

  it('may be JavaScript, and needs nothing from berth', () => {
    const file = files({
      'mine.mjs':
        "export const plugin = { name: 'Mine', points: ['filter'], create: () => ({ filter() {} }) };\n",
    });
    expect(check(file).stdout).toBe('/mine.mjs: plugin Mine is fine: filter');
  });

  it('may be a package, found beside the configuration, that imports other packages', () => {
    const file = files({
      'berth.yaml': configuration('mine-package'),
      'node_modules/mine-package/package.json':
        '{"name": "mine-package", "exports": {"import": "./entry.js"}, "type": "module"}',
      'node_modules/mine-package/entry.js': scorer('helped()', "import { helped } from 'helper';").replace(
        ': number',
        '',
      ),
      'node_modules/helper/package.json': '{"name": "helper", "main": "main.cjs"}',
      'node_modules/helper/main.cjs': 'exports.helped = () => 7;',
    });
    expect(check(file)).toMatchObject({ status: 0, stderr: '' });
  });

  it('may lie in a mounted ConfigMap: links to a folder that is replaced, all of it read-only', () => {
    files({
      '..2026_01_01/mine.ts': scorer('offset()', "import { offset } from './offset.ts';"),
      '..2026_01_01/offset.ts': 'export const offset = (): number => 1;\n',
      '..2026_01_01/berth.yaml': configuration('./mine.ts'),
    });
    symlinkSync('..2026_01_01', join(folder, '..data'));
    for (const name of ['mine.ts', 'offset.ts', 'berth.yaml'])
      symlinkSync(`..data/${name}`, join(folder, name));
    for (const name of ['mine.ts', 'offset.ts']) chmodSync(join(folder, '..2026_01_01', name), 0o444);
    expect(check(join(folder, 'berth.yaml'))).toEqual({
      status: 0,
      stdout: '/berth.yaml: plugin Mine is fine: score, in profiles: berth',
      stderr: '',
    });
  });

  it.each([
    [
      'no file',
      {},
      'mine.ts: module: there is no file /mine.ts; a relative path is relative to the configuration file',
    ],
    ['a folder', { 'mine.ts/x': '' }, 'mine.ts: module: /mine.ts is a folder; name the file of the plugin'],
    [
      'a file of another kind',
      { 'mine.txt': 'x' },
      'mine.txt:1:1: loading it failed: Error: /mine.txt is not a module; a plugin is a file named .ts, .mts, .js or .mjs',
    ],
    ['no TypeScript', { 'mine.ts': 'const a = 1;\nconst b = = 2;\n' }, 'mine.ts:2:11: Expression expected'],
    [
      'TypeScript that is more than types',
      { 'mine.ts': 'const a = 1;\nexport enum Kind {\n  A,\n}\n' },
      'mine.ts:2:8: TypeScript enum is not supported in strip-only mode: types are erased, nothing is compiled; write an object with "as const" instead',
    ],
    [
      'no JavaScript',
      { 'mine.mjs': 'const a = 1;\nconst b = = 2;\n' },
      "mine.mjs:1:1: loading it failed: SyntaxError: Unexpected token '='",
    ],
    [
      'an import of a file that is not there',
      { 'mine.ts': scorer('0', "import './gone.js';") },
      'mine.ts:1:1: it imports /gone.js, which does not exist; mount it beside the plugin',
    ],
    [
      'an import of a package that is not there',
      { 'mine.ts': scorer('0', "import 'left-pad';") },
      'mine.ts:1:1: it imports the package left-pad, which is not installed; mount node_modules beside the plugin, or bundle the plugin into one file',
    ],
    [
      'an import of something that is not exported',
      { 'mine.ts': scorer('0', "import { NodeView } from 'berth';\nvoid NodeView;") },
      'it imports NodeView, which is not exported there; types are imported with "import type"',
    ],
    [
      'an import of the test kit',
      { 'mine.ts': scorer('0', "import { makePod } from 'berth/testing';\nvoid makePod;") },
      "'berth/testing' is for tests; a plugin imports from 'berth'",
    ],
    [
      'a throw',
      { 'mine.ts': "const a = 1;\n  throw new Error('no luck');\n" },
      'mine.ts:2:9: loading it failed: Error: no luck',
    ],
    [
      'a call of process.exit()',
      { 'mine.ts': 'const a = 1;\n  process.exit(3);\n' },
      'mine.ts:2:11: it calls process.exit(3) while it is loaded, which would end Berth; it has to throw an error instead',
    ],
    [
      'an import that calls process.abort()',
      { 'mine.ts': scorer('0', "import './lib.js';"), 'lib.ts': 'process.abort();\n' },
      'lib.ts:1:9: it calls process.abort() while it is loaded, which would end Berth; it has to throw an error instead',
    ],
    [
      'one that fills the memory, in small pieces',
      {
        'mine.ts': 'const map = new Map<string, object>();\nfor (let i = 0; ; i++) map.set(String(i), {});\n',
      },
      'mine.ts:1:1: it takes more than 128 MiB of memory to load; it must do with less at its top level',
    ],
    [
      'one that fills the memory, in large pieces',
      { 'mine.ts': 'for (const all: unknown[] = []; ; ) all.push(new Array(2 ** 24).fill(1.5));\n' },
      'mine.ts:1:1: it takes more than 128 MiB of memory to load; it must do with less at its top level',
    ],
    [
      'an end without a call that is known',
      { 'mine.ts': '(process as any).reallyExit(4);\n' },
      'mine.ts:1:1: it ends the process with exit code 4 while it is loaded, which would end Berth; it has to throw an error instead',
    ],
    [
      'no plugin',
      { 'mine.ts': 'export const other = 1;\n' },
      'mine.ts:1:1: it exports "other" and no "plugin"; it has to say "export const plugin = definePlugin({ … })"',
    ],
    [
      'a function of a point that is missing',
      { 'mine.ts': "export const plugin = { name: 'Mine', points: ['score'], create: () => ({}) };\n" },
      'mine.ts:1:1: create() returned no score(), which the extension point "score" needs (/mine.ts)',
    ],
  ] as const)('that is %s is refused with file, place and cure', (_what, contents, problem) => {
    files(contents);
    const [name = 'mine.ts'] = Object.keys(contents).map((path) => path.split('/')[0]);
    const { status, stderr } = check(join(folder, name));
    expect(stderr).toContain(problem);
    expect([status, stderr.startsWith('berth: /'), stderr.includes('\n')]).toEqual([2, true, false]);
  });

  it('that never ends being loaded is given up, whether it computes or waits', async () => {
    files({
      'loop.ts': `for (;;);\n${scorer('0')}`,
      'wait.ts': `await new Promise(() => {});\n${scorer('0')}`,
    });
    // At the same time: each takes as long as a module may.
    const checks = ['loop.ts', 'wait.ts'].map(async (name) => {
      const berth = new BerthProcess(['plugin', 'check', join(folder, name)]);
      const code = await berth.exited;
      return [code, berth.stdout, berth.stderr.replaceAll(folder, '').trimEnd()];
    });
    const endOf = '; correct the file at that place';
    expect(await Promise.all(checks)).toEqual([
      [
        2,
        '',
        `berth: /loop.ts:1:1: it is not loaded after 10s and does not pause; a loop at its top level must come to an end${endOf}`,
      ],
      [
        2,
        '',
        `berth: /wait.ts:1:1: it is not loaded after 10s; an "await" at its top level must not wait for others${endOf}`,
      ],
    ]);
  });

  it('is tried in a process of its own, which prints nothing, lets go of what it holds, and does not wait for more', () => {
    const file = files({
      'mine.ts': `import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
const isTrial = process.env.BERTH_PLUGIN_TRIAL !== undefined;
appendFileSync(${JSON.stringify(join(folder, 'loadings'))}, isTrial ? 'trial ' : 'program ');
console.log('loading');
console.error('loading');
setTimeout(() => { throw new Error('let slip'); }, 0);
void Promise.reject(new Error('let slip'));
// The trial would never end by itself.
if (isTrial) createServer().listen(0, '127.0.0.1');
// A timer that keeps nobody waiting.
await new Promise((resolve) => setTimeout(resolve, 20).unref());
${scorer('0')}`,
    });
    expect(check(file)).toEqual({
      status: 0,
      stdout: 'loading\n/mine.ts: plugin Mine is fine: score',
      stderr: 'loading',
    });
    expect(readFileSync(join(folder, 'loadings'), 'utf8')).toBe('trial program ');
  });

  it('that never ends being made is given up', () => {
    const file = files({
      'mine.ts': "export const plugin = { name: 'Mine', points: ['score'], create: () => { for (;;); } };\n",
    });
    expect(check(file).stderr).toContain('took longer than its time limit of 5000ms');
  });
});

it('a module loaded again is another instance, with all that it imports', () => {
  files({
    'mine.ts': "import { version } from './version.js';\nexport const plugin = { name: version };\n",
    'version.ts': "export const version: string = 'first';\n",
  });
  // What the program does, without the program: only its hooks are under test here.
  const script = join(folder, 'again.mjs');
  writeFileSync(
    script,
    `import module from 'node:module';
import { writeFileSync } from 'node:fs';
const hooks = ${JSON.stringify(`file://${dist}/plugin-module-hooks.js`)};
if (module.registerHooks === undefined) module.register(hooks, { data: [] });
else module.registerHooks((await import(hooks)).synchronousHooks([]));
const load = async (generation) => {
  const request = { specifier: './mine.ts', folder: ${JSON.stringify(folder)}, generation };
  return (await import('berth-plugin-entry:' + encodeURIComponent(JSON.stringify(request)))).plugin;
};
const first = await load('1');
const same = await load('1');
writeFileSync(${JSON.stringify(join(folder, 'version.ts'))}, "export const version: string = 'second';\\n");
const second = await load('2');
console.log(JSON.stringify([first.name, same === first, second.name]));
`,
  );
  const { stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  expect(
    stderr
      .split('\n')
      .filter((line) => !/Warning|--trace-warnings/.test(line))
      .join(''),
  ).toBe('');
  expect(JSON.parse(stdout)).toEqual(['first', true, 'second']);
});

function configuration(module: string, settings = ''): string {
  return `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - schedulerName: berth
    plugins:
      score:
        enabled:
          - {name: Mine, weight: 100}
---
apiVersion: berth.dev/v1alpha1
kind: BerthConfiguration
plugins:
  - {name: Mine, module: ${module}${settings}}
`;
}

describe('a plugin that runs', () => {
  let api: EmbeddedApiServer;
  beforeEach(async () => {
    api = await startEmbeddedApiServer();
    for (const name of ['a', 'b']) api.create(rawNode({ name }) as never);
  });
  afterEach(async () => {
    await BerthProcess.killAll();
    await api.close();
  });

  const pod = (name: string): void => void api.create(rawPod({ name, uid: name }) as never);
  const read = (name: string) =>
    api.get({ apiVersion: 'v1', kind: 'Pod', namespace: 'default', name }) as unknown as {
      readonly spec: { readonly nodeName?: string };
      readonly status: { readonly conditions?: readonly { readonly message?: string }[] };
    };

  async function start(module: string, settings = '', ...flags: readonly string[]): Promise<BerthProcess> {
    const config = files({ 'berth.yaml': configuration('./mine.ts', settings), 'mine.ts': module });
    const berth = BerthProcess.run(kubeconfigFor(api.url), '--config', config, ...flags);
    await berth.ready();
    return berth;
  }

  it('decides where pods go', async () => {
    await start(scorer("node.name === 'b' ? 100 : 0"));
    for (const name of ['one', 'two', 'three']) pod(name);
    await eventually('all to be on b', () =>
      ['one', 'two', 'three'].every((name) => read(name).spec.nodeName === 'b'),
    );
  });

  it('and loops for ever is interrupted, told in the pod’s condition, switched off, metered and announced', async () => {
    const berth = await start(
      scorer('(() => { for (;;); })()'),
      ', timeLimit: 30ms, breaker: {faults: 1, pause: 10m}',
      '--lease-name=berth',
      '--lease-namespace=default',
    );
    pod('stuck');
    await eventually('the condition', () =>
      (read('stuck').status.conditions ?? []).some(({ message = '' }) =>
        message.includes('plugin "Mine" failed with: it failed too often and is tried again in'),
      ),
    );
    const { body } = await berth.get('/metrics');
    expect(
      sumOf(body, 'berth_plugin_faults_total', { plugin: 'Mine', extension_point: 'Score', kind: 'timeout' }),
    ).toBe(1);
    expect(sumOf(body, 'berth_plugin_breaker', { plugin: 'Mine', state: 'open' })).toBe(1);
    expect(sumOf(body, 'berth_plugin_breaker', { plugin: 'Mine', state: 'closed' })).toBe(0);
    expect(sumOf(body, 'berth_plugin_calls_left_out_total', { plugin: 'Mine' })).toBeGreaterThan(0);
    expect(sumOf(body, 'berth_plugin_call_duration_seconds_count', { plugin: 'Mine' })).toBe(1);
    await eventually('the log', () =>
      berth.stderr.includes('a plugin failed too often and is not called for a while'),
    );
    await eventually('the event', () =>
      api
        .list({ apiVersion: 'events.k8s.io/v1', kind: 'Event' })
        .some((event) =>
          JSON.stringify(event).includes('Plugin Mine failed too often and is not called for 600s'),
        ),
    );
  });

  it('and fails leaves pods to the others, where it is to be skipped', async () => {
    const berth = await start(scorer('Number.NaN'), ', onFault: SkipPlugin');
    pod('one');
    await eventually('it to be bound', () => read('one').spec.nodeName !== undefined);
    const { body } = await berth.get('/metrics');
    expect(sumOf(body, 'berth_plugin_faults_total', { kind: 'answer' })).toBe(1);
  });

  it('and lets errors slip does not end the process', async () => {
    const berth = await start(`import { definePlugin } from 'berth';
export const plugin = definePlugin({
  name: 'Mine',
  points: ['score'],
  create: () => ({
    score: () => {
      setTimeout(() => { throw new Error('in a timer'); }, 0);
      void (async () => { await null; throw new Error('in a promise'); })();
      return 1;
    },
  }),
});
`);
    pod('one');
    await eventually('the pod to be bound', () => read('one').spec.nodeName !== undefined);
    await eventually('both failures to be counted', async () => {
      const { body } = await berth.get('/metrics');
      return sumOf(body, 'berth_plugin_background_failures_total', { plugin: 'Mine' }) >= 2;
    });
    pod('two');
    await eventually('the next pod to be bound', () => read('two').spec.nodeName !== undefined);
    expect(berth.complaints).toEqual([]);
  });
});

describe.each(['score', 'filter', 'queueSort'])('the folder of a new plugin for %s', (point) => {
  const root = dirname(dist);
  // Where `npm install` would put Berth and what its tests need.
  const target = join(dist, `new-plugin-${point}`);
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, args, {
      cwd: target,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, CI: 'true' },
    });
  beforeAll(() => {
    rmSync(target, { recursive: true, force: true });
    const args = ['plugin', 'new', 'GPUFirst', '--point', point, '--folder', target];
    const { status, stderr } = spawnSync(process.execPath, [join(dist, 'berth.js'), ...args], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    mkdirSync(join(target, 'node_modules'));
    symlinkSync(root, join(target, 'node_modules', 'berth'));
  });
  afterAll(() => rmSync(target, { recursive: true, force: true }));

  it('has a plugin that loads, and a configuration that fits it', () => {
    const { status, stdout } = run(join(dist, 'berth.js'), 'plugin', 'check', 'berth.yaml');
    expect([status, stdout]).toEqual([
      0,
      `berth.yaml: plugin GPUFirst is fine: ${point}, in profiles: berth\n`,
    ]);
  });

  it('has tests that pass', () => {
    const jest = join(root, 'node_modules/jest/bin/jest.js');
    const { status, stderr } = run('--experimental-vm-modules', '--no-warnings', jest);
    expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
  });

  it('asks for the Berth that made it', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8')) as {
      readonly devDependencies: Readonly<Record<string, string>>;
    };
    expect(devDependencies.berth).toBe(`file:${root}`);
  });
});
