import { SteppedClock } from '../src/testing/stepped-clock.js';

/** A clock that stands still until a test moves it. Its two times are the same number. */
export class ManualClock extends SteppedClock {
  constructor(now = 1_000_000_000_000) {
    super(now);
  }

  override monotonic(): number {
    return this.now();
  }
}
