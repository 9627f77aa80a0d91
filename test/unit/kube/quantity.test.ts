import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { QuantityError, quantityMilliValue, quantityValue } from '../../../src/kube/quantity.js';

describe('quantityValue', () => {
  it.each([
    ['0', 0],
    ['5', 5],
    ['1.5', 2],
    ['0.1', 1],
    ['100m', 1],
    ['1n', 1],
    ['1u', 1],
    ['1k', 1000],
    ['1Ki', 1024],
    ['64Mi', 67108864],
    ['1.5Gi', 1610612736],
    ['1Ti', 2 ** 40],
    ['1Pi', 2 ** 50],
    ['1Ei', 2 ** 60],
    ['2M', 2e6],
    ['2G', 2e9],
    ['2T', 2e12],
    ['2P', 2e15],
    ['2E', 2e18],
    ['1e3', 1000],
    ['1E3', 1000],
    ['1E', 1e18],
    ['12e-1', 2],
    ['1e+2', 100],
    ['.5Ki', 512],
    ['5.', 5],
    ['+7', 7],
    ['-1.5', -2],
    ['-0', 0],
    ['007', 7],
    [3, 3],
    [0.25, 1],
    [1e21, 2 ** 63],
  ])('reads %s as %d', (text, value) => {
    expect(quantityValue(text)).toBe(value);
  });

  it('holds what is above int64 at 2^63, at once, however great the exponent', () => {
    expect(quantityValue('100E')).toBe(2 ** 63);
    expect(quantityValue('-100Ei')).toBe(-(2 ** 63));
    expect(quantityValue('1e999999999999')).toBe(2 ** 63);
    expect(quantityValue('1e-999999999999')).toBe(1);
    expect(quantityValue('0e999999999999')).toBe(0);
  });

  it.each([
    '',
    ' ',
    '1 ',
    'abc',
    '1KI',
    '1ki',
    '1mi',
    '1K',
    'Ki',
    '.',
    '-',
    '1..2',
    '1e',
    '1e1.5',
    '1Kim',
    '0x1',
    'NaN',
    '--1',
    '9'.repeat(200),
  ])('refuses %j and names it', (text) => {
    expect(() => quantityValue(text)).toThrow(QuantityError);
    expect(() => quantityMilliValue(text)).toThrow(JSON.stringify(text));
  });
});

describe('quantityMilliValue', () => {
  it.each([
    ['100.5m', 101],
    ['2', 2000],
    ['0.25', 250],
    ['1u', 1],
    ['1500u', 2],
    ['4Gi', 4 * 2 ** 30 * 1000],
    ['-0.0001', -1],
    ['9007199254740', 9007199254740000],
    ['9E', 2 ** 63],
  ])('reads %s as %d', (text, value) => {
    expect(quantityMilliValue(text)).toBe(value);
  });
});

describe('both', () => {
  const factors: Record<string, readonly [bigint, bigint]> = {
    n: [1n, 10n ** 9n],
    u: [1n, 10n ** 6n],
    m: [1n, 1000n],
    '': [1n, 1n],
    k: [10n ** 3n, 1n],
    M: [10n ** 6n, 1n],
    G: [10n ** 9n, 1n],
    T: [10n ** 12n, 1n],
    P: [10n ** 15n, 1n],
    E: [10n ** 18n, 1n],
    Ki: [2n ** 10n, 1n],
    Mi: [2n ** 20n, 1n],
    Gi: [2n ** 30n, 1n],
    Ti: [2n ** 40n, 1n],
    Pi: [2n ** 50n, 1n],
    Ei: [2n ** 60n, 1n],
    e5: [10n ** 5n, 1n],
    'E-7': [1n, 10n ** 7n],
    'e+2': [100n, 1n],
  };

  it('agree with rational arithmetic on any text, whether or not the answer is remembered', () => {
    const ceiling = (numerator: bigint, denominator: bigint): number => {
      let result = numerator / denominator;
      if (result * denominator !== numerator) result += 1n;
      return Number(result > 2n ** 63n ? 2n ** 63n : result);
    };
    fc.assert(
      fc.property(
        fc.constantFrom('', '-', '+'),
        fc.bigInt({ min: 0n, max: 10n ** 22n }),
        fc.option(fc.stringMatching(/^[0-9]{0,12}$/), { nil: undefined }),
        fc.constantFrom(...Object.keys(factors)),
        (sign, whole, fraction, suffix) => {
          const text = `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${suffix}`;
          const [times, over] = factors[suffix]!;
          const numerator = BigInt(`${whole}${fraction ?? ''}`) * times;
          const denominator = 10n ** BigInt(fraction?.length ?? 0) * over;
          const signed = (value: number): number => (sign === '-' && value !== 0 ? -value : value);
          for (let round = 0; round < 2; round++) {
            expect(quantityValue(text)).toBe(signed(ceiling(numerator, denominator)));
            expect(quantityMilliValue(text)).toBe(signed(ceiling(numerator * 1000n, denominator)));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('stay right when more texts pass than are remembered', () => {
    for (let i = 0; i < 20_000; i++)
      if (quantityValue(`${i}Ki`) !== i * 1024) throw new Error(`wrong at ${i}`);
    expect(quantityValue('3Ki')).toBe(3072);
  });
});
