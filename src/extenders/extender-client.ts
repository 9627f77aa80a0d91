import type { Clock } from '../clock.js';
import { withoutCredentials } from '../config/url-credentials.js';
import { connectionText } from '../kube/connection-cause.js';
import type { WireResult } from '../kube/http/exchange.js';
import type { TlsMaterial } from '../kube/http/tls-material.js';
import { HttpEndpoint } from '../kube/http-endpoint.js';
import type { ExtenderAnswer, ExtenderFailure, ExtenderTrouble } from './extender-answer.js';
import { WireShapeError } from './wire-value.js';

export interface ExtenderClientOptions {
  /** As configured; what it names need not be a URL. */
  readonly urlPrefix: string;
  readonly tls: TlsMaterial;
  /** For each exchange as a whole. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

export interface ExtenderCall<T> {
  /** As configured: the last part of the path. */
  readonly verb: string;
  readonly body: string;
  /** Asking twice does no harm. */
  readonly repeatable: boolean;
  /** An answer larger than this is not read to its end. */
  readonly maxResponseBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** Makes sense of the decoded answer. May throw `WireShapeError`. */
  readonly read: (document: unknown) => ExtenderAnswer<T>;
}

/** Talks to one extender: sends documents, bounds what comes back, and says in one line what went wrong. */
export class ExtenderClient {
  readonly #options: ExtenderClientOptions;
  readonly #prefix: string;
  readonly #endpoint: HttpEndpoint | undefined;

  constructor(options: ExtenderClientOptions) {
    this.#options = options;
    this.#prefix = options.urlPrefix.replace(/\/+$/, '');
    const url = httpUrl(this.#prefix);
    this.#endpoint = url && new HttpEndpoint({ url, tls: options.tls, clock: options.clock });
  }

  /** Never rejects. */
  async call<T>(call: ExtenderCall<T>): Promise<ExtenderAnswer<T>> {
    const { verb, body, repeatable, maxResponseBytes, signal } = call;
    const address = `${this.#prefix}/${verb}`;
    const url = httpUrl(address);
    if (this.#endpoint === undefined || url === undefined)
      return failed(
        'connection',
        describe(call.verb, withoutCredentials(address), 'it is not an http or https URL'),
        false,
      );
    const { timeoutMs } = this.#options;
    const path = `${url.pathname}${url.search}`;
    const result = await this.#endpoint.post(path, body, { timeoutMs, maxResponseBytes, repeatable, signal });
    return this.#judge(result, call, withoutCredentials(address));
  }

  /** Cuts all connections. */
  async close(): Promise<void> {
    await this.#endpoint?.close();
  }

  #judge<T>(result: WireResult, call: ExtenderCall<T>, address: string): ExtenderAnswer<T> {
    const because = (why: string): string => describe(call.verb, address, why);
    switch (result.kind) {
      case 'aborted':
        return { kind: 'aborted' };
      case 'timed-out':
        return failed('timeout', because(`no answer within ${this.#options.timeoutMs} ms`), result.sent);
      case 'failed':
        return failed('connection', because(connectionText(result.cause)), result.sent);
      case 'too-large':
        return failed('malformed', because(`the answer is larger than ${call.maxResponseBytes} bytes`));
      case 'answered':
        break;
    }
    if (result.code !== 200)
      return failed('status', `failed ${call.verb} with extender at URL ${address}, code ${result.code}`);
    const document = parsed(result.body);
    if (document === undefined) return failed('malformed', because('the answer is not JSON'));
    try {
      return call.read(document);
    } catch (thrown) {
      if (!(thrown instanceof WireShapeError)) throw thrown;
      return failed('malformed', because(`in the answer ${thrown.message}`));
    }
  }
}

/** No JSON document is undefined. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Kube-scheduler's beginning; it has no words of its own for what follows. */
function describe(verb: string, address: string, why: string): string {
  return `failed ${verb} with extender at URL ${address}: ${why}`;
}

function failed(trouble: ExtenderTrouble, message: string, sent = true): ExtenderFailure {
  return { kind: 'failed', trouble, message, sent };
}

function httpUrl(address: string): URL | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined;
}
