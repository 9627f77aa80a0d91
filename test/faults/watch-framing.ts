import { decodeWatchFrame, encodeWatchFrame } from '../../src/kube/protobuf/watch-frame.js';
import type { WireFormat } from './wire-format.js';

/** How the frames of a watch are written one after the other. A frame is all of its bytes: with its newline, or with its length. */
interface WatchFraming {
  /** Where the first frame ends; undefined while that has not come. */
  readonly endOfFrame: (bytes: Buffer) => number | undefined;
  /** @throws for a frame that cannot be read. */
  readonly decode: (frame: Buffer) => unknown;
  readonly encode: (frame: { readonly type: string; readonly object: object }) => Buffer;
  /** A whole frame that says nothing. */
  readonly garbage: Buffer;
}

const newline = 10;
const prefixBytes = 4;

export const watchFramings: Readonly<Record<WireFormat, WatchFraming>> = {
  json: {
    endOfFrame(bytes) {
      const end = bytes.indexOf(newline);
      return end === -1 ? undefined : end + 1;
    },
    decode: (frame) => JSON.parse(frame.toString('utf8')),
    encode: (frame) => Buffer.from(`${JSON.stringify(frame)}\n`),
    garbage: Buffer.from('{"type":"MODI<html>\n'),
  },
  protobuf: {
    endOfFrame(bytes) {
      if (bytes.length < prefixBytes) return undefined;
      const end = prefixBytes + bytes.readUInt32BE(0);
      return end > bytes.length ? undefined : end;
    },
    decode: (frame) => decodeWatchFrame(frame.subarray(prefixBytes)),
    encode: encodeWatchFrame,
    // The length is right; the first byte ends a group that nobody began.
    garbage: Buffer.from('\0\0\0\x05<html', 'latin1'),
  },
};

export interface FrameContents {
  /** 0 where it speaks of none: errors do not, nor does what cannot be read. */
  readonly version: number;
  readonly isBookmark: boolean;
}

export function readFrame(frame: Buffer, format: WireFormat): FrameContents {
  try {
    const { type, object } = watchFramings[format].decode(frame) as {
      readonly type?: string;
      readonly object?: { readonly metadata?: { readonly resourceVersion?: string } };
    };
    const version = type === 'ERROR' ? 0 : Number(object?.metadata?.resourceVersion ?? 0);
    return { version, isBookmark: type === 'BOOKMARK' };
  } catch {
    return { version: 0, isBookmark: false };
  }
}
