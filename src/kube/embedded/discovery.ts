import type { JsonRecord } from './json-value.js';
import { apiVersionOf, type KindRegistry, type ResourceKind } from './resource-kind.js';
import { REVIEW_KINDS } from './reviews.js';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const SUBRESOURCE_VERBS = ['get', 'patch', 'update'];

export const VERSION_INFO: JsonRecord = {
  major: '1',
  minor: '37',
  gitVersion: 'v1.37.1-embedded',
  gitCommit: '',
  gitTreeState: '',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: '',
  platform: 'linux/amd64',
};

/** The base64 digits of a hash are not needed by anybody; the name itself is as stable. */
const storageVersionHash = (kind: ResourceKind): string =>
  Buffer.from(`${kind.bucket}-v1`).toString('base64').slice(0, 12);

function resourcesOf(kind: ResourceKind): JsonRecord[] {
  const { plural, kind: name, namespaced } = kind;
  const resources: JsonRecord[] = [
    {
      name: plural,
      singularName: kind.singular,
      namespaced,
      kind: name,
      // A namespace goes one by one: there is no collection delete.
      verbs: VERBS.filter((verb) => plural !== 'namespaces' || verb !== 'deletecollection'),
      ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
      ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
      storageVersionHash: storageVersionHash(kind),
    },
  ];
  const subresource = (suffix: string, extra: JsonRecord): void => {
    resources.push({ name: `${plural}/${suffix}`, singularName: '', namespaced, kind: name, ...extra });
  };
  if (kind.hasStatus) subresource('status', { verbs: SUBRESOURCE_VERBS });
  if (kind.hasScale) {
    subresource('scale', { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: SUBRESOURCE_VERBS });
  }
  if (plural === 'pods') {
    subresource('binding', { kind: 'Binding', verbs: ['create'] });
    subresource('eviction', { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] });
  }
  return resources;
}

function reviewResources(apiVersion: string): JsonRecord[] {
  return REVIEW_KINDS.filter(({ group }) => `${group}/v1` === apiVersion).map(({ kind, plural }) => ({
    name: plural,
    singularName: kind.toLowerCase(),
    namespaced: false,
    kind,
    verbs: ['create'],
  }));
}

const BINDINGS: JsonRecord = {
  name: 'bindings',
  singularName: 'binding',
  namespaced: true,
  kind: 'Binding',
  verbs: ['create'],
};

function groupDocument(group: string): JsonRecord {
  const version = { groupVersion: `${group}/v1`, version: 'v1' };
  return { name: group, versions: [version], preferredVersion: version };
}

/** The documents clients find kinds by, in the form all of them still read; undefined for an unknown path. */
export function discoveryDocument(registry: KindRegistry, path: string): JsonRecord | undefined {
  const groups = [
    ...new Set([...registry.kinds.map(({ group }) => group), ...REVIEW_KINDS.map(({ group }) => group)]),
  ].filter((group) => group !== '');
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupDocument) };
  const [, group, version] = /^\/apis\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? [];
  if (group !== undefined && version === undefined && groups.includes(group)) {
    return { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(group) };
  }
  const groupVersion = path === '/api/v1' ? 'v1' : group === undefined ? undefined : `${group}/${version}`;
  if (groupVersion === undefined) return undefined;
  const resources = [
    ...(groupVersion === 'v1' ? [BINDINGS] : []),
    ...registry.kinds.filter((kind) => apiVersionOf(kind) === groupVersion).flatMap(resourcesOf),
    ...reviewResources(groupVersion),
  ];
  if (resources.length === 0) return undefined;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}
