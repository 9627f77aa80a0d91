import type { Dice } from '../dice.js';

/** Amounts of cpu that a container asks for, written in all ways. */
export function cpu(dice: Dice): string {
  return dice.weighted<() => string>([
    [6, () => dice.pick(['100m', '250m', '500m', '1', '2'])],
    [2, () => `${dice.int(1, 1500)}m`],
    [
      1,
      () =>
        dice.pick(['0', '0.1', '0.25', '1.5', '.5', '0.0005', '100.5m', '1e0', '2E0', '1500u', '3000000n']),
    ],
  ])();
}

export function memory(dice: Dice): string {
  return dice.weighted<() => string>([
    [6, () => dice.pick(['64Mi', '128Mi', '512Mi', '1Gi', '2Gi'])],
    [2, () => `${dice.int(1, 3000)}${dice.pick(['M', 'Mi'])}`],
    [
      1,
      () =>
        dice.pick([
          '0',
          '1',
          '1.5',
          '0.5Gi',
          '1e9',
          '123456789',
          '1.5G',
          '128974848k',
          '1000000m',
          '0.1Mi',
          '3E6',
        ]),
    ],
  ])();
}

export function storage(dice: Dice): string {
  return dice.pick(['0', '1Gi', '5Gi', '10G', '500Mi', '20Gi', '1e9']);
}
