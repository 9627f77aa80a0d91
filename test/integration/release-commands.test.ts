import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = fileURLToPath(new URL('../..', import.meta.url));
const env = {
  ...process.env,
  GIT_AUTHOR_NAME: 'A Maintainer',
  GIT_AUTHOR_EMAIL: 'maintainer@example.com',
  GIT_COMMITTER_NAME: 'A Maintainer',
  GIT_COMMITTER_EMAIL: 'maintainer@example.com',
};

describe('a release, with the commands of CONTRIBUTING.md', () => {
  let folder: string;
  let clone: string;
  let remote: string;

  const git = (cwd: string, ...args: readonly string[]): string =>
    execFileSync('git', args, { cwd, env, encoding: 'utf8' });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-release-'));
    [clone, remote] = [join(folder, 'clone'), join(folder, 'remote.git')];
    git(folder, 'init', '--quiet', '--bare', '--initial-branch=main', remote);
    git(folder, 'clone', '--quiet', remote, clone);
    const files = git(root, 'ls-files', '--cached', '--others', '--exclude-standard')
      .trim()
      .split('\n')
      .filter((path) =>
        /^(package|CHANGELOG|Dockerfile|charts\/|manifests\/|scripts\/|\.gitignore)/.test(path),
      );
    for (const path of files)
      cpSync(join(root, path), join(clone, path), { recursive: true, verbatimSymlinks: true });
    git(clone, 'switch', '--quiet', '--create', 'main');
    git(clone, 'add', '--all');
    git(clone, 'commit', '--quiet', '--message', 'Everything so far');
    git(clone, 'push', '--quiet', '--set-upstream', 'origin', 'main');
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(['npm version 7.8.9', 'git push --follow-tags'])('carries out %s', (command) => {
    const { status, stderr } = spawnSync(command, { cwd: clone, env, shell: true, encoding: 'utf8' });
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('has a commit with every place that names the version, and a tag that starts the workflow', () => {
    expect(git(remote, 'tag', '--list')).toBe('v7.8.9\n');
    expect(git(remote, 'rev-parse', 'v7.8.9^{commit}')).toBe(git(remote, 'rev-parse', 'main'));
    const changed = git(remote, 'show', '--name-only', '--format=', 'main').trim().split('\n');
    expect(changed).toEqual(
      expect.arrayContaining([
        'CHANGELOG.md',
        'Dockerfile',
        'charts/berth/Chart.yaml',
        'manifests/base/deployment.yaml',
        'package-lock.json',
        'package.json',
      ]),
    );
    expect(git(clone, 'status', '--porcelain')).toBe('');
  });
});
