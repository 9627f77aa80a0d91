import { describe, expect, it } from '@jest/globals';
import type { FrameFault } from '../../faults/fault-kinds.js';
import { frameFaultNames } from '../../faults/fault-kinds.js';
import { FrameSurgeon, frameVersion, isBookmark } from '../../faults/frame-surgery.js';

const frame = (version: number, type = 'MODIFIED'): string =>
  `${JSON.stringify({ type, object: { metadata: { name: 'ä', resourceVersion: String(version) } } })}\n`;

/** Everything that goes out for these frames, with the end in brackets. */
function operated(
  faults: readonly (FrameFault | undefined)[],
  input: Buffer = Buffer.from(faults.map((_, index) => frame(index + 1)).join('')),
): string {
  const left = [...faults];
  const surgeon = new FrameSurgeon({ choose: () => left.shift() });
  let text = '';
  for (const { chunks, after } of surgeon.push(input)) {
    text += Buffer.concat([...chunks]).toString('utf8');
    if (after !== 'go-on') text += `[${after}]`;
  }
  return text + Buffer.concat([...surgeon.release()]).toString('utf8');
}

/** Versions of the frames that came through whole. */
const versions = (text: string): number[] =>
  text
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => frameVersion(Buffer.from(line)));

describe('a frame surgeon', () => {
  it('lets frames pass unaltered, however the stream is cut into chunks', () => {
    const input = Buffer.from(frame(1) + frame(2) + frame(3));
    for (const size of [1, 2, 7, 50, input.length]) {
      const surgeon = new FrameSurgeon({ choose: () => undefined });
      const out: Buffer[] = [];
      for (let start = 0; start < input.length; start += size)
        for (const { chunks } of surgeon.push(input.subarray(start, start + size))) out.push(...chunks);
      expect(Buffer.concat(out)).toEqual(input);
    }
  });

  it('repeats a frame', () => {
    expect(versions(operated(['duplicate', undefined]))).toEqual([1, 1, 2]);
  });

  it('replays what came before a frame after it', () => {
    expect(versions(operated([undefined, undefined, 'replay', undefined]))).toEqual([1, 2, 3, 1, 2, 4]);
  });

  it('lets the next frame overtake one, and loses neither', () => {
    expect(versions(operated(['swap', undefined, undefined]))).toEqual([2, 1, 3]);
  });

  it('gives a frame that nothing follows out when it is asked to', () => {
    expect(versions(operated([undefined, 'swap']))).toEqual([1, 2]);
  });

  it('gives a frame that is held out before the stream ends', () => {
    expect(operated(['swap', 'cut-end'])).toMatch(/^\{.*"1".*\}\n\{.*\[end\]$/);
  });

  it('keeps a frame to itself', () => {
    expect(versions(operated([undefined, 'swallow', undefined]))).toEqual([1, 3]);
  });

  it('stops in the middle of a frame, and takes in nothing after it', () => {
    const text = operated([undefined, 'cut-reset', undefined]);
    expect(versions(text)).toEqual([1]);
    expect(text).toMatch(/\[reset\]$/);
    expect(text).not.toContain('"3"');
  });

  it('sends bytes one by one, cut inside of characters', () => {
    const surgeon = new FrameSurgeon({ choose: () => 'shred' });
    const [operation] = surgeon.push(Buffer.from(frame(1)));
    expect(operation?.chunks.every(({ length }) => length === 1)).toBe(true);
    expect(Buffer.concat([...operation!.chunks]).toString('utf8')).toBe(frame(1));
  });

  it('puts an error in the stream in the words of an API server', () => {
    const [line = ''] = operated(['error-410']).split('\n');
    expect(JSON.parse(line)).toMatchObject({
      type: 'ERROR',
      object: { kind: 'Status', code: 410, reason: 'Expired' },
    });
  });

  it('ends the stream, or leaves it open and silent, after what cannot be gone on from', () => {
    const endings = (fault: FrameFault): string =>
      /\[(\w+)\]$/.exec(operated([fault, undefined]))?.[1] ?? 'goes on';
    expect(Object.fromEntries(frameFaultNames.map((fault) => [fault, endings(fault)]))).toEqual({
      duplicate: 'goes on',
      replay: 'goes on',
      swap: 'goes on',
      swallow: 'goes on',
      shred: 'goes on',
      'cut-end': 'end',
      'cut-reset': 'reset',
      garbage: 'end',
      stall: 'stall',
      'error-410': 'end',
      'error-500': 'end',
      'error-429': 'end',
    });
  });

  it('knows bookmarks and versions', () => {
    expect(isBookmark(Buffer.from(frame(7, 'BOOKMARK')))).toBe(true);
    expect(isBookmark(Buffer.from(frame(7)))).toBe(false);
    expect(frameVersion(Buffer.from(frame(7)))).toBe(7);
    expect(frameVersion(Buffer.from('{"type":"MODI'))).toBe(0);
  });
});
