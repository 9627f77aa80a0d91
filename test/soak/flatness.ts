import type { Interruption } from './reconnects.js';
import { type HeldOnTo, heldOnTo, type Sample } from './sample.js';

/** How one quantity went over the time that is judged. */
export interface Course {
  readonly name: HeldOnTo;
  /** Medians of the first, the second and the last third. */
  readonly thirds: readonly [number, number, number];
  readonly highest: number;
  /** What the median of the last third may be. */
  readonly allowed: number;
  readonly isFlat: boolean;
}

/**
 * How much more the last third may have than the first: a share of it, and a little that says nothing. What is held goes up and down with
 * the number of pods, and what waits with what is being done to the cluster.
 */
const tolerance: Readonly<Record<HeldOnTo, { readonly share: number; readonly more: number }>> = {
  heapMb: { share: 0.1, more: 4 },
  leaseHeapMb: { share: 0.1, more: 1 },
  residentMb: { share: 0.15, more: 24 },
  threads: { share: 0, more: 1 },
  descriptors: { share: 0, more: 4 },
  sockets: { share: 0, more: 4 },
  handles: { share: 0, more: 8 },
  leaseHandles: { share: 0, more: 2 },
  waiting: { share: 0.25, more: 10 },
  assumed: { share: 0, more: 5 },
  inFlightEvents: { share: 0, more: 20 },
  tasks: { share: 0, more: 5 },
};

/** After an interruption work has piled up. */
const aftermathMs = 5_000;

/** Compares the beginning with the end, by medians of thirds, once the warm-up is over. What is held during interruptions says nothing. */
export function coursesOf(
  samples: readonly Sample[],
  warmUpMinutes: number,
  interruptions: readonly Interruption[] = [],
): Course[] {
  const isDisturbed = ({ at }: Sample): boolean =>
    interruptions.some(({ from, until }) => at >= from && at <= until + aftermathMs);
  const judged = samples.filter((sample) => sample.minutes >= warmUpMinutes && !isDisturbed(sample));
  return heldOnTo.map((name) => {
    const values = judged.map((sample) => sample[name]);
    const third = Math.ceil(values.length / 3);
    const [first, second, last] = [0, 1, 2].map((part) =>
      median(values.slice(part * third, (part + 1) * third)),
    );
    const { share, more } = tolerance[name];
    const allowed = (first ?? Number.NaN) * (1 + share) + more;
    return {
      name,
      thirds: [first ?? Number.NaN, second ?? Number.NaN, last ?? Number.NaN],
      highest: Math.max(...values),
      allowed,
      isFlat: (last ?? Number.NaN) <= allowed,
    };
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [below, above] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return ((below ?? Number.NaN) + (above ?? Number.NaN)) / 2;
}
