import { HttpFault } from './http-fault.js';

/** What the first lines of an answer say, as far as somebody asks for it. */
export interface AnswerHead {
  readonly code: number;
  /** Of the body, in small letters and without parameters; '' where nothing is said. */
  readonly mediaType: string;
  readonly retryAfter: string | undefined;
  /** What the server's clock said, as it wrote it. */
  readonly date: string | undefined;
}

/** Takes the parts of an answer as they come. */
export interface AnswerSink {
  head(head: AnswerHead): void;
  /** A piece of the body. The bytes are overwritten after the call: who keeps them copies them. */
  data(bytes: Buffer): void;
}

/** How the end of a body is known. */
type Framing =
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' };

type State = 'idle' | 'head' | 'body' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' | 'until-close';

const headLimit = 64 * 1024;
const lineLimit = 8 * 1024;
const endOfHead = Buffer.from('\r\n\r\n');
const lineFeed = 10;

/**
 * Reads one HTTP/1.1 answer after the other from the bytes of a connection (RFC 9112). Strict: what could be understood in two ways is
 * refused, because whoever stands between us and the server may have understood it in the other.
 */
export class AnswerParser {
  readonly #sink: AnswerSink;
  #state: State = 'idle';
  /** Bytes of a head that has not come whole. */
  #pending: Buffer | undefined;
  /** The beginning of a line that has not come whole. */
  #line = '';
  /** Bytes still to come of the body or of its present chunk. */
  #left = 0;
  #keepAlive = true;
  #surplus = false;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  /** Whether the connection may carry another request after this answer. */
  get reusable(): boolean {
    return this.#keepAlive && !this.#surplus;
  }

  /** A request was written: what comes now answers it. */
  begin(): void {
    this.#state = 'head';
    this.#pending = undefined;
    this.#line = '';
    this.#keepAlive = true;
    this.#surplus = false;
  }

  /**
   * @returns true when the answer is complete with these bytes.
   * @throws HttpFault when this is no HTTP.
   */
  push(bytes: Buffer): boolean {
    let rest = bytes;
    for (;;) {
      const taken = this.#take(rest);
      if (this.#state === 'idle') {
        this.#surplus = taken < rest.length;
        return true;
      }
      if (taken >= rest.length) return false;
      rest = rest.subarray(taken);
    }
  }

  /** The server closed the connection. @returns true when that is the end of the answer. */
  finish(): boolean {
    const complete = this.#state === 'until-close';
    this.#state = 'idle';
    this.#keepAlive = false;
    return complete;
  }

  /** Reads one part and says how many bytes it was; all of them where more have to come. */
  #take(bytes: Buffer): number {
    switch (this.#state) {
      case 'head':
        return this.#takeHead(bytes);
      case 'body':
      case 'chunk':
        return this.#takeBody(bytes);
      case 'chunk-size':
      case 'chunk-end':
      case 'trailers':
        return this.#takeLine(bytes);
      case 'until-close':
        this.#sink.data(bytes);
        return bytes.length;
      case 'idle':
        return 0;
    }
  }

  #takeHead(bytes: Buffer): number {
    const before = this.#pending?.length ?? 0;
    const all = this.#pending === undefined ? bytes : Buffer.concat([this.#pending, bytes]);
    const end = all.indexOf(endOfHead);
    if (end > headLimit || (end === -1 && all.length > headLimit)) throw malformed('its head is too long');
    if (end === -1) {
      // A copy: the bytes are not ours.
      this.#pending = all === bytes ? Buffer.from(bytes) : all;
      return bytes.length;
    }
    this.#pending = undefined;
    this.#readHead(all.toString('latin1', 0, end));
    return end + endOfHead.length - before;
  }

  #readHead(text: string): void {
    const head = parseHead(text);
    const { code, mediaType, retryAfter, date } = head;
    if (code === 101) throw malformed('it speaks another protocol from now on');
    // An answer before the answer.
    if (code < 200) return;
    this.#keepAlive = head.keepAlive && head.framing.kind !== 'close';
    this.#sink.head({ code, mediaType, retryAfter, date });
    if (code === 204 || code === 304) this.#state = 'idle';
    else this.#beginBody(head.framing);
  }

  #beginBody(framing: Framing): void {
    switch (framing.kind) {
      case 'chunked':
        this.#state = 'chunk-size';
        break;
      case 'close':
        this.#state = 'until-close';
        break;
      case 'length':
        this.#left = framing.length;
        this.#state = framing.length === 0 ? 'idle' : 'body';
    }
  }

  #takeBody(bytes: Buffer): number {
    const length = Math.min(this.#left, bytes.length);
    this.#left -= length;
    if (this.#left === 0) this.#state = this.#state === 'chunk' ? 'chunk-end' : 'idle';
    this.#sink.data(length === bytes.length ? bytes : bytes.subarray(0, length));
    return length;
  }

  #takeLine(bytes: Buffer): number {
    const end = bytes.indexOf(lineFeed);
    this.#line += bytes.toString('latin1', 0, end === -1 ? bytes.length : end);
    if (this.#line.length > lineLimit) throw malformed('a line of its body is too long');
    if (end === -1) return bytes.length;
    if (!this.#line.endsWith('\r')) throw malformed('a line of its body has no proper end');
    const line = this.#line.slice(0, -1);
    this.#line = '';
    this.#readLine(line);
    return end + 1;
  }

  #readLine(line: string): void {
    switch (this.#state) {
      case 'chunk-size':
        this.#left = chunkSize(line);
        this.#state = this.#left === 0 ? 'trailers' : 'chunk';
        break;
      case 'chunk-end':
        if (line !== '') throw malformed('a chunk is longer than it says');
        this.#state = 'chunk-size';
        break;
      default:
        // Nothing is read from trailers; an empty line ends them.
        if (line === '') this.#state = 'idle';
    }
  }
}

