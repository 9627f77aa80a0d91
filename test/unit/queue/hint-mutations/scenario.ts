import type { EventResource } from '../../../../src/framework/cluster-event.js';
import type { PodParts } from '../../../build-objects.js';
import type { HintWorld } from './hint-world.js';

/** A pod that one plugin refuses, and a change that cures it: with the next attempt it is placed. */
export interface Scenario {
  readonly plugin: string;
  readonly resource: EventResource;
  /** A bit of `Action`, or all update bits. */
  readonly action: number;
  /** What there is before the pod comes. */
  readonly given: (world: HintWorld) => void;
  readonly pod: PodParts;
  /** Those that refuse the pod as well, and that the change does not concern. */
  readonly besides?: readonly string[];
  /** What happens before the cure, and brings the pod no further. */
  readonly meanwhile?: (world: HintWorld) => void;
  readonly cure: (world: HintWorld) => void;
  /** Changes of the same kind that do not help, each after the refusal. */
  readonly idle?: Readonly<Record<string, (world: HintWorld) => void>>;
  /** The plugins without which this cannot come about, where others by default refuse the pod before. */
  readonly only?: readonly string[];
  /** False where it is the registration alone that counts, and the hint says Skip in any case. */
  readonly hintDecides?: false;
}

/** The pod that all is about. */
export const subject = 'subject';
