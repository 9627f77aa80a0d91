import { describe, expect, it } from '@jest/globals';
import { FrameTooLargeError } from '../../../src/kube/frame-splitter.js';
import { MessageSplitter } from '../../../src/kube/message-splitter.js';

const message = (text: string): Buffer => Buffer.from(`\0\0\0${String.fromCharCode(text.length)}${text}`);

describe('MessageSplitter', () => {
  it('knows how many bytes of a message have come that is not whole', () => {
    const splitter = new MessageSplitter();
    expect(
      [...splitter.push(Buffer.concat([message('one'), message('two').subarray(0, 6)]))].map(String),
    ).toEqual(['one']);
    expect(splitter.pendingBytes).toBe(6);
    expect([...splitter.push(message('two').subarray(6))].map(String)).toEqual(['two']);
    expect(splitter.pendingBytes).toBe(0);
  });

  it('takes no part of a length for a length', () => {
    const splitter = new MessageSplitter();
    expect([...splitter.push(message('one').subarray(0, 3))]).toEqual([]);
    expect(splitter.pendingBytes).toBe(3);
    expect([...splitter.push(message('one').subarray(3))].map(String)).toEqual(['one']);
  });

  it('refuses a message that says it is larger than anything can be, before it comes', () => {
    const splitter = new MessageSplitter({ maxFrameBytes: 10 });
    expect([...splitter.push(message('0123456789'))]).toHaveLength(1);
    expect(() => [...splitter.push(message('01234567890').subarray(0, 4))]).toThrow(FrameTooLargeError);
  });
});
