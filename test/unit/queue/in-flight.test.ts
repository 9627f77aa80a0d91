import { beforeEach, describe, expect, it } from '@jest/globals';
import { nodeAdd } from '../../../src/framework/cluster-events.js';
import { InFlight, type OccurredEvent } from '../../../src/queue/in-flight.js';

let inFlight: InFlight;

beforeEach(() => {
  inFlight = new InFlight();
});

function record(name: string): OccurredEvent {
  const occurred = { event: nodeAdd, old: undefined, now: name };
  inFlight.record(occurred);
  return occurred;
}

function since(uid: string): unknown[] {
  return inFlight.since(uid).map(({ now }) => now);
}

describe('InFlight', () => {
  it('remembers for each pod what happened since it was popped', () => {
    inFlight.begin('a');
    record('one');
    inFlight.begin('b');
    record('two');
    expect(since('a')).toEqual(['one', 'two']);
    expect(since('b')).toEqual(['two']);
  });

  it('remembers nothing while no pod is under way', () => {
    record('one');
    inFlight.begin('a');
    expect(since('a')).toEqual([]);
    expect(inFlight.eventCount).toBe(0);
  });

  it('drops what only ended attempts had to see, whatever the order in which they end', () => {
    inFlight.begin('a');
    record('one');
    inFlight.begin('b');
    record('two');
    inFlight.begin('c');
    record('three');
    inFlight.end('b');
    expect(inFlight.eventCount).toBe(3);
    inFlight.end('a');
    expect(inFlight.eventCount).toBe(1);
    expect(since('c')).toEqual(['three']);
    inFlight.end('c');
    expect([inFlight.eventCount, inFlight.podCount]).toEqual([0, 0]);
  });

  it('starts anew for a pod that comes again', () => {
    inFlight.begin('keeps-events');
    inFlight.begin('a');
    record('one');
    inFlight.end('a');
    inFlight.begin('a');
    record('two');
    expect(since('a')).toEqual(['two']);
  });

  it('bears the end of what is not under way', () => {
    inFlight.begin('a');
    record('one');
    inFlight.end('nobody');
    inFlight.end('nobody');
    expect(since('a')).toEqual(['one']);
    expect(since('nobody')).toEqual([]);
    expect(inFlight.has('nobody')).toBe(false);
  });
});
