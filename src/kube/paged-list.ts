import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ApiTransport } from './transport.js';
import { decodeListPage } from './watch-event.js';
import { isExpired } from './watch-failure.js';

export interface PagedListRequest<T> {
  readonly transport: ApiTransport;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly pageSize: number;
  /** As `ApiRequest.accept`. */
  readonly accept?: string;
  /** Called for each object; `undefined` leaves it out. */
  readonly project: (raw: unknown) => T | undefined;
  /** Called as each page arrives. */
  readonly onPage: () => void;
  /** Called when the version being read is gone and the list starts anew. */
  readonly onExpired: (error: unknown) => void;
  readonly signal: AbortSignal;
}

export interface Listing<T> {
  readonly objects: readonly T[];
  readonly resourceVersion: string;
  readonly pages: number;
}

/** For one page. */
const TIMEOUT_MS = 60_000;
/** Pages are given up for one whole list when their continue token expires this often. */
const MAX_EXPIRED = 2;

/**
 * Reads a whole collection as it is now, page by page, and lets other work run between pages. No version is asked for:
 * the server answers with the newest state, never with a stale one.
 * @throws ApiError of the request that failed; MalformedError for an answer that is no list.
 */
export async function readPagedList<T>(request: PagedListRequest<T>): Promise<Listing<T>> {
  for (let expired = 0; ; expired += 1) {
    const listing = await readOnce(request, expired < MAX_EXPIRED);
    if (listing !== undefined) return listing;
  }
}

/** @returns `undefined` when a later page's continue token has expired. */
async function readOnce<T>(request: PagedListRequest<T>, paged: boolean): Promise<Listing<T> | undefined> {
  const { transport, path, query, pageSize, accept, signal } = request;
  const objects: T[] = [];
  let resourceVersion = '';
  let token = '';
  for (let pages = 1; ; pages += 1) {
    let decoded: unknown;
    try {
      decoded = await transport.request({
        method: 'GET',
        path,
        query: { ...query, limit: paged ? pageSize : undefined, continue: token === '' ? undefined : token },
        ...(accept === undefined ? {} : { accept }),
        timeoutMs: TIMEOUT_MS,
        signal,
      });
    } catch (error) {
      if (token === '' || !isExpired(error)) throw error;
      request.onExpired(error);
      return undefined;
    }
    request.onPage();
    const page = decodeListPage(decoded);
    for (const raw of page.items) {
      const object = request.project(raw);
      if (object !== undefined) objects.push(object);
    }
    // The first page's version is the one that all the later pages were read at.
    resourceVersion ||= page.resourceVersion;
    token = page.continueToken;
    if (token === '') return { objects, resourceVersion, pages };
    await nextTurn();
  }
}
