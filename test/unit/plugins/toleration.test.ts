import { describe, expect, it } from '@jest/globals';
import type { Taint } from '../../../src/cluster/node.js';
import type { Toleration } from '../../../src/cluster/pod.js';
import { isHard, tolerates, toleratesHardTaints } from '../../../src/plugins/toleration.js';

const none: Toleration = { key: '', operator: '', value: '', effect: '' };

describe('a toleration', () => {
  it.each<[string, Partial<Toleration>, Taint, boolean]>([
    [
      'without a key and with Exists',
      { operator: 'Exists' },
      { key: 'any', value: 'x', effect: 'NoExecute' },
      true,
    ],
    ['without an operator and value', { key: 'k' }, { key: 'k', value: '', effect: 'NoSchedule' }, true],
    [
      'of another effect',
      { key: 'k', operator: 'Equal', value: 'v', effect: 'NoExecute' },
      { key: 'k', value: 'v', effect: 'NoSchedule' },
      false,
    ],
    [
      'of the same effect',
      { key: 'k', operator: 'Equal', value: 'v', effect: 'NoSchedule' },
      { key: 'k', value: 'v', effect: 'NoSchedule' },
      true,
    ],
    [
      'of another value',
      { key: 'k', operator: 'Equal', value: 'w' },
      { key: 'k', value: 'v', effect: 'NoSchedule' },
      false,
    ],
    [
      'of another key',
      { key: 'l', operator: 'Exists' },
      { key: 'k', value: 'v', effect: 'NoSchedule' },
      false,
    ],
    [
      'with Gt, whose gate is off',
      { key: 'k', operator: 'Gt', value: '5' },
      { key: 'k', value: '9', effect: 'NoSchedule' },
      false,
    ],
    [
      'without a key, compared by value',
      { value: 'v' },
      { key: 'k', value: 'v', effect: 'NoSchedule' },
      true,
    ],
  ])('%s', (_what, toleration, taint, expected) => {
    expect(tolerates({ ...none, ...toleration }, taint)).toBe(expected);
  });

  it('has to cover every hard taint, and none of the others', () => {
    const taints = ['NoSchedule', 'PreferNoSchedule', 'Unknown'].map((effect) => ({
      key: 'k',
      value: '',
      effect,
    }));
    expect(taints.map(isHard)).toEqual([true, false, false]);
    expect(toleratesHardTaints(taints, [])).toBe(false);
    expect(toleratesHardTaints(taints, [{ ...none, key: 'k', effect: 'NoSchedule' }])).toBe(true);
    expect(
      toleratesHardTaints(
        [...taints, { key: 'other', value: '', effect: 'NoExecute' }],
        [{ ...none, key: 'k' }],
      ),
    ).toBe(false);
  });
});
