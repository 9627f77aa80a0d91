import { describe, expect, it } from '@jest/globals';
import { type Course, coursesOf } from '../../soak/flatness.js';
import type { HeldOnTo, Sample } from '../../soak/sample.js';

const still: Sample = {
  at: 0,
  minutes: 0,
  heapMb: 60,
  leaseHeapMb: 17,
  residentMb: 150,
  threads: 12,
  descriptors: 40,
  sockets: 20,
  handles: 40,
  leaseHandles: 2,
  waiting: 20,
  assumed: 1,
  cachedPods: 250,
  inFlightEvents: 0,
  tasks: 2,
  divergence: 0,
  attempts: 0,
};

/** Twenty minutes, a sample each tenth of a minute. */
function run(sampleAt: (minutes: number) => Partial<Sample>): Sample[] {
  return Array.from({ length: 200 }, (_, index) => {
    const minutes = index / 10;
    return { ...still, at: minutes * 60_000, minutes, ...sampleAt(minutes) };
  });
}

function course(name: HeldOnTo, samples: readonly Sample[]): Course {
  return coursesOf(samples, 2).find((found) => found.name === name)!;
}

describe('the course of a quantity', () => {
  it('is flat when it goes up and down and stays where it was', () => {
    const sawtooth = run((minutes) => ({ heapMb: 50 + 30 * (minutes % 1) }));
    expect(coursesOf(sawtooth, 2).filter(({ isFlat }) => !isFlat)).toEqual([]);
    expect(course('heapMb', sawtooth).highest).toBeCloseTo(77);
  });

  it.each<[HeldOnTo, number]>([
    ['heapMb', 1],
    ['leaseHeapMb', 0.3],
    ['residentMb', 6],
    ['threads', 0.2],
    ['descriptors', 1],
    ['sockets', 1],
    ['handles', 1],
    ['leaseHandles', 0.3],
    ['waiting', 3],
    ['assumed', 1],
    ['inFlightEvents', 3],
    ['tasks', 1],
  ])('is not when %s grows by %p each minute', (name, growth) => {
    const growing = run((minutes) => ({ [name]: still[name] + growth * minutes }));
    expect(course(name, growing).isFlat).toBe(false);
    expect(coursesOf(growing, 2).filter(({ isFlat }) => !isFlat)).toHaveLength(1);
  });

  it('does not depend on what happened while the program warmed up', () => {
    const samples = run((minutes) => ({ heapMb: minutes < 2 ? 500 : 60 }));
    expect(course('heapMb', samples)).toMatchObject({ thirds: [60, 60, 60], highest: 60 });
  });

  it('does not depend on what is held while the API server is away', () => {
    const away = { from: 14 * 60_000, until: 19.9 * 60_000 };
    const samples = run((minutes) => ({ assumed: minutes >= 14 && minutes < 20 ? 500 : 1 }));
    expect(coursesOf(samples, 2).every(({ isFlat }) => isFlat)).toBe(false);
    expect(coursesOf(samples, 2, [away]).every(({ isFlat }) => isFlat)).toBe(true);
  });

  it('is not taken for flat when there are no samples', () => {
    expect(coursesOf([], 0).some(({ isFlat }) => isFlat)).toBe(false);
  });
});
