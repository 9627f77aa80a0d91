import { describe, expect, it } from '@jest/globals';
import {
  compileRequirement,
  isLabelKey,
  isLabelValue,
  labelValue,
  parseLabelInteger,
  requirementsAccept,
} from '../../../src/kube/label-requirement.js';

const all = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']);

const judge = (operator: string, values: string[], labels: Record<string, string> | undefined): boolean => {
  const compiled = compileRequirement({ key: 'k', operator, values }, all);
  if (!compiled.ok) throw new Error(compiled.error);
  return requirementsAccept([compiled.requirement], labels);
};

describe('a requirement', () => {
  it.each([
    ['In', ['a', 'b'], { k: 'b' }, true],
    ['In', ['a'], { k: 'b' }, false],
    ['In', ['a'], {}, false],
    ['In', [''], { k: '' }, true],
    ['In', [''], {}, false],
    ['NotIn', ['a'], {}, true],
    ['NotIn', ['a'], undefined, true],
    ['NotIn', ['a'], { k: 'a' }, false],
    ['NotIn', ['a'], { k: 'b' }, true],
    ['Exists', [], { k: '' }, true],
    ['Exists', [], {}, false],
    ['DoesNotExist', [], {}, true],
    ['DoesNotExist', [], { k: '' }, false],
    ['Gt', ['5'], { k: '5' }, false],
    ['Gt', ['5'], { k: '06' }, true],
    ['Gt', ['5'], { k: '6.0' }, false],
    ['Gt', ['5'], { k: '9223372036854775808' }, false],
    ['Gt', ['9223372036854775806'], { k: '9223372036854775807' }, true],
    ['Lt', ['9223372036854775807'], { k: '9223372036854775806' }, true],
    ['Lt', ['5'], { k: 'abc' }, false],
    ['Lt', ['5'], { k: '4' }, true],
    ['Lt', ['5'], {}, false],
  ])('%s %j on %j is %s', (operator, values, labels, expected) => {
    expect(judge(operator, values, labels)).toBe(expected);
  });

  it.each([
    ['In', []],
    ['NotIn', []],
    ['Exists', ['a']],
    ['DoesNotExist', ['a']],
    ['Gt', []],
    ['Gt', ['1', '2']],
    ['Gt', ['1.5']],
    ['Lt', ['-1']],
    ['Lt', ['9223372036854775808']],
    ['In', ['a b']],
    ['In', ['x'.repeat(64)]],
    ['Equals', ['a']],
  ])('%s %j is refused', (operator, values) => {
    expect(compileRequirement({ key: 'k', operator, values }, all)).toMatchObject({ ok: false });
  });

  it('is not fooled by what objects inherit', () => {
    expect(labelValue({}, 'constructor')).toBeUndefined();
    expect(labelValue({ constructor: 'x' } as unknown as Record<string, string>, 'constructor')).toBe('x');
    expect(labelValue(null, 'k')).toBeUndefined();
  });
});

describe('names', () => {
  it.each(['a', 'kubernetes.io/hostname', 'A_b.c-9', 'x'.repeat(63), `${'a.'.repeat(126)}b/n`])(
    'takes key %s',
    (key) => {
      expect(isLabelKey(key)).toBe(true);
    },
  );
  it.each([
    '',
    '/',
    'a/',
    '/a',
    'a/b/c',
    'UP.io/a',
    '-a',
    'a-',
    'x'.repeat(64),
    `${'a.'.repeat(127)}b/n`,
    'a b',
  ])('refuses key %j', (key) => {
    expect(isLabelKey(key)).toBe(false);
  });
  it('takes the empty value and refuses one that starts or ends with a sign', () => {
    expect(['', 'a', '1.2_3-4'].every(isLabelValue)).toBe(true);
    expect(['-a', 'a.', 'ä', ' '].some(isLabelValue)).toBe(false);
  });
  it('reads int64 and nothing else', () => {
    expect(parseLabelInteger('-9223372036854775808')).toBe(-(2n ** 63n));
    expect(parseLabelInteger('+5')).toBe(5n);
    expect(parseLabelInteger('')).toBeUndefined();
    expect(parseLabelInteger('1e3')).toBeUndefined();
    expect(parseLabelInteger('0x10')).toBeUndefined();
  });
});
