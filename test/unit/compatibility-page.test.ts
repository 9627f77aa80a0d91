import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { kubernetesVersion, triedKubernetes } from '../../src/version.js';
import { pinnedVersions } from '../controlplane/build.js';
import { readScenarios } from '../e2e/twin/scenario.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const minors = triedKubernetes.map((release) => release.slice(1, release.lastIndexOf('.')));

/** Cells of the table of docs/compatibility.md, the oldest Kubernetes first. */
function rows(): string[][] {
  const lines = read('docs/compatibility.md').match(/^\| 1\.\d+ \| 1\.\d+\.\d+ .*$/gm) ?? [];
  return lines
    .map((line) =>
      line
        .split('|')
        .map((cell) => cell.trim())
        .slice(1, -1),
    )
    .reverse();
}

describe('the Kubernetes versions that were tried', () => {
  it('are those that docs/compatibility.md tells of, release by release', () => {
    expect(rows().map(([minor, release]) => [minor, `v${release}`])).toEqual(
      triedKubernetes.map((release, index) => [minors[index], release]),
    );
  });

  it('leave out what the page says', () => {
    const scenarios = readScenarios(join(root, 'test', 'e2e', 'scenarios'));
    for (const [minor = '', , , leftOut = ''] of rows()) {
      const tooNew = scenarios.filter(({ sinceMinor }) => sinceMinor > Number(minor.split('.')[1]));
      const named = leftOut.split(', ').filter((name) => name !== '');
      expect([minor, ...named]).toEqual([minor, ...tooNew.map(({ name }) => `\`${name}\``)]);
    }
  });

  it('are no fewer than those that the chart may be installed on', () => {
    expect(parse(read('charts/berth/Chart.yaml'))).toMatchObject({ kubeVersion: `>=${minors[0]}.0-0` });
  });

  it('are those that the workflow tries, beside the one that all tests run on', () => {
    const { jobs } = parse(read('.github/workflows/ci.yaml')) as {
      jobs: Record<string, { strategy?: { matrix: { kubernetes: string[] } } }>;
    };
    expect(jobs['older-kubernetes']?.strategy?.matrix.kubernetes).toEqual(minors.slice(0, -1));
  });

  it('end with the one that Berth follows and that go.mod pins', () => {
    expect(triedKubernetes.at(-1)).toBe(kubernetesVersion);
    expect(pinnedVersions(join(root, 'test', 'controlplane')).kubernetes).toBe(kubernetesVersion);
  });
});
