import type { RequestClass } from './fault-kinds.js';

/** One request, as far as faults and audits tell requests apart. */
export interface ClassifiedRequest {
  readonly class: RequestClass;
  /** Plural of the kind, for example `pods`; '' where the path names none. */
  readonly resource: string;
  readonly namespace: string;
  /** '' for collections. */
  readonly name: string;
}

const pattern =
  /^\/(?:api\/v1|apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/;

/** Says what a request is for from its method, path and query alone. */
export function classifyRequest(method: string, url: URL): ClassifiedRequest {
  const [, namespace = '', resource = '', name = '', subresource = ''] = pattern.exec(url.pathname) ?? [];
  const parts = { resource, namespace: decodeURIComponent(namespace), name: decodeURIComponent(name) };
  return { ...parts, class: classOf(method, { resource, name, subresource }, url.searchParams) };
}

function classOf(
  method: string,
  {
    resource,
    name,
    subresource,
  }: { readonly resource: string; readonly name: string; readonly subresource: string },
  query: URLSearchParams,
): RequestClass {
  if (resource === 'leases') return 'lease';
  if (resource === 'events') return 'event';
  if (resource === '') return 'other';
  if (method === 'GET') {
    if (query.get('watch') === 'true' || query.get('watch') === '1') return 'watch';
    return name === '' ? 'list' : 'read';
  }
  if (resource !== 'pods') return 'other';
  if (subresource === 'binding') return 'bind';
  if (subresource === 'status') return 'status';
  return method === 'DELETE' || subresource === 'eviction' ? 'evict' : 'other';
}
