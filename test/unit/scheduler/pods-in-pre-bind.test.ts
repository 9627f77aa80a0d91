import { describe, expect, it } from '@jest/globals';
import { PodsInPreBind } from '../../../src/scheduler/pods-in-pre-bind.js';

describe('a pod in PreBind', () => {
  it('can be called back until PreBind is over', () => {
    const pods = new PodsInPreBind();
    const signal = pods.enter('u');
    expect(pods.cancel('u', 'too important')).toBe(true);
    expect(signal.aborted).toBe(true);
    expect(pods.leave('u')).toBe('too important');
    expect(pods.cancel('u', 'again')).toBe(false);
    expect(pods.size).toBe(0);
  });

  it('keeps the first reason', () => {
    const pods = new PodsInPreBind();
    pods.enter('u');
    pods.cancel('u', 'first');
    expect(pods.cancel('u', 'second')).toBe(true);
    expect(pods.leave('u')).toBe('first');
  });

  it('goes on when nobody calls', () => {
    const pods = new PodsInPreBind();
    const signal = pods.enter('u');
    expect(pods.cancel('other', 'x')).toBe(false);
    expect(pods.leave('u')).toBeUndefined();
    expect(signal.aborted).toBe(false);
  });
});
