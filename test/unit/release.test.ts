import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const { version } = JSON.parse(read('package.json')) as { readonly version: string };

describe('the version', () => {
  it('is the same in package, chart and image', () => {
    expect(parse(read('charts/berth/Chart.yaml'))).toMatchObject({ version, appVersion: version });
    expect(read('Dockerfile')).toContain(`ARG VERSION=${version}\n`);
    expect(read('manifests/base/deployment.yaml')).toContain(`image: berth:${version}\n`);
  });

  describe('of a copy, raised,', () => {
    let copy: string;

    beforeEach(() => {
      copy = mkdtempSync(join(tmpdir(), 'berth-version-'));
      for (const path of ['package.json', 'CHANGELOG.md', 'Dockerfile', 'charts', 'manifests'])
        cpSync(join(root, path), join(copy, path), { recursive: true, verbatimSymlinks: true });
    });

    afterEach(() => rmSync(copy, { recursive: true, force: true }));

    const raise = (to: string): void => {
      writeFileSync(join(copy, 'package.json'), JSON.stringify({ version: to }));
      execFileSync(process.execPath, [join(root, 'scripts', 'set-version.mjs'), copy]);
    };

    it('reaches every place that named the old one, and dates the changelog', () => {
      raise('7.8.9');
      const files = ['charts', 'manifests'].flatMap((folder) =>
        readdirSync(join(copy, folder), { recursive: true, encoding: 'utf8', withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name)),
      );
      const left = [...files, join(copy, 'Dockerfile')].filter((file) =>
        readFileSync(file, 'utf8').includes(version),
      );
      expect(left).toEqual([]);
      const today = new Date().toISOString().slice(0, 10);
      expect(readFileSync(join(copy, 'CHANGELOG.md'), 'utf8')).toContain(
        `## Unreleased\n\n## 7.8.9 (${today})\n\n### Added\n`,
      );
    });

    it('is not raised where a place is missing', () => {
      writeFileSync(join(copy, 'Dockerfile'), 'FROM scratch\n');
      expect(() => raise('7.8.9')).toThrow('Dockerfile has no line like');
    });
  });
});

describe('the workflows', () => {
  const workflows = readdirSync(join(root, '.github', 'workflows')).map((name) => [
    name,
    parse(read(join('.github', 'workflows', name))) as Workflow,
  ]) as [string, Workflow][];

  it.each(workflows)('%s may write nothing unless a job says so, and ends by itself', (_name, workflow) => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
    for (const job of Object.values(workflow.jobs))
      expect(job.uses !== undefined || (job['timeout-minutes'] ?? 0) > 0).toBe(true);
  });

  it.each(workflows.map(([name]) => name))(
    '%s names actions of others by commit, and says which version that is',
    (name) => {
      const used = [...read(join('.github', 'workflows', name)).matchAll(/^ *(?:- )?uses: (.*)$/gm)].map(
        ([, action = '']) => action,
      );
      expect(used.length).toBeGreaterThan(5);
      const others = used.filter((action) => !action.startsWith('./'));
      expect(
        others.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action)),
      ).toEqual([]);
    },
  );

  it('publish the chart with the Helm that the tests render it with', () => {
    const [, helm] = /helm\.sh\/helm\/v4 (v\S+)/.exec(read('test/helm/go.mod')) ?? [];
    expect(read('.github/workflows/release.yaml')).toContain(`version: ${helm}\n`);
  });

  it('run files that there are', () => {
    const commands = workflows.flatMap(([, { jobs }]) =>
      Object.values(jobs).flatMap(({ steps = [] }) => steps.map(({ run = '' }) => run)),
    );
    const scripts = commands.flatMap((text) => text.match(/(?:scripts|\.ci|charts)\/[\w./-]+/g) ?? []);
    expect(scripts).toEqual(expect.arrayContaining(['scripts/sbom.mjs', '.ci/run', 'charts/berth']));
    for (const path of scripts) expect(() => readdirOrRead(path)).not.toThrow();
  });

  it('find in the chart what they replace', () => {
    const values = read('charts/berth/values.yaml');
    expect(values.match(/^ {2}repository: berth$/gm)).toHaveLength(1);
    expect(values.match(/^ {2}digest: ""$/gm)).toHaveLength(1);
  });
});

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly uses?: string;
        readonly 'timeout-minutes'?: number;
        readonly steps?: readonly { readonly run?: string }[];
      }
    >
  >;
}

function readdirOrRead(path: string): void {
  if (path.endsWith('/berth')) readdirSync(join(root, path));
  else read(path);
}
