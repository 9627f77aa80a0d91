import type { IncomingMessage, ServerResponse } from 'node:http';
import { discoveryDocument, VERSION_INFO } from './discovery.js';
import { type JsonRecord, numberAt } from './json-value.js';
import type { KubeObject } from './kube-object.js';
import type { ListOptions } from './list-options.js';
import { openApiDocument } from './openapi.js';
import type { PagedList } from './paged-list.js';
import { parseBody, readBody } from './request-body.js';
import { parseResourcePath, type ResourcePath } from './request-path.js';
import type { ResourceApi } from './resource-api.js';
import type { ResourceKind } from './resource-kind.js';
import { answerResource, listDocument, pageMetadata, type ResourceAnswer } from './resource-request.js';
import { answerReview } from './reviews.js';
import { StatusError, unknownPath } from './status-error.js';
import { parseTableRequest, renderTable, type TableRequest } from './table.js';
import type { WatchHub, WatchSink } from './watch-hub.js';

export interface HandlerParts {
  readonly api: ResourceApi;
  readonly lists: PagedList;
  readonly hub: WatchHub;
}

/** A watcher that lets this much pile up unread is cut off, as the real server does, and must come back. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024;

const HEALTH_PATHS = new Set(['/healthz', '/readyz', '/livez']);

function send(response: ServerResponse, code: number, body: JsonRecord): void {
  const retryAfter = numberAt(body.details, 'retryAfterSeconds');
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(code, {
    'Content-Type': 'application/json',
    'Content-Length': bytes.length,
    'Cache-Control': 'no-cache, private',
    ...(retryAfter > 0 ? { 'Retry-After': String(retryAfter) } : {}),
  });
  response.end(bytes);
}

function sendText(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(text);
}

function statusOf(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const problem = error instanceof Error ? error.message : String(error);
  return new StatusError(500, 'InternalError', `Internal error occurred: ${problem}`);
}

function sinkOf(response: ServerResponse): WatchSink {
  return {
    write: (frame) => {
      if (response.destroyed || response.writableEnded) return;
      response.write(frame);
      if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
    },
    end: () => response.end(),
    destroy: () => response.destroy(),
  };
}

/** HTTP in front of the API: discovery, health, resources, watches. */
export class RequestHandler {
  readonly #parts: HandlerParts;

  constructor(parts: HandlerParts) {
    this.#parts = parts;
  }

  /** Answers one request; never throws, whatever was sent. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#answer(request, response);
    } catch (error) {
      const status = statusOf(error);
      if (response.headersSent) {
        response.destroy();
        return;
      }
      // An unread rest of the body would be taken for the next request.
      if (!request.complete) response.setHeader('Connection', 'close');
      send(response, status.code, status.toStatus());
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://embedded');
    const path = url.pathname.replace(/(.)\/+$/, '$1');
    const method = request.method ?? 'GET';
    const body = method === 'GET' || method === 'HEAD' ? Buffer.alloc(0) : await readBody(request);
    if (method === 'GET' && this.#answerFixed(path, response)) return;
    const resource = parseResourcePath(path);
    if (resource === undefined) throw unknownPath();
    const mediaType = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    const review =
      method === 'POST' && resource.name === '' ? this.#review(resource, body, mediaType) : undefined;
    if (review !== undefined) {
      send(response, 201, review);
      return;
    }
    const answer = answerResource(this.#parts, {
      method,
      path: resource,
      query: url.searchParams,
      mediaType,
      body,
    });
    const table = method === 'GET' ? parseTableRequest(request.headers.accept, url.searchParams) : undefined;
    this.#render(resource, answer, table, response);
  }

  /** Paths that answer the same to everybody; true when this was one. */
  #answerFixed(path: string, response: ServerResponse): boolean {
    if (HEALTH_PATHS.has(path)) {
      sendText(response, 'ok');
      return true;
    }
    const { registry } = this.#parts.api;
    const document =
      path === '/version'
        ? VERSION_INFO
        : (discoveryDocument(registry, path) ?? openApiDocument(registry, path));
    if (document !== undefined) send(response, 200, document);
    return document !== undefined;
  }

  #review(path: ResourcePath, body: Buffer, mediaType: string): JsonRecord | undefined {
    const isReview = answerReview(path.apiVersion, path.plural, {}) !== undefined;
    return isReview
      ? answerReview(path.apiVersion, path.plural, parseBody(body, mediaType, path.plural))
      : undefined;
  }

  #render(
    path: ResourcePath,
    answer: ResourceAnswer,
    table: TableRequest | undefined,
    response: ServerResponse,
  ): void {
    if (answer.type === 'json') {
      send(response, answer.code, answer.body);
      return;
    }
    const kind = this.#parts.api.registry.byPath(path.apiVersion, path.plural) as ResourceKind;
    const nowMs = this.#parts.api.clock.now();
    if (answer.type === 'watch') {
      this.#watch(kind, path.namespace, answer.options, table, response);
    } else if (answer.type === 'list') {
      const { page } = answer;
      const document =
        table === undefined
          ? listDocument(kind, page)
          : renderTable(kind, page.items.map(kind.fromStored), {
              nowMs,
              metadata: pageMetadata(page),
              ...table,
            });
      send(response, 200, document);
    } else {
      const { object } = answer;
      const metadata = { resourceVersion: object.metadata.resourceVersion };
      const document =
        table === undefined ? object : renderTable(kind, [object], { nowMs, metadata, ...table });
      send(response, answer.code, document);
    }
  }

  #watch(
    kind: ResourceKind,
    namespace: string | undefined,
    options: ListOptions,
    table: TableRequest | undefined,
    response: ServerResponse,
  ): void {
    const { hub } = this.#parts;
    const render = table === undefined ? undefined : this.#rowRenderer(kind, table);
    // Set but not sent: opening can still be refused, for a resourceVersion that is none.
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Cache-Control', 'no-cache, private');
    if (response.destroyed) return;
    const close = hub.open({
      kind,
      namespace,
      options,
      sink: sinkOf(response),
      ...(render === undefined ? {} : { render }),
    });
    response.on('close', close);
    // The client learns that the watch is on although nothing has happened yet.
    if (!response.headersSent) response.flushHeaders();
  }

  /** Rows of a watched table; only the first names the columns. */
  #rowRenderer(kind: ResourceKind, table: TableRequest): (object: KubeObject) => JsonRecord {
    let isFirst = true;
    return (object) => {
      const row = renderTable(kind, [object], {
        nowMs: this.#parts.api.clock.now(),
        metadata: { resourceVersion: object.metadata.resourceVersion },
        withDefinitions: isFirst,
        ...table,
      });
      isFirst = false;
      return row;
    };
  }
}
