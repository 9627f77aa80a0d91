import { parseFieldSelector } from './field-selector.js';
import type { KubeObject } from './kube-object.js';
import { parseLabelSelector } from './label-query.js';
import type { ResourceKind } from './resource-kind.js';
import { badRequest, forbiddenField, invalid, type StatusError } from './status-error.js';

export type ObjectMatcher = (object: KubeObject) => boolean;

/** The query parameters of a list, a watch or a collection delete, as far as they decide what is selected. */
export interface ListOptions {
  /** Undefined when everything is selected. Judges stored objects. */
  readonly matches: ObjectMatcher | undefined;
  /** Part of the identity of a paged list. */
  readonly selection: string;
  readonly limit: number;
  readonly continueToken: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean;
}

function integerOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^[+-]?\d{1,18}$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

const isTrue = (query: URLSearchParams, name: string): boolean =>
  ['true', '1'].includes(query.get(name) ?? '');

function refuse(problem: string): StatusError {
  return invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
    forbiddenField('resourceVersionMatch', problem),
  ]);
}

function matcherOf(query: URLSearchParams, kind: ResourceKind): ObjectMatcher | undefined {
  const byLabels = parseLabelSelector(query.get('labelSelector') ?? '');
  const byFields = parseFieldSelector(query.get('fieldSelector') ?? '', kind.fields);
  if (byLabels === undefined) return byFields;
  const fits = (object: KubeObject): boolean => byLabels(object.metadata.labels ?? {});
  return byFields === undefined ? fits : (object) => fits(object) && byFields(object);
}

/** Throws 400 for what cannot be parsed, 422 for combinations the API forbids. */
export function parseListOptions(query: URLSearchParams, kind: ResourceKind): ListOptions {
  const options: ListOptions = {
    matches: matcherOf(query, kind),
    selection: `${query.get('labelSelector') ?? ''}\n${query.get('fieldSelector') ?? ''}`,
    limit: Math.max(0, integerOf(query, 'limit') ?? 0),
    continueToken: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    timeoutSeconds: integerOf(query, 'timeoutSeconds'),
    allowWatchBookmarks: isTrue(query, 'allowWatchBookmarks'),
    sendInitialEvents: isTrue(query, 'sendInitialEvents'),
  };
  if (options.sendInitialEvents && options.resourceVersionMatch !== 'NotOlderThan') {
    throw refuse('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
  if (options.resourceVersionMatch !== '' && !options.sendInitialEvents && options.resourceVersion === '') {
    throw refuse('resourceVersionMatch is forbidden unless resourceVersion is provided');
  }
  return options;
}

/** A `resourceVersion` parameter as a number; throws 400 for anything that is none. */
export function parseResourceVersion(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw badRequest(
    `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: ` +
      `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
  );
}
