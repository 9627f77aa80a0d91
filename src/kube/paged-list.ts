import { setImmediate as nextTurn } from 'node:timers/promises';
import { onAbort } from './on-abort.js';
import { decodeListMetadata } from './protobuf/envelope.js';
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
  /** As `ApiRequest.protobuf`. */
  readonly protobuf?: boolean;
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

type Question = Omit<PagedListRequest<unknown>, 'project' | 'onPage' | 'onExpired'>;

/** For one page. */
const TIMEOUT_MS = 60_000;
/** Pages are given up for one whole list when their continue token expires this often. */
const MAX_EXPIRED = 2;
/** So much of a page's text is looked through for its continue token: kind, version and metadata come first. */
const LOOKED_AT = 4096;

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
  const pages = new Pages(request, paged ? request.pageSize : undefined);
  try {
    return await readAll(request, pages);
  } finally {
    pages.stop();
  }
}

async function readAll<T>(request: PagedListRequest<T>, pages: Pages): Promise<Listing<T> | undefined> {
  const objects: T[] = [];
  let resourceVersion = '';
  let token = '';
  for (let count = 1; ; count += 1) {
    let decoded: unknown;
    try {
      decoded = await pages.read(token);
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
    if (token === '') return { objects, resourceVersion, pages: count };
    await nextTurn();
  }
}

interface Page {
  readonly token: string;
  readonly answer: Promise<unknown>;
  /** It is wanted now. */
  readonly begin: () => void;
}

/** The pages of one list. While one of them is decoded and looked at here, the server makes the next. */
class Pages {
  readonly #request: Question;
  readonly #limit: number | undefined;
  readonly #end = new AbortController();
  readonly #unfollow: () => void;
  #next: Page | undefined;

  constructor(request: Question, limit: number | undefined) {
    this.#request = request;
    this.#limit = limit;
    this.#unfollow = onAbort(request.signal, () => this.#end.abort(request.signal.reason));
    if (request.signal.aborted) this.#end.abort(request.signal.reason);
  }

  /** One page, which may be on its way. */
  read(token: string): Promise<unknown> {
    const page = this.#next?.token === token ? this.#next : this.#ask(token);
    this.#next = undefined;
    page.begin();
    return page.answer;
  }

  /** Nobody is going to read what is still on its way. */
  stop(): void {
    this.#unfollow();
    this.#end.abort();
    this.#next?.begin();
  }

  #ask(token: string): Page {
    const { transport, path, query, accept, protobuf = false } = this.#request;
    let begin = (): void => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const answer = transport.request({
      method: 'GET',
      path,
      query: { ...query, limit: this.#limit, continue: token === '' ? undefined : token },
      ...(accept === undefined ? {} : { accept }),
      protobuf,
      // A page that came early waits as it is: else all that follow would be asked for before anybody wants this one.
      beforeDecoding: async (answer) => {
        await begun;
        await this.#lookAhead(answer);
      },
      timeoutMs: TIMEOUT_MS,
      signal: this.#end.signal,
    });
    return { token, answer, begin };
  }

  async #lookAhead(answer: string | Buffer): Promise<void> {
    const token = typeof answer === 'string' ? tokenInText(answer) : tokenInMessage(answer);
    if (token === undefined || this.#end.signal.aborted) return;
    this.#next = this.#ask(token);
    // Whoever reads it is told; but it may be that nobody does.
    this.#next.answer.catch(() => undefined);
    // Else decoding would come before sending.
    await nextTurn();
  }
}

/** The continue token, where the text of a page begins with it, as that of an API server does. */
function tokenInText(text: string): string | undefined {
  const metadata = text.slice(0, LOOKED_AT).match(/"metadata":\{([^{}]*)\}/)?.[1];
  return metadata?.match(/"continue":"([^"\\]+)"/)?.[1];
}

/** As `tokenInText`; bytes that are no list are a matter of whoever decodes them. */
function tokenInMessage(message: Buffer): string | undefined {
  try {
    const { continue: token } = decodeListMetadata(message);
    return typeof token === 'string' && token !== '' ? token : undefined;
  } catch {
    return undefined;
  }
}
