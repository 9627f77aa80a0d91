import type { FrameFault } from './fault-kinds.js';
import { watchFramings } from './watch-framing.js';
import type { WireFormat } from './wire-format.js';

/** What becomes of a watch's connection after the bytes were written. */
export type Aftermath = 'go-on' | 'end' | 'reset' | 'stall';

export interface Operation {
  readonly chunks: readonly Buffer[];
  readonly after: Aftermath;
}

export interface FrameSurgeonOptions {
  /** What the stream is written in, and so what is put into it. */
  readonly format: WireFormat;
  /** Asked once for each whole frame, in order; `undefined` lets it pass. */
  readonly choose: (frame: Buffer) => FrameFault | undefined;
  /** Frames kept for `replay`. @default 4 */
  readonly remembered?: number;
}

/** Cuts a watch stream into frames and does to each what was chosen for it. Bytes that are chosen for nothing pass unaltered. */
export class FrameSurgeon {
  readonly #options: FrameSurgeonOptions;
  readonly #recent: Buffer[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #held: Buffer | undefined;

  constructor(options: FrameSurgeonOptions) {
    this.#options = options;
  }

  /** True while a frame waits for the one that is to overtake it. */
  get holds(): boolean {
    return this.#held !== undefined;
  }

  /** One operation for each frame that ends in this chunk; none is made after one that does not go on. */
  *push(chunk: Uint8Array): Generator<Operation, void, undefined> {
    this.#rest = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
      const operation = this.#operate(frame, this.#options.choose(frame));
      yield operation;
      if (operation.after !== 'go-on') return;
    }
  }

  /** Gives out a frame that is held back; to be called when nothing comes after it. */
  release(): readonly Buffer[] {
    const held = this.#held;
    this.#held = undefined;
    return held === undefined ? [] : [held];
  }

  /** Takes the first frame off the rest; undefined where its end has not come. */
  #next(): Buffer | undefined {
    const end = watchFramings[this.#options.format].endOfFrame(this.#rest);
    if (end === undefined) return undefined;
    const frame = this.#rest.subarray(0, end);
    this.#rest = this.#rest.subarray(end);
    return frame;
  }

  #operate(frame: Buffer, fault: FrameFault | undefined): Operation {
    const held = this.release();
    switch (fault) {
      case undefined:
        return this.#passed([frame, ...held], frame);
      case 'duplicate':
        return this.#passed([frame, ...held, frame], frame);
      case 'replay':
        return this.#passed([frame, ...held, ...this.#recent], frame);
      case 'swap':
        this.#held = frame;
        return { chunks: held, after: 'go-on' };
      case 'swallow':
        return { chunks: held, after: 'go-on' };
      case 'cut-end':
        return { chunks: [...held, frame.subarray(0, Math.ceil(frame.length / 2))], after: 'end' };
      case 'cut-reset':
        return { chunks: [...held, frame.subarray(0, Math.ceil(frame.length / 2))], after: 'reset' };
      case 'garbage':
        return { chunks: [...held, watchFramings[this.#options.format].garbage], after: 'end' };
      case 'shred':
        return this.#passed([...held, ...Array.from(frame, (byte) => Buffer.of(byte))], frame);
      case 'stall':
        return { chunks: held, after: 'stall' };
      case 'error-410':
        return this.#failed(held, statusBody(410, 'Expired', 'too old resource version: 1 (2)'));
      case 'error-500':
        return this.#failed(held, statusBody(500, 'InternalError', 'etcdserver: no leader'));
      case 'error-429':
        return this.#failed(held, statusBody(429, 'TooManyRequests', 'storage is (re)initializing', 1));
    }
  }

  #passed(chunks: readonly Buffer[], frame: Buffer): Operation {
    this.#recent.push(frame);
    if (this.#recent.length > (this.#options.remembered ?? 4)) this.#recent.shift();
    return { chunks, after: 'go-on' };
  }

  #failed(held: readonly Buffer[], status: object): Operation {
    const error = watchFramings[this.#options.format].encode({ type: 'ERROR', object: status });
    return { chunks: [...held, error], after: 'end' };
  }
}

/** An error as an API server words it; `retryAfterSeconds` as it stands in the body. */
export function statusBody(
  code: number,
  reason: string,
  message: string,
  retryAfterSeconds?: number,
): object {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code,
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }),
  };
}
