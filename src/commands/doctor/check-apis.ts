import { ApiError } from '../../kube/api-error.js';
import type { Examination } from './examination.js';
import { type Finding, fail, ok } from './finding.js';

interface Kind {
  readonly group: string;
  readonly resource: string;
}

/** What Berth reads in every cluster. */
const always: readonly Kind[] = [
  { group: '', resource: 'pods' },
  { group: '', resource: 'nodes' },
  { group: 'events.k8s.io', resource: 'events' },
  { group: 'coordination.k8s.io', resource: 'leases' },
];

/** Newer APIs that a cluster may or may not have. */
const optional: readonly Kind[] = [
  { group: 'resource.k8s.io', resource: 'resourceclaims' },
  { group: 'scheduling.k8s.io', resource: 'podgroups' },
];

/** Whether the API server serves, in version v1, what the enabled plugins read; and which of the newer APIs it has. */
export async function checkApis(examination: Examination): Promise<Finding[]> {
  const needed = [...always, ...examination.parts.watchedKinds];
  const groups = [...new Set(needed.map(({ group }) => group))];
  const served = new Map(
    await Promise.all(
      groups.map(async (group) => [group, await servedAt(pathOf(group), examination)] as const),
    ),
  );
  const missing = needed.filter(({ group, resource }) => !served.get(group)?.has(resource)).map(nameOf);
  const extras = await Promise.all(
    optional.map(async (kind) => {
      const versions = await versionsOf(kind, examination);
      return `${nameOf(kind)} ${versions.length === 0 ? 'not served' : versions.join(' and ')}`;
    }),
  );
  return [
    missing.length === 0
      ? ok('APIs', `all ${needed.length} kinds that are read are served`)
      : fail(
          'APIs',
          `not served in version v1: ${missing.join(', ')}`,
          'disable the plugins that read them ("berth config check" lists the enabled ones), or upgrade the cluster',
        ),
    ok('optional APIs', extras.join(', ')),
  ];
}

/** Versions in which a kind is served, the preferred one first. */
async function versionsOf({ group, resource }: Kind, examination: Examination): Promise<string[]> {
  const { versions = [] } =
    (await discover<{ versions?: readonly { version: string }[] }>(`/apis/${group}`, examination)) ?? {};
  const served = await Promise.all(
    versions.map(async ({ version }) =>
      (await servedAt(`/apis/${group}/${version}`, examination)).has(resource),
    ),
  );
  return versions.filter((_version, index) => served[index]).map(({ version }) => version);
}

/** Names of the resources of one version of a group; none where that does not exist. */
async function servedAt(path: string, examination: Examination): Promise<ReadonlySet<string>> {
  const { resources = [] } =
    (await discover<{ resources?: readonly { name: string }[] }>(path, examination)) ?? {};
  return new Set(resources.map(({ name }) => name));
}

async function discover<T>(path: string, { transport, signal }: Examination): Promise<T | undefined> {
  try {
    return await transport.request<T>({ method: 'GET', path, signal });
  } catch (error) {
    if (error instanceof ApiError && error.failure === 'status' && error.code === 404) return undefined;
    throw error;
  }
}

function pathOf(group: string): string {
  return group === '' ? '/api/v1' : `/apis/${group}/v1`;
}

function nameOf({ group, resource }: Kind): string {
  return group === '' ? resource : `${resource}.${group}`;
}