interface ParsedHead extends AnswerHead {
  readonly keepAlive: boolean;
  readonly framing: Framing;
}

function parseHead(text: string): ParsedHead {
  const [, minor, code] = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?(?=\r\n|$)/.exec(text) ?? [];
  if (code === undefined) throw malformed('it is no HTTP/1.1');
  let mediaType = '';
  let retryAfter: string | undefined;
  let date: string | undefined;
  let length: string | undefined;
  let transferEncoding: string | undefined;
  let connection = '';
  for (let from = text.indexOf('\r\n'); from !== -1; ) {
    const to = text.indexOf('\r\n', from + 2);
    const line = text.slice(from + 2, to === -1 ? text.length : to);
    from = to;
    const colon = line.indexOf(':');
    if (colon <= 0 || line.includes('\n')) throw malformed('it has a header without a name');
    const value = line.slice(colon + 1).trim();
    switch (line.slice(0, colon).toLowerCase()) {
      case 'content-length':
        if (length !== undefined && length !== value) throw malformed('it has two lengths');
        length = value;
        break;
      case 'transfer-encoding':
        transferEncoding = transferEncoding === undefined ? value : `${transferEncoding}, ${value}`;
        break;
      case 'content-encoding':
        if (value.toLowerCase() !== 'identity')
          throw malformed(`it is encoded as ${value}, which was not asked for`);
        break;
      case 'content-type':
        mediaType = mediaTypeOf(value);
        break;
      case 'connection':
        connection += `,${value.toLowerCase()}`;
        break;
      case 'retry-after':
        retryAfter = value;
        break;
      case 'date':
        date = value;
        break;
      default:
        // A space here is how headers are smuggled past whoever reads them otherwise.
        if (/[\s\0]/.test(line.slice(0, colon))) throw malformed('it has a header without a proper name');
    }
  }
  return {
    code: Number(code),
    mediaType,
    retryAfter,
    date,
    keepAlive: keepsAlive(connection, minor === '1'),
    framing: framingOf(length, transferEncoding),
  };
}

function mediaTypeOf(contentType: string): string {
  const end = contentType.indexOf(';');
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

function keepsAlive(connection: string, byDefault: boolean): boolean {
  if (connection === '') return byDefault;
  const options = connection.split(',').map((option) => option.trim());
  if (options.includes('close')) return false;
  return byDefault || options.includes('keep-alive');
}

function framingOf(length: string | undefined, transferEncoding: string | undefined): Framing {
  if (transferEncoding !== undefined) {
    if (length !== undefined) throw malformed('it has a length and is chunked');
    if (transferEncoding.toLowerCase() !== 'chunked')
      throw malformed(`its transfer encoding is ${transferEncoding}`);
    return { kind: 'chunked' };
  }
  if (length === undefined) return { kind: 'close' };
  if (!/^\d{1,15}$/.test(length)) throw malformed('its length is no number');
  return { kind: 'length', length: Number(length) };
}

/** Extensions after a semicolon mean nothing to us. */
function chunkSize(line: string): number {
  const [, digits] = /^([0-9a-fA-F]{1,12})[ \t]*(?:;|$)/.exec(line) ?? [];
  if (digits === undefined) throw malformed('a chunk has no size');
  return Number.parseInt(digits, 16);
}

function malformed(why: string): HttpFault {
  return new HttpFault('HTTP_MALFORMED', `the answer cannot be read: ${why}`);
}
