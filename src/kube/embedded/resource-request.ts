import { type DeleteOptions, parseDeleteOptions } from './deletion.js';
import { isRecord, type JsonRecord, recordAt, stringAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import { type ListOptions, parseListOptions } from './list-options.js';
import type { ListPage, PagedList } from './paged-list.js';
import { patchTypeOf } from './patch-object.js';
import { bindPod } from './pod-binding.js';
import { evictPod } from './pod-eviction.js';
import { parseBody, parseJson } from './request-body.js';
import type { ResourcePath } from './request-path.js';
import type { ResourceApi, WriteOptions } from './resource-api.js';
import { apiVersionOf, type ResourceKind } from './resource-kind.js';
import { patchScale, readScale, writeScale } from './scale-subresource.js';
import { badRequest, methodNotAllowed, successStatus, unknownPath } from './status-error.js';

/** One request for a resource, free of HTTP. */
export interface ResourceRequest {
  readonly method: string;
  readonly path: ResourcePath;
  readonly query: URLSearchParams;
  /** Without parameters; empty when absent. */
  readonly mediaType: string;
  readonly body: Buffer;
}

/** What to answer; objects are in the kind's own form and are still to be rendered. */
export type ResourceAnswer =
  | { readonly type: 'object'; readonly code: number; readonly object: KubeObject }
  | { readonly type: 'list'; readonly page: ListPage }
  | { readonly type: 'watch'; readonly options: ListOptions }
  /** Statuses, scales: never shown as a table. */
  | { readonly type: 'json'; readonly code: number; readonly body: JsonRecord };

interface Context {
  readonly api: ResourceApi;
  readonly lists: PagedList;
}

function bodyOf(request: ResourceRequest, expected: string): unknown {
  return parseBody(request.body, request.mediaType, expected);
}

function writeOptionsOf(request: ResourceRequest): WriteOptions {
  return {
    ...(request.query.get('dryRun') === 'All' ? { dryRun: true } : {}),
    ...(request.path.subresource === 'status' ? { subresource: 'status' as const } : {}),
  };
}

function deleteOptionsOf(request: ResourceRequest): DeleteOptions {
  const body = request.body.length === 0 ? {} : parseBody(request.body, request.mediaType, 'DeleteOptions');
  if (!isRecord(body)) throw badRequest('the body of a DELETE must be an object of kind DeleteOptions');
  const grace = request.query.get('gracePeriodSeconds');
  return {
    ...parseDeleteOptions(body),
    ...(grace !== null && /^\d{1,9}$/.test(grace) ? { gracePeriodSeconds: Number(grace) } : {}),
    ...(request.query.get('dryRun') === 'All' ? { dryRun: true } : {}),
  };
}

const objectAnswer = (code: number, object: KubeObject): ResourceAnswer => ({ type: 'object', code, object });
const jsonAnswer = (code: number, body: JsonRecord): ResourceAnswer => ({ type: 'json', code, body });

/** Collections: list, watch, create, delete all that match. */
function answerCollection(
  { api, lists }: Context,
  kind: ResourceKind,
  request: ResourceRequest,
): ResourceAnswer {
  const { namespace } = request.path;
  switch (request.method) {
    case 'GET': {
      const options = parseListOptions(request.query, kind);
      const isWatch = ['true', '1'].includes(request.query.get('watch') ?? '');
      return isWatch
        ? { type: 'watch', options }
        : { type: 'list', page: lists.list(kind, namespace, options) };
    }
    case 'POST': {
      if (kind.namespaced && namespace === undefined) throw methodNotAllowed();
      return objectAnswer(
        201,
        api.create(kind, namespace, bodyOf(request, kind.kind), writeOptionsOf(request)),
      );
    }
    case 'DELETE': {
      if (kind.plural === 'namespaces') throw methodNotAllowed();
      const page = lists.list(kind, namespace, parseListOptions(request.query, kind));
      const options = deleteOptionsOf(request);
      const items = page.items.map(({ metadata }) =>
        kind.toStored(api.delete(kind, metadata.namespace, metadata.name, options)),
      );
      return { type: 'list', page: { ...page, items } };
    }
    default:
      throw methodNotAllowed();
  }
}

function answerPatch({ api }: Context, kind: ResourceKind, request: ResourceRequest): ResourceAnswer {
  const { namespace, name } = request.path;
  const type = patchTypeOf(request.mediaType);
  const patch = parseJson(request.body, kind.kind);
  const options = writeOptionsOf(request);
  const isMissing = (): boolean => api.store.get(kind.bucket, namespace, name) === undefined;
  if (type === 'apply' && options.subresource === undefined && isMissing()) {
    return objectAnswer(201, api.create(kind, namespace, patch, options));
  }
  return objectAnswer(200, api.patch(kind, namespace, name, type, patch, options));
}

function answerDelete({ api }: Context, kind: ResourceKind, request: ResourceRequest): ResourceAnswer {
  const { namespace, name } = request.path;
  const object = api.delete(kind, namespace, name, deleteOptionsOf(request));
  const isKept = object.metadata.deletionTimestamp !== undefined;
  if (kind.returnsDeleted || isKept) return objectAnswer(200, object);
  const details = {
    name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.plural,
    uid: object.metadata.uid,
  };
  const { code: _code, ...status } = successStatus(200, details);
  return jsonAnswer(200, status);
}

/** One object, or its status. */
function answerObject(context: Context, kind: ResourceKind, request: ResourceRequest): ResourceAnswer {
  const { namespace, name } = request.path;
  switch (request.method) {
    case 'GET':
      return objectAnswer(200, context.api.get(kind, namespace, name));
    case 'PUT': {
      const body = bodyOf(request, kind.kind);
      return objectAnswer(200, context.api.update(kind, namespace, name, body, writeOptionsOf(request)));
    }
    case 'PATCH':
      return answerPatch(context, kind, request);
    case 'DELETE':
      if (request.path.subresource !== '') throw methodNotAllowed();
      return answerDelete(context, kind, request);
    default:
      throw methodNotAllowed();
  }
}

function answerScale({ api }: Context, kind: ResourceKind, request: ResourceRequest): ResourceAnswer {
  const { namespace = '', name } = request.path;
  switch (request.method) {
    case 'GET':
      return jsonAnswer(200, readScale(api, kind, namespace, name));
    case 'PUT':
      return jsonAnswer(200, writeScale(api, kind, namespace, name, bodyOf(request, 'Scale')));
    case 'PATCH': {
      const type = patchTypeOf(request.mediaType);
      return jsonAnswer(200, patchScale(api, kind, namespace, name, type, parseJson(request.body, 'Scale')));
    }
    default:
      throw methodNotAllowed();
  }
}

function answerPodSubresource(
  { api }: Context,
  kind: ResourceKind,
  request: ResourceRequest,
): ResourceAnswer {
  const { namespace = '', name, subresource } = request.path;
  if (request.method !== 'POST') throw methodNotAllowed();
  const dryRun = request.query.get('dryRun') === 'All';
  if (subresource === 'binding') {
    bindPod(api, kind, namespace, name, bodyOf(request, 'Binding'), { dryRun });
  } else evictPod(api, kind, namespace, name, bodyOf(request, 'Eviction'), { dryRun });
  return jsonAnswer(201, successStatus(201));
}

/** The older address of a binding: the pod is named in the body. */
function answerBindings(context: Context, request: ResourceRequest): ResourceAnswer {
  const pods = context.api.registry.byPath('v1', 'pods');
  if (pods === undefined || request.path.namespace === undefined || request.method !== 'POST')
    throw methodNotAllowed();
  const name = stringAt(recordAt(bodyOf(request, 'Binding'), 'metadata'), 'name');
  if (name === '') throw badRequest('metadata.name of a Binding must name the pod');
  return answerPodSubresource(context, pods, {
    ...request,
    path: { ...request.path, plural: 'pods', name, subresource: 'binding' },
  });
}

/** Answers a request for a resource; every refusal is a `StatusError`. */
export function answerResource(context: Context, request: ResourceRequest): ResourceAnswer {
  const { path } = request;
  if (path.apiVersion === 'v1' && path.plural === 'bindings' && path.name === '') {
    return answerBindings(context, request);
  }
  const kind = context.api.registry.byPath(path.apiVersion, path.plural);
  if (kind === undefined) throw unknownPath();
  if (!kind.namespaced && path.namespace !== undefined) throw unknownPath();
  if (path.name === '') return answerCollection(context, kind, request);
  if (kind.namespaced && path.namespace === undefined) throw unknownPath();
  switch (path.subresource) {
    case '':
      return answerObject(context, kind, request);
    case 'status':
      if (kind.hasStatus) return answerObject(context, kind, request);
      break;
    case 'scale':
      if (kind.hasScale) return answerScale(context, kind, request);
      break;
    case 'binding':
    case 'eviction':
      if (kind.plural === 'pods') return answerPodSubresource(context, kind, request);
      break;
  }
  throw unknownPath();
}

/** The kind's own list: items without `kind` and `apiVersion`, as the real server writes them. */
export function listDocument(kind: ResourceKind, page: ListPage): JsonRecord {
  return {
    kind: `${kind.kind}List`,
    apiVersion: apiVersionOf(kind),
    metadata: pageMetadata(page),
    items: page.items.map((stored) => {
      const { kind: _kind, apiVersion: _apiVersion, ...item } = kind.fromStored(stored);
      return item;
    }),
  };
}

export function pageMetadata(page: ListPage): JsonRecord {
  return {
    resourceVersion: page.resourceVersion,
    ...(page.continueToken === undefined ? {} : { continue: page.continueToken }),
    ...(page.remainingItemCount === undefined ? {} : { remainingItemCount: page.remainingItemCount }),
  };
}
