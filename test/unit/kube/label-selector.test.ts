import { describe, expect, it } from '@jest/globals';
import {
  compileLabelSelector,
  type LabelMatcher,
  labelMapSelector,
} from '../../../src/kube/label-selector.js';

const compiled = (spec: Parameters<typeof compileLabelSelector>[0]): LabelMatcher => {
  const result = compileLabelSelector(spec);
  if (!result.ok) throw new Error(result.error);
  return result.selector;
};

describe('compileLabelSelector', () => {
  it.each([undefined, null])('makes of %s a selector that matches nothing and is not empty', (spec) => {
    const selector = compiled(spec);
    expect([selector.kind, selector.isEmpty, selector.matches({}), selector.matches({ a: 'b' })]).toEqual([
      'nothing',
      false,
      false,
      false,
    ]);
  });

  it.each([{}, { matchLabels: {}, matchExpressions: [] }, { matchLabels: null, matchExpressions: null }])(
    'makes of %j a selector that matches everything and is empty',
    (spec) => {
      const selector = compiled(spec);
      expect([selector.kind, selector.isEmpty, selector.matches(undefined)]).toEqual([
        'everything',
        true,
        true,
      ]);
    },
  );

  it('requires all labels and all expressions', () => {
    const selector = compiled({
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'NotIn', values: ['test'] },
        { key: 'zone', operator: 'Exists' },
      ],
    });
    expect(selector).toMatchObject({ kind: 'requirements', isEmpty: false });
    expect(selector.requirements.map(({ key }) => key)).toEqual(['app', 'tier', 'zone']);
    expect(selector.matches({ app: 'web', zone: '' })).toBe(true);
    expect(selector.matches({ app: 'web' })).toBe(false);
    expect(selector.matches({ app: 'web', zone: 'a', tier: 'test' })).toBe(false);
    expect(selector.matches({ app: 'db', zone: 'a' })).toBe(false);
    expect(selector.matches(undefined)).toBe(false);
  });

  it.each([
    { matchLabels: { 'not a key': 'v' } },
    { matchLabels: { k: 'not a value' } },
    { matchLabels: { good: 'v' }, matchExpressions: [{ key: 'k', operator: 'In', values: [] }] },
    { matchExpressions: [{ key: 'k', operator: 'Gt', values: ['1'] }] },
    { matchExpressions: [{ key: '', operator: 'Exists' }] },
  ])('refuses %j as a whole', (spec) => {
    expect(compileLabelSelector(spec)).toMatchObject({ ok: false, error: expect.any(String) });
  });
});

describe('labelMapSelector', () => {
  it('compares without validation and matches everything when there is no map', () => {
    expect(labelMapSelector(undefined).kind).toBe('everything');
    expect(labelMapSelector({ k: 'not a value' }).matches({ k: 'not a value' })).toBe(true);
    expect(labelMapSelector({ k: 'v' }).matches({ k: 'w' })).toBe(false);
  });
});
