import type { ControlPlane } from '../../controlplane/control-plane.js';
import type { BenchCase } from './bench-case.js';

/** What a run works with. */
export interface RunContext {
  /** With the population of the case, at rest, no scheduler started. */
  readonly plane: ControlPlane;
  readonly benchCase: BenchCase;
  readonly signal: AbortSignal;
}

/** A run that takes longer has failed. */
export const runWithinMs = 240_000;
/** What a scheduler may use and still count as at rest, in parts of a processor. */
export const restShare = 0.06;
/** A scheduler that is not at rest after so long is measured as it is. */
export const restWithinMs = 20_000;
