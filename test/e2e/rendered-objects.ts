import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments, parse as parseYaml } from 'yaml';
import { ensureBinaries } from '../controlplane/build.js';
import { run } from '../controlplane/go.js';
import { projectRoot } from '../controlplane/project-root.js';
import { ensureHelm } from '../helm/build.js';

/** An object of a rendering, as far as it has to be understood to be compared. */
export interface Rendered {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [field: string]: unknown;
}

/** What `kubectl apply -k` would apply. */
export async function renderKustomize(folder: string): Promise<Rendered[]> {
  const { programs } = await ensureBinaries();
  const cwd = projectRoot();
  return documents(await run(programs.kubectl, ['kustomize', folder], { cwd, env: process.env }));
}

/** What `helm install RELEASE -n berth-system` would apply with a file of values. */
export async function renderHelm(
  values: string,
  { release = 'berth' }: { readonly release?: string } = {},
): Promise<Rendered[]> {
  const helm = await ensureHelm();
  const home = await mkdtemp(join(tmpdir(), 'berth-helm-'));
  try {
    const env = {
      ...process.env,
      HOME: home,
      XDG_CACHE_HOME: home,
      XDG_CONFIG_HOME: home,
      XDG_DATA_HOME: home,
    };
    const chart = join(projectRoot(), 'charts', 'berth');
    const order = ['template', release, chart, '--namespace', 'berth-system', '--values', values];
    return documents(await run(helm, order, { cwd: projectRoot(), env }));
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/**
 * Takes out what each of the two tools has to do in its own way: who manages an object, and how a change of the configuration rolls the
 * Deployment over (a hash in the ConfigMap's name, or an annotation of the pod).
 */
export function withoutToolMarks(objects: readonly Rendered[]): Map<string, Rendered> {
  const plain = objects.map((object) => {
    const text = JSON.stringify(object).replaceAll(/berth-config-[0-9a-z]{10}"/g, 'berth-config"');
    const copy = JSON.parse(text, (key, value: unknown) => {
      const isMark =
        key === 'helm.sh/chart' || key === 'checksum/config' || key === 'app.kubernetes.io/managed-by';
      return isMark ? undefined : value;
    }) as Rendered;
    if (copy.kind === 'ConfigMap') copy.data = read(copy.data as Record<string, string>);
    return copy;
  });
  return new Map(
    plain.map((object) => [
      [object.apiVersion, object.kind, object.metadata.namespace ?? '', object.metadata.name].join(' '),
      object,
    ]),
  );
}

/** The files of a ConfigMap as what they say: a comment is no difference. */
function read(data: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).map(([file, text]) => [file, parseYaml(text) as unknown]));
}

function documents(text: string): Rendered[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null);
}
