/** Below it, a difference of exact totals is rounding, not a reason. */
export const roundingNoise = 1e-9;
