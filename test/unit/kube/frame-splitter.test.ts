import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { FrameSplitter } from '../../../src/kube/frame-splitter.js';

const feed = (splitter: FrameSplitter, ...chunks: (string | Uint8Array)[]): string[] =>
  chunks.flatMap((chunk) => [...splitter.push(Buffer.from(chunk))]);

describe('FrameSplitter', () => {
  it('gives the same frames however the bytes are cut', () => {
    const lines = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => JSON.stringify(text)));
    fc.assert(
      fc.property(lines, fc.array(fc.nat({ max: 200 })), (frames, cuts) => {
        const bytes = Buffer.from(frames.map((frame) => `${frame}\n`).join(''));
        const edges = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort(
          (a, b) => a - b,
        );
        const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
        const splitter = new FrameSplitter();
        expect(feed(splitter, ...chunks)).toEqual(frames);
        expect(splitter.pendingBytes).toBe(0);
      }),
    );
  });

  it('keeps count of the bytes of a frame whose end is missing', () => {
    const splitter = new FrameSplitter();
    expect(feed(splitter, 'one\ntw')).toEqual(['one']);
    expect(splitter.pendingBytes).toBe(2);
    expect(feed(splitter, 'o\n')).toEqual(['two']);
    expect(splitter.pendingBytes).toBe(0);
  });

  it('leaves out empty lines', () => {
    expect(feed(new FrameSplitter(), '\n\r\na\n\n')).toEqual(['a']);
  });

  it('refuses a frame without end before it fills the memory', () => {
    const splitter = new FrameSplitter({ maxFrameBytes: 10 });
    expect(() => feed(splitter, '123456', '78901')).toThrow('larger than 10 bytes');
  });
});
