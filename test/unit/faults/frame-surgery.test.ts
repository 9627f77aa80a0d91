import { describe, expect, it } from '@jest/globals';
import type { WatchEvent } from '../../../src/kube/watch-event.js';
import { watchFrames } from '../../../src/kube/watch-frames.js';
import type { FrameFault } from '../../faults/fault-kinds.js';
import { frameFaultNames } from '../../faults/fault-kinds.js';
import { type Aftermath, FrameSurgeon } from '../../faults/frame-surgery.js';
import { readFrame } from '../../faults/watch-framing.js';
import type { WireFormat } from '../../faults/wire-format.js';
import { watchFrame } from './watch-frame-bytes.js';

interface Operated {
  readonly chunks: readonly Buffer[];
  readonly bytes: Buffer;
  readonly after: Aftermath;
}

describe.each<WireFormat>(['json', 'protobuf'])('a frame surgeon, of a stream in %s,', (format) => {
  const frame = (version: number, type = 'MODIFIED'): Buffer => watchFrame(format, version, type);

  /** Everything that goes out for these frames. */
  function operated(...faults: readonly (FrameFault | undefined)[]): Operated {
    const left = [...faults];
    const surgeon = new FrameSurgeon({ format, choose: () => left.shift() });
    const chunks: Buffer[] = [];
    let ending: Aftermath = 'go-on';
    for (const operation of surgeon.push(Buffer.concat(faults.map((_, index) => frame(index + 1))))) {
      chunks.push(...operation.chunks);
      ending = operation.after;
    }
    chunks.push(...surgeon.release());
    return { chunks, bytes: Buffer.concat(chunks), after: ending };
  }

  /** What Berth reads out of it, and how many bytes it waits for the rest of. */
  function read({ chunks }: Operated): { readonly events: WatchEvent[]; readonly pendingBytes: number } {
    const frames = watchFrames({ format });
    const events = chunks.flatMap((chunk) => Array.from(frames.push(chunk)));
    return { events, pendingBytes: frames.pendingBytes };
  }

  const versions = (out: Operated): number[] =>
    read(out).events.map((event) => ('reference' in event ? Number(event.reference.resourceVersion) : 0));

  it('lets frames pass unaltered, however the stream is cut into chunks', () => {
    const input = Buffer.concat([frame(1), frame(2), frame(3)]);
    for (const size of [1, 2, 3, 7, 50, input.length]) {
      let asked = 0;
      const choose = (): undefined => {
        asked += 1;
      };
      const surgeon = new FrameSurgeon({ format, choose });
      const out: Buffer[] = [];
      for (let start = 0; start < input.length; start += size)
        for (const { chunks } of surgeon.push(input.subarray(start, start + size))) out.push(...chunks);
      expect(Buffer.concat(out)).toEqual(input);
      expect(asked).toBe(3);
    }
  });

  it('repeats a frame', () => {
    expect(versions(operated('duplicate', undefined))).toEqual([1, 1, 2]);
  });

  it('replays what came before a frame after it', () => {
    expect(versions(operated(undefined, undefined, 'replay', undefined))).toEqual([1, 2, 3, 1, 2, 4]);
  });

  it('lets the next frame overtake one, and loses neither', () => {
    expect(versions(operated('swap', undefined, undefined))).toEqual([2, 1, 3]);
  });

  it('gives a frame that nothing follows out when it is asked to', () => {
    expect(versions(operated(undefined, 'swap'))).toEqual([1, 2]);
  });

  it('gives a frame that is held out before the stream ends', () => {
    const out = operated('swap', 'cut-end');
    expect(versions(out)).toEqual([1]);
    expect(out.after).toBe('end');
  });

  it('keeps a frame to itself', () => {
    expect(versions(operated(undefined, 'swallow', undefined))).toEqual([1, 3]);
  });

  it.each([
    ['cut-end', 'end'],
    ['cut-reset', 'reset'],
  ] as const)('stops by %s in the middle of a frame, and takes in nothing after it', (fault, after) => {
    const out = operated(undefined, fault, undefined);
    const half = frame(2).subarray(0, Math.ceil(frame(2).length / 2));
    expect(out).toMatchObject({ bytes: Buffer.concat([frame(1), half]), after });
    expect(versions(out)).toEqual([1]);
    expect(read(out).pendingBytes).toBe(half.length);
  });

  it('sends bytes one by one, cut inside of characters and lengths', () => {
    const out = operated('shred');
    expect(out.chunks.every(({ length }) => length === 1)).toBe(true);
    expect(out.bytes).toEqual(frame(1));
    expect(versions(out)).toEqual([1]);
  });

  it('says nothing more where a frame has the stream fall silent', () => {
    expect(operated(undefined, 'stall', undefined)).toMatchObject({ bytes: frame(1), after: 'stall' });
  });

  it('puts a whole frame in the stream that cannot be read', () => {
    const out = operated(undefined, 'garbage', undefined);
    const frames = watchFrames({ format });
    const events: WatchEvent[] = [];
    expect(() => {
      for (const event of frames.push(out.bytes)) events.push(event);
    }).toThrow(/a watch frame is not/);
    expect(events).toHaveLength(1);
    // It is no matter of waiting for the rest.
    const all = new FrameSurgeon({ format, choose: () => undefined });
    expect(Array.from(all.push(out.bytes))).toHaveLength(2);
    expect(all.push(frame(3)).next().value).toMatchObject({ chunks: [frame(3)] });
  });

  it.each([
    ['error-410', { code: 410, reason: 'Expired', message: 'too old resource version: 1 (2)' }],
    ['error-500', { code: 500, reason: 'InternalError', message: 'etcdserver: no leader' }],
    ['error-429', { code: 429, reason: 'TooManyRequests', retryAfterMs: 1000 }],
  ] as const)('puts %s in the stream in the words of an API server', (fault, error) => {
    const out = operated(undefined, fault, undefined);
    expect(read(out)).toMatchObject({ events: [{ type: 'MODIFIED' }, { type: 'ERROR', ...error }] });
    expect(read(out).pendingBytes).toBe(0);
  });

  it('ends the stream, or leaves it open and silent, after what cannot be gone on from', () => {
    const endings = frameFaultNames.map((fault) => [fault, operated(fault, undefined).after]);
    expect(Object.fromEntries(endings)).toEqual({
      duplicate: 'go-on',
      replay: 'go-on',
      swap: 'go-on',
      swallow: 'go-on',
      shred: 'go-on',
      'cut-end': 'end',
      'cut-reset': 'reset',
      garbage: 'end',
      stall: 'stall',
      'error-410': 'end',
      'error-500': 'end',
      'error-429': 'end',
    });
  });

  it('is told of bookmarks and versions', () => {
    expect(readFrame(frame(7, 'BOOKMARK'), format)).toEqual({ version: 7, isBookmark: true });
    expect(readFrame(frame(7), format)).toEqual({ version: 7, isBookmark: false });
    expect(readFrame(frame(7).subarray(0, 13), format)).toEqual({ version: 0, isBookmark: false });
    expect(readFrame(operated('error-410').bytes, format)).toEqual({ version: 0, isBookmark: false });
  });
});
