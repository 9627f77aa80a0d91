/** What a request addresses below `/api/v1` or `/apis/GROUP/VERSION`. */
export interface ResourcePath {
  readonly apiVersion: string;
  readonly plural: string;
  /** Empty for a whole collection. */
  readonly name: string;
  /** Undefined for cluster-wide addresses. */
  readonly namespace: string | undefined;
  /** Empty when the object itself is meant. */
  readonly subresource: string;
}

/** Second path segments that belong to a Namespace object rather than to what is in it. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

function splitVersion(
  segments: readonly string[],
): { apiVersion: string; rest: readonly string[] } | undefined {
  const [root, first, second] = segments;
  if (root === 'api' && first !== undefined) return { apiVersion: first, rest: segments.slice(2) };
  if (root === 'apis' && first !== undefined && second !== undefined) {
    return { apiVersion: `${first}/${second}`, rest: segments.slice(3) };
  }
  return undefined;
}

/** Takes a URL path apart; undefined when it addresses no resource. */
export function parseResourcePath(pathname: string): ResourcePath | undefined {
  let segments: string[];
  try {
    segments = pathname.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    return undefined;
  }
  const versioned = splitVersion(segments);
  if (versioned === undefined || versioned.rest.length === 0) return undefined;
  const { apiVersion, rest } = versioned;
  const [first = '', second = '', third = ''] = rest;
  if (first === 'namespaces' && third !== '' && !NAMESPACE_SUBRESOURCES.has(third)) {
    if (rest.length > 5) return undefined;
    const [, namespace, plural = '', name = '', subresource = ''] = rest;
    return { apiVersion, namespace, plural, name, subresource };
  }
  if (rest.length > 3) return undefined;
  return { apiVersion, namespace: undefined, plural: first, name: second, subresource: third };
}
