import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCommandLine } from '../../../src/commands/command-line.js';
import { kebabCase } from '../../../src/commands/plugin/new-plugin.js';
import { pluginTemplate, templateDependencies } from '../../../src/commands/plugin/plugin-template.js';
import { loadConfiguration } from '../../../src/config/load.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-plugin-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function berth(...args: string[]) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const code = await runCommandLine(args, { signal: new AbortController().signal, stdout, stderr, env: {} });
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

describe('berth plugin new', () => {
  it('makes a folder with plugin, test, configuration and how to go on', async () => {
    const target = join(folder, 'mine');
    const { code, stdout } = await berth('plugin', 'new', 'NodeAnnotationScore', '--folder', target);
    expect([code, stdout.startsWith(`Made ${target} with node-annotation-score.ts, `)]).toEqual([0, true]);
    expect(readdirSync(target).sort()).toEqual([
      'README.md',
      'berth.yaml',
      'jest.config.mjs',
      'node-annotation-score.test.ts',
      'node-annotation-score.ts',
      'package.json',
      'tsconfig.json',
    ]);
    expect(loadConfiguration(join(target, 'berth.yaml')).berth?.plugins).toMatchObject([
      { name: 'NodeAnnotationScore', module: './node-annotation-score.ts', folder: target },
    ]);
  });

  it.each([
    ['nodeScore', '"nodeScore" is no name for a plugin; names look like NodeAnnotationScore'],
    ['../Up', '"../Up" is no name for a plugin; names look like NodeAnnotationScore'],
    ['NodeAffinity', '"NodeAffinity" is a plugin of kube-scheduler; names look like NodeAnnotationScore'],
  ])('refuses the name %s', async (name, problem) => {
    const { code, stderr } = await berth('plugin', 'new', name, '--folder', join(folder, 'mine'));
    expect([code, stderr]).toEqual([
      2,
      `berth: ${problem}; run "berth plugin new --help" for what can be given\n`,
    ]);
  });

  it('overwrites nothing', async () => {
    writeFileSync(join(folder, 'precious'), 'x');
    const { code, stderr } = await berth('plugin', 'new', 'Mine', '--folder', folder);
    expect([code, stderr]).toEqual([2, expect.stringContaining('is not empty; nothing was written')]);
    expect(readdirSync(folder)).toEqual(['precious']);
  });

  it.each([
    ['NodeAnnotationScore', 'node-annotation-score'],
    ['GPUScore', 'gpu-score'],
    ['A', 'a'],
    ['Zone2Quota', 'zone2-quota'],
  ])('calls the files of %s %s', (name, file) => {
    expect(kebabCase(name)).toBe(file);
  });

  it('asks for the versions that Berth’s own tests are run with', () => {
    const { devDependencies } = JSON.parse(
      readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    );
    expect(devDependencies).toMatchObject(templateDependencies);
  });
});

describe('the package of a new plugin', () => {
  const options = { name: 'Mine', file: 'mine', point: 'score' } as const;
  const dependencies = (berth: string | undefined) =>
    JSON.parse(pluginTemplate({ ...options, berth }).get('package.json') ?? '').devDependencies;

  it('names the folder of the Berth that made it', () => {
    expect(dependencies('file:/berth')).toHaveProperty('berth', 'file:/berth');
  });

  it('never asks the registry for a package that happens to have the name', async () => {
    expect(dependencies(undefined)).not.toHaveProperty('berth');
    expect(pluginTemplate({ ...options, berth: undefined }).get('README.md')).toContain(
      'npm install --save-dev FOLDER',
    );
    const { stdout } = await berth('plugin', 'new', 'Mine', '--folder', join(folder, 'mine'));
    expect(stdout).toContain('npm install --save-dev FOLDER');
  });
});

describe('berth plugin check', () => {
  it('says what is wrong with a configuration before it loads anything', async () => {
    const file = join(folder, 'berth.yaml');
    writeFileSync(
      file,
      'apiVersion: berth.dev/v1alpha1\nkind: BerthConfiguration\nplugins: [{name: Mine}]\n',
    );
    expect(await berth('plugin', 'check', file)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`${file}:3:11: plugins[0].module: Required value`),
    });
  });

  it('has nothing to say of a configuration without plugins', async () => {
    const file = join(folder, 'berth.yaml');
    writeFileSync(file, 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n');
    expect(await berth('plugin', 'check', file)).toMatchObject({
      code: 0,
      stdout: `${file}: no plugins from modules\n`,
    });
  });
});
