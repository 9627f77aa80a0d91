import { describe, expect, it } from '@jest/globals';
import {
  compileNodeSelector,
  compilePreferredTerms,
  compileRequiredNodeAffinity,
  compileStrictNodeSelector,
  matchesNode,
  meetsRequiredAffinity,
  preferredScore,
} from '../../../src/kube/node-selector.js';

const onName = (operator: string, ...values: string[]) => ({ key: 'metadata.name', operator, values });
const exists = (key: string) => ({ key, operator: 'Exists' });

describe('compileNodeSelector', () => {
  it.each([
    ['no terms', [], 'n1', false],
    ['an empty term', [{}], 'n1', false],
    ['an empty term beside one that holds', [{}, { matchExpressions: [exists('a')] }], 'n1', true],
    [
      'expressions that hold in different terms',
      [{ matchExpressions: [exists('a'), exists('z')] }],
      'n1',
      false,
    ],
    [
      'the second of two terms',
      [{ matchExpressions: [exists('z')] }, { matchFields: [onName('In', 'n1')] }],
      'n1',
      true,
    ],
    [
      'a name and a missing label',
      [{ matchFields: [onName('In', 'n1')], matchExpressions: [exists('z')] }],
      'n1',
      false,
    ],
    ['two names', [{ matchFields: [onName('In', 'n1', 'n2')] }], 'n1', false],
    ['another name', [{ matchFields: [onName('NotIn', 'n2')] }], 'n1', true],
    [
      'a field other than the name',
      [{ matchFields: [{ key: 'spec.x', operator: 'In', values: ['n1'] }] }],
      'n1',
      false,
    ],
    [
      'a field other than the name, NotIn',
      [{ matchFields: [{ key: 'spec.x', operator: 'NotIn', values: ['n1'] }] }],
      'n1',
      true,
    ],
    ['fields on an object without a name', [{ matchFields: [onName('In', 'n2')] }], '', true],
    [
      'a bound on a number',
      [{ matchExpressions: [{ key: 'cpus', operator: 'Gt', values: ['7'] }] }],
      'n1',
      true,
    ],
  ])('judges %s', (_, nodeSelectorTerms, name, expected) => {
    expect(matchesNode(compileNodeSelector({ nodeSelectorTerms }), { a: '', cpus: '8' }, name)).toBe(
      expected,
    );
  });

  it('leaves a malformed term out and keeps the others', () => {
    const selector = compileNodeSelector({
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'a', operator: 'Gt', values: ['x'] }] },
        { matchFields: [{ key: 'metadata.name', operator: 'Exists' }] },
        { matchExpressions: [exists('a')] },
      ],
    });
    expect([selector.terms.length, selector.errors.length]).toEqual([1, 2]);
    expect(matchesNode(selector, { a: '' }, 'n1')).toBe(true);
    expect(matchesNode(selector, {}, 'n1')).toBe(false);
  });

  it('shows its conditions as data', () => {
    const selector = compileNodeSelector({
      nodeSelectorTerms: [
        {
          matchExpressions: [{ key: 'a', operator: 'Lt', values: ['9223372036854775807'] }],
          matchFields: [onName('In', 'n1')],
        },
      ],
    });
    expect(selector.terms).toEqual([
      {
        expressions: [
          {
            key: 'a',
            operator: 'Lt',
            values: new Set(['9223372036854775807']),
            integer: 9223372036854775807n,
          },
        ],
        fields: [{ key: 'metadata.name', operator: 'In', value: 'n1' }],
      },
    ]);
  });
});

describe('compileStrictNodeSelector', () => {
  it('fails for one malformed term, and passes over an empty one', () => {
    const good = { matchExpressions: [exists('a')] };
    expect(compileStrictNodeSelector({ nodeSelectorTerms: [good, {}] })).toMatchObject({ ok: true });
    expect(
      compileStrictNodeSelector({ nodeSelectorTerms: [good, { matchFields: [onName('In', 'a', 'b')] }] }),
    ).toMatchObject({ ok: false, error: expect.stringContaining('metadata.name') });
  });
});

describe('compilePreferredTerms', () => {
  const bad = { matchExpressions: [{ key: 'a', operator: 'In', values: [] }] };

  it('adds up the weights of the terms that hold', () => {
    const compiled = compilePreferredTerms([
      { weight: 10, preference: { matchExpressions: [exists('a')] } },
      { weight: 0, preference: bad },
      { weight: 7, preference: {} },
      { weight: 5, preference: { matchExpressions: [exists('b')] } },
      { weight: 2, preference: { matchFields: [onName('In', 'n1')] } },
    ]);
    if (!compiled.ok) throw new Error(compiled.error);
    expect(compiled.terms.map(({ weight }) => weight)).toEqual([10, 5, 2]);
    expect(preferredScore(compiled.terms, { a: '' }, 'n1')).toBe(12);
    expect(preferredScore(compiled.terms, { b: '' }, 'n2')).toBe(5);
    expect(preferredScore(compiled.terms, undefined, 'n2')).toBe(0);
  });

  it('fails as a whole for a malformed term that has weight', () => {
    expect(
      compilePreferredTerms([
        { weight: 1, preference: { matchExpressions: [exists('a')] } },
        { weight: 1, preference: bad },
      ]),
    ).toMatchObject({ ok: false });
  });
});

describe('compileRequiredNodeAffinity', () => {
  it('demands the nodeSelector map and one of the terms', () => {
    const required = compileRequiredNodeAffinity(
      { disk: 'ssd' },
      { nodeSelectorTerms: [{ matchExpressions: [exists('a')] }] },
    );
    expect(meetsRequiredAffinity(required, { disk: 'ssd', a: '' }, 'n1')).toBe(true);
    expect(meetsRequiredAffinity(required, { disk: 'ssd' }, 'n1')).toBe(false);
    expect(meetsRequiredAffinity(required, { a: '' }, 'n1')).toBe(false);
  });

  it('demands nothing when neither is there, and the impossible when the list of terms is empty', () => {
    expect(meetsRequiredAffinity(compileRequiredNodeAffinity(null, undefined), {}, 'n1')).toBe(true);
    expect(meetsRequiredAffinity(compileRequiredNodeAffinity(null, {}), {}, 'n1')).toBe(false);
  });
});
