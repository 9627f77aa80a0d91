import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FrameFault } from './fault-kinds.js';
import { FrameSurgeon, type Operation } from './frame-surgery.js';
import { readFrame } from './watch-framing.js';
import { contentTypeOf, formatOf, type WireFormat } from './wire-format.js';

export interface WatchRelayOptions {
  readonly resource: string;
  readonly response: IncomingMessage;
  readonly answer: ServerResponse;
  /** Asked for each frame but bookmarks. */
  readonly choose: () => FrameFault | undefined;
  readonly injected: (fault: FrameFault) => void;
  /** The client was given a frame of this version. */
  readonly told: (version: number) => void;
  readonly swallowed: (version: number) => void;
  readonly ended: () => void;
}

/** A frame held back goes out after this long when none follows it. */
const holdMs = 30;

/** Passes one watch on, frame by frame and in the format that the server answered in, and does to it what was chosen. */
export class WatchRelay {
  readonly resource: string;
  readonly #options: WatchRelayOptions;
  readonly #format: WireFormat;
  readonly #surgeon: FrameSurgeon;
  #chosen: FrameFault | undefined;
  #version = 0;
  #stalled = false;
  #over = false;

  constructor(options: WatchRelayOptions) {
    this.#options = options;
    this.resource = options.resource;
    const { response, answer } = options;
    const contentType = contentTypeOf(response);
    this.#format = formatOf(contentType);
    this.#surgeon = new FrameSurgeon({ format: this.#format, choose: (frame) => this.#choose(frame) });
    answer.writeHead(200, { 'content-type': contentType });
    answer.flushHeaders();
    response.on('data', (chunk: Buffer) => this.#pass(chunk));
    response.once('end', () => this.#upstreamEnded('end'));
    response.once('error', () => this.#upstreamEnded('reset'));
    answer.once('close', () => {
      this.#over = true;
      response.destroy();
      options.ended();
    });
  }

  /** From now on nothing comes; the connection stays. */
  stall(): void {
    this.#stalled = true;
  }

  /** The orderly end. */
  end(): void {
    if (this.#over || this.#stalled) return;
    this.#over = true;
    this.#release();
    this.#options.answer.end();
  }

  #upstreamEnded(how: 'end' | 'reset'): void {
    if (this.#over || this.#stalled) return;
    if (how === 'end') this.end();
    else this.#options.answer.destroy();
  }

  #choose(frame: Buffer): FrameFault | undefined {
    const { version, isBookmark } = readFrame(frame, this.#format);
    this.#version = version;
    // A bookmark that is kept back breaks nothing but patience.
    const fault = isBookmark ? undefined : this.#options.choose();
    this.#chosen = fault;
    if (fault !== undefined) this.#options.injected(fault);
    return fault;
  }

  #pass(chunk: Buffer): void {
    if (this.#over || this.#stalled) return;
    for (const operation of this.#surgeon.push(chunk)) {
      this.#carryOut(operation);
      if (this.#over || this.#stalled) return;
    }
    if (this.#surgeon.holds) setTimeout(() => this.#release(), holdMs).unref();
  }

  #carryOut({ chunks, after }: Operation): void {
    const { answer, told, swallowed } = this.#options;
    for (const chunk of chunks) answer.write(chunk);
    if (this.#chosen === 'swallow') swallowed(this.#version);
    else if (after === 'go-on' && this.#chosen !== 'swap') told(this.#version);
    if (after === 'go-on') return;
    if (after === 'stall') {
      this.#stalled = true;
      return;
    }
    this.#over = true;
    if (after === 'end') answer.end();
    else setImmediate(() => answer.destroy());
  }

  #release(): void {
    if (this.#stalled || this.#options.answer.writableEnded) return;
    for (const chunk of this.#surgeon.release()) this.#options.answer.write(chunk);
  }
}
