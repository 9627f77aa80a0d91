import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { loadConfiguration } from '../../../src/config/load.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folders = readdirSync(join(root, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
  .map(({ name }) => name);

interface Generator {
  readonly name: string;
  readonly behavior?: string;
  readonly files: readonly string[];
}

const kustomization = (path: string) =>
  parse(readFileSync(join(root, path, 'kustomization.yaml'), 'utf8')) as {
    readonly resources: readonly string[];
    readonly configMapGenerator: readonly [Generator];
  };

describe.each(folders)('the example %s', (folder) => {
  const path = join('examples', folder);
  const [generator] = kustomization(path).configMapGenerator;
  const [base] = kustomization('manifests/base').configMapGenerator;

  it('takes the place of the base’s configuration, under the name that the Deployment mounts', () => {
    expect(kustomization(path).resources).toEqual(['../../manifests/base']);
    expect([generator.name, generator.behavior]).toEqual([base.name, 'replace']);
    expect(generator.files.map((file) => file.split('=')[0])).toEqual(
      expect.arrayContaining([...base.files]),
    );
  });

  it('carries every file that its plugin is made of, and nothing else', () => {
    const sources = readdirSync(join(root, path)).filter((name) => /(?<!\.test)\.ts$/.test(name));
    expect(generator.files.filter((file) => file.endsWith('.ts')).sort()).toEqual(sources.sort());
  });

  it('has a configuration that is right, holds the Lease that the Role names, and names a module that is carried', () => {
    const configuration = loadConfiguration(join(root, path, 'berth.yaml'));
    expect(configuration.warnings).toEqual([]);
    expect(configuration.leaderElection).toMatchObject({
      leaderElect: true,
      resourceName: 'berth',
      resourceNamespace: 'berth-system',
    });
    for (const { module } of configuration.berth?.plugins ?? [])
      expect(generator.files).toContain(module.replace('./', ''));
  });

  it('has a README and tests', () => {
    expect(readdirSync(join(root, path))).toEqual(
      expect.arrayContaining(['README.md', expect.stringMatching(/\.test\.ts$/)]),
    );
  });
});
