import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { onAbort } from '../../../src/kube/on-abort.js';

describe('whoever wants to hear of a signal', () => {
  it('is called once, in the order of asking, by one listener of the signal', () => {
    const abort = new AbortController();
    const called: number[] = [];
    for (let i = 0; i < 20; i++) onAbort(abort.signal, () => called.push(i));
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(1);
    abort.abort();
    expect(called).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('is not called after taking it back, also by another that is called before', () => {
    const abort = new AbortController();
    const called: string[] = [];
    onAbort(abort.signal, () => {
      called.push('first');
      cancelLater();
    });
    const cancelLater = onAbort(abort.signal, () => called.push('later'));
    onAbort(abort.signal, () => called.push('never'))();
    abort.abort();
    expect(called).toEqual(['first']);
  });

  it('is one of two who asked with the same function, and goes alone', () => {
    const abort = new AbortController();
    let calls = 0;
    const count = (): void => void calls++;
    const cancel = onAbort(abort.signal, count);
    onAbort(abort.signal, count);
    cancel();
    abort.abort();
    expect(calls).toBe(1);
  });
});
