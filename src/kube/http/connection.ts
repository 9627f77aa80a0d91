import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import { type AnswerHead, AnswerParser } from './answer-parser.js';
import { HttpFault } from './http-fault.js';
import type { TlsMaterial } from './tls-material.js';

/** Where a connection goes to, and for how long it may take and lie idle. */
export interface ConnectionTarget {
  /** Scheme, host and port count. */
  readonly url: URL;
  readonly tls: TlsMaterial;
  /** Made of `tls`, once for all connections: reading a CA bundle takes milliseconds. */
  readonly secureContext?: SecureContext | undefined;
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
}

/** Told what becomes of one request: `started` first, `ended` or `failed` last; nothing any more after the connection was cut. */
export interface ExchangeHandler {
  /** It is about to be written. @returns false when nobody waits for it any more: then it is not. */
  started(connection: Connection): boolean;
  head(head: AnswerHead): void;
  /** A piece of the body. The bytes are overwritten after the call: who keeps them copies them. */
  data(bytes: Buffer): void;
  ended(): void;
  failed(cause: unknown): void;
}

/** Who keeps connections. */
export interface ConnectionOwner {
  /** Open, or done with a request: ready for one. */
  free(connection: Connection): void;
  /** Gone; `cause` is set where it could not be opened. */
  gone(connection: Connection, cause: unknown): void;
}

type State = 'connecting' | 'idle' | 'busy' | 'gone';

const tcpKeepAliveMs = 30_000;

// What a socket reads is worked off before the next one reads: one buffer does for all connections of a thread.
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/** One connection to a server, for one request at a time. */
export class Connection {
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #parser: AnswerParser;
  #state: State = 'connecting';
  #handler: ExchangeHandler | undefined;
  #paused = false;

  constructor(target: ConnectionTarget, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#parser = new AnswerParser({
      head: (head) => this.#handler?.head(head),
      data: (bytes) => this.#handler?.data(bytes),
    });
    const socket = open(target, (bytes) => this.#read(bytes));
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, tcpKeepAliveMs);
    socket.setTimeout(target.connectTimeoutMs);
    socket.once(target.url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
      if (this.#state !== 'connecting') return;
      socket.setTimeout(target.keepAliveMs);
      this.#release();
    });
    socket.on('timeout', () => this.#onQuiet(target.connectTimeoutMs));
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error) => this.close(error));
    socket.on('close', () => this.close());
  }

  /** Writes a request. Only a free connection may be given one. */
  send(request: string | Buffer, handler: ExchangeHandler): void {
    this.#state = 'busy';
    this.#handler = handler;
    this.#parser.begin();
    this.#socket.ref();
    this.#socket.write(request);
  }

  /** Ends the connection. The exchange it carries fails with the cause. */
  close(cause?: unknown): void {
    if (this.#state === 'gone') return;
    const opened = this.#state !== 'connecting';
    this.#state = 'gone';
    this.#socket.destroy();
    const handler = this.#handler;
    this.#handler = undefined;
    const trouble = cause ?? new HttpFault('HTTP_CLOSED', 'other side closed');
    this.#owner.gone(this, opened ? undefined : trouble);
    handler?.failed(trouble);
  }

  /** Ends the connection without a word to the exchange it carries. */
  cut(): void {
    this.#handler = undefined;
    this.close();
  }

  /** Reads nothing more until `resume`: the server has to wait. */
  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  #read(bytes: Buffer): void {
    // What nobody asked for answers nothing.
    if (this.#state !== 'busy') {
      this.close();
      return;
    }
    try {
      if (!this.#parser.push(bytes)) return;
    } catch (cause) {
      this.close(cause);
      return;
    }
    this.#complete();
  }

  #complete(): void {
    const handler = this.#handler;
    this.#handler = undefined;
    // Free first: whoever waits for the answer may have the next request ready.
    if (this.#parser.reusable && this.#socket.writableLength === 0 && this.#state === 'busy') this.#release();
    else this.close();
    handler?.ended();
  }

  #release(): void {
    this.#state = 'idle';
    if (this.#paused) this.resume();
    // Nobody keeps the process alive by what might come.
    this.#socket.unref();
    this.#owner.free(this);
  }

  #onQuiet(connectTimeoutMs: number): void {
    if (this.#state === 'connecting') {
      this.close(new HttpFault('HTTP_CONNECT_TIMEOUT', `no connection within ${connectTimeoutMs} ms`));
    } else if (this.#state === 'idle') this.close();
  }

  #onEnd(): void {
    if (this.#state === 'busy' && this.#parser.finish()) this.#complete();
    else this.close();
  }
}

/** @throws Error where the TLS material is unusable. */
function open({ url, tls, secureContext }: ConnectionTarget, read: (bytes: Buffer) => void): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const onread = {
    buffer: readBuffer,
    callback: (length: number): boolean => {
      read(readBuffer.subarray(0, length));
      return true;
    },
  };
  if (url.protocol !== 'https:') return connectPlain({ host, port: Number(url.port || 80), onread });
  const { servername = isIP(host) === 0 ? host : '', ...material } = tls;
  return connectTls({
    ...material,
    host,
    servername,
    port: Number(url.port || 443),
    ALPNProtocols: ['http/1.1'],
    secureContext,
    // Handed on to the socket, which the types do not know.
    ...{ onread },
  });
}
