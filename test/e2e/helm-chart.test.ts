import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { stringify } from 'yaml';
import { loadConfiguration } from '../../src/config/load.js';
import { run } from '../controlplane/go.js';
import { projectRoot } from '../controlplane/project-root.js';
import { ensureHelm } from '../helm/build.js';
import { type Rendered, renderHelm, renderKustomize, withoutToolMarks } from './rendered-objects.js';

// The first of them may have to build Helm.
jest.setTimeout(900_000);

const chart = join(projectRoot(), 'charts', 'berth');
const valuesOf = (name: string): string => join(chart, 'ci', `${name}-values.yaml`);

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-chart-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Renders with these values alone. */
async function rendered(values: object): Promise<Rendered[]> {
  const file = join(folder, 'values.yaml');
  await writeFile(file, stringify(values));
  return renderHelm(file);
}

function only(objects: readonly Rendered[], kind: string): Rendered {
  const found = objects.filter((object) => object.kind === kind);
  if (found.length !== 1 || found[0] === undefined)
    throw new Error(`${found.length} objects of kind ${kind}`);
  return found[0];
}

describe('the chart renders what kustomize renders', () => {
  it.each([
    ['base', 'manifests/base'],
    ['ha', 'manifests/overlays/ha'],
    ['minikube', 'manifests/overlays/minikube'],
    ['monitoring', 'manifests/overlays/monitoring'],
    ['replace-default', 'manifests/overlays/replace-default'],
  ])('for %s, object by object', async (name, kustomization) => {
    const [helm, kustomize] = await Promise.all([renderHelm(valuesOf(name)), renderKustomize(kustomization)]);
    const [ours, theirs] = [withoutToolMarks(helm), withoutToolMarks(kustomize)];
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
    expect(ours.size).toBeGreaterThan(20);
    for (const [key, object] of theirs) expect({ key, object: ours.get(key) }).toEqual({ key, object });
  });

  it('without preemption, as with the component that takes it away', async () => {
    const kustomization = join(folder, 'kustomization.yaml');
    // Kustomize wants to be told where things are from where it stands.
    await run('cp', ['-r', join(projectRoot(), 'manifests'), folder], { cwd: folder, env: process.env });
    await writeFile(
      kustomization,
      stringify({ resources: ['manifests/base'], components: ['manifests/components/without-preemption'] }),
    );
    const [helm, kustomize] = await Promise.all([
      renderHelm(valuesOf('without-preemption')),
      renderKustomize(folder),
    ]);
    expect(withoutToolMarks(helm)).toEqual(withoutToolMarks(kustomize));
    expect([...withoutToolMarks(helm).keys()].filter((key) => key.includes('preemption'))).toEqual([]);
  });
});

describe('the chart', () => {
  it('passes Helm’s own check', async () => {
    const report = await run(await ensureHelm(), ['lint', '--strict', chart], {
      cwd: folder,
      env: process.env,
    });
    expect(report).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  it.each([
    ['a misspelt value', { replicaCounts: 2 }],
    ['no replica', { replicaCount: 0 }],
    ['a digest that is none', { image: { digest: 'sha256:1' } }],
    ['a value of a wrong type', { preemption: { enabled: 'please' } }],
  ])('refuses %s', async (_what, values) => {
    await expect(rendered(values)).rejects.toThrow("values don't meet the specifications of the schema");
  });

  it('makes a configuration that Berth takes, with what is said in values over it', async () => {
    const { data } = only(
      await rendered({
        schedulerNames: ['berth', 'berth-packed'],
        configuration: { clientConnection: { qps: 200 }, leaderElection: { leaseDuration: '30s' } },
      }),
      'ConfigMap',
    );
    const file = join(folder, 'scheduler-config.yaml');
    await writeFile(file, (data as Record<string, string>)['scheduler-config.yaml'] ?? '');
    expect(loadConfiguration(file)).toMatchObject({
      warnings: [],
      profiles: [{ schedulerName: 'berth' }, { schedulerName: 'berth-packed' }],
      clientConnection: { qps: 200 },
      leaderElection: { resourceName: 'berth', resourceNamespace: 'berth-system', leaseDurationMs: 30_000 },
    });
  });

  it('carries plugins from modules beside the configuration', async () => {
    const source = readFileSync(join(projectRoot(), 'examples/business-hours/business-hours.ts'), 'utf8');
    const { data } = only(
      await rendered({
        berthConfiguration: {
          apiVersion: 'berth.dev/v1alpha1',
          kind: 'BerthConfiguration',
          plugins: [{ name: 'BusinessHours', module: './business-hours.ts' }],
        },
        pluginFiles: { 'business-hours.ts': source },
      }),
      'ConfigMap',
    );
    const files = data as Record<string, string>;
    expect(files['business-hours.ts']?.trimEnd()).toBe(source.trimEnd());
    await writeFile(join(folder, 'plugins.yaml'), files['scheduler-config.yaml'] ?? '');
    const { berth, warnings } = loadConfiguration(join(folder, 'plugins.yaml'));
    expect(warnings).toEqual([]);
    expect(berth?.plugins).toMatchObject([{ name: 'BusinessHours', module: './business-hours.ts' }]);
  });

  it('names everything after the release, and its Lease as well', async () => {
    const file = join(folder, 'none.yaml');
    await writeFile(file, '{}');
    const objects = await renderHelm(file, { release: 'second' });
    const names = objects.map(({ metadata }) => metadata.name);
    expect(names.filter((name) => !name.startsWith('second-berth'))).toEqual([]);
    const { data } = only(objects, 'ConfigMap');
    expect((data as Record<string, string>)['scheduler-config.yaml']).toContain('resourceName: second-berth');
    const leases = objects
      .filter(({ kind, metadata }) => kind === 'Role' && metadata.name.endsWith('leader-election'))
      .flatMap(({ rules }) => rules as { resourceNames?: string[] }[])
      .flatMap(({ resourceNames }) => resourceNames ?? []);
    expect(leases).toEqual(['second-berth']);
  });
});
