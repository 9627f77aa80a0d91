import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { projectRoot } from '../controlplane/project-root.js';

// What a plugin's tests need comes out of npm's registry.
jest.setTimeout(240_000);

describe('whoever has made a plugin with `berth plugin new`', () => {
  let parent: string;

  const run = (command: string, cwd: string) => spawnSync(command, { cwd, shell: true, encoding: 'utf8' });

  beforeAll(() => {
    parent = mkdtempSync(join(tmpdir(), 'berth-new-plugin-'));
    // As `npm run build` makes them.
    const types = run('node node_modules/typescript/bin/tsc -p tsconfig.types.json', projectRoot());
    expect([types.status, types.stdout]).toEqual([0, '']);
    const berth = join(projectRoot(), 'dist', 'berth.js');
    const made = run(`node ${berth} plugin new GPUFirst --point score --folder gpu-first`, parent);
    expect([made.status, made.stderr]).toEqual([0, '']);
  });

  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  it.each(['npm install && npm test', 'npx tsc'])('can do as the page says: %s', (command) => {
    const { status, stdout, stderr } = run(command, join(parent, 'gpu-first'));
    expect({ status, output: status === 0 ? '' : `${stdout}${stderr}` }).toEqual({ status: 0, output: '' });
    if (command.endsWith('npm test')) expect(stderr).toMatch(/Tests: +\d+ passed/);
  });
});
