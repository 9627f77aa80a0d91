import { describe, expect, it } from '@jest/globals';
import { addTo, amountOf, toRequests, withDefaults } from '../../../src/cluster/resource-map.js';

const total = (name: string, ...quantities: string[]) => {
  const sum = new Map<string, number>();
  for (const quantity of quantities) addTo(sum, new Map([[name, amountOf(name, quantity)]]));
  return sum;
};

describe('resource maps', () => {
  it('round a sum and not its terms', () => {
    expect(toRequests(total('memory', '1.5', '1.5')).memory).toBe(3);
    expect(toRequests(total('memory', '1.5')).memory).toBe(2);
    expect(toRequests(total('memory', '0.1', '2.7', '0.2')).memory).toBe(3);
    expect(toRequests(total('memory', '1m', '8Ti')).memory).toBe(2 ** 43 + 1);
    expect(toRequests(total('cpu', '100m', '0.25', '1')).cpu).toBe(1350);
  });

  it('keep large amounts exact', () => {
    expect(toRequests(total('memory', '8Pi', '-1')).memory).toBe(2 ** 53 - 1);
    expect(toRequests(total('ephemeral-storage', '100Ti', '1')).ephemeralStorage).toBe(100 * 2 ** 40 + 1);
  });

  it('leave out names that have no place and keep a scalar of 0', () => {
    const requests = toRequests(
      new Map([
        ['pods', 5],
        ['storage', 7],
        ['example.com/gpu', 0],
        ['hugepages-2Mi', 4],
      ]),
    );
    expect(requests).toEqual({
      cpu: 0,
      memory: 0,
      ephemeralStorage: 0,
      scalars: new Map([
        ['example.com/gpu', 0],
        ['hugepages-2Mi', 4],
      ]),
    });
  });

  it('take a default for what is absent, not for a 0', () => {
    const defaults = new Map([
      ['cpu', 100],
      ['memory', 200],
    ]);
    expect([...withDefaults(new Map([['cpu', 0]]), defaults)]).toEqual([
      ['cpu', 0],
      ['memory', 200],
    ]);
  });
});
