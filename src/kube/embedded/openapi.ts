import type { JsonRecord } from './json-value.js';
import { apiVersionOf, type KindRegistry, type ResourceKind } from './resource-kind.js';

const rootOf = (kind: ResourceKind): string => (kind.group === '' ? 'api/v1' : `apis/${apiVersionOf(kind)}`);

/**
 * What kubectl looks for: that a PATCH of the kind takes `fieldValidation`, so that it leaves validation to the
 * server instead of asking for schemas, of which there are none here.
 */
function pathOf(kind: ResourceKind): [string, JsonRecord] {
  const scope = kind.namespaced ? '/namespaces/{namespace}' : '';
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
    name,
    in: 'query',
    schema: { type: 'string', uniqueItems: true },
  }));
  const patch = {
    operationId: `patch${kind.kind}`,
    parameters,
    responses: { '200': { description: 'OK' } },
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group: kind.group, version: kind.version, kind: kind.kind },
  };
  return [`/${rootOf(kind)}${scope}/${kind.plural}/{name}`, { patch }];
}

/** `/openapi/v3` and what it points to; undefined for an unknown path. */
export function openApiDocument(registry: KindRegistry, path: string): JsonRecord | undefined {
  const roots = [...new Set(registry.kinds.map(rootOf))];
  if (path === '/openapi/v3') {
    const paths = roots.map((root) => [root, { serverRelativeURL: `/openapi/v3/${root}?hash=embedded` }]);
    return { paths: Object.fromEntries(paths) as JsonRecord };
  }
  const root = path.startsWith('/openapi/v3/') ? path.slice('/openapi/v3/'.length) : '';
  if (!roots.includes(root)) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.37.1-embedded' },
    paths: Object.fromEntries(registry.kinds.filter((kind) => rootOf(kind) === root).map(pathOf)),
    components: { schemas: {} },
  };
}
