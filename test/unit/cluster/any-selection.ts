import fc from 'fast-check';
import { type PodSelection, selectionKey } from '../../../src/cluster/pod-counts.js';
import { compileLabelSelector, type LabelSelectorSpec } from '../../../src/kube/label-selector.js';

/*
 * Labels, selectors and selections over so few keys and values that they often meet.
 */

const key = fc.constantFrom('app', 'tier', 'track');
const value = fc.constantFrom('a', 'b', 'c');

export const anyLabels = fc.dictionary(key, value, { noNullPrototype: true });

const expression = fc.oneof(
  fc.record({
    key,
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.uniqueArray(value, { minLength: 1 }),
  }),
  fc.record({ key, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);

export const anySelectorSpec: fc.Arbitrary<LabelSelectorSpec | undefined> = fc.option(
  fc.record(
    {
      matchLabels: fc.dictionary(key, value, { maxKeys: 2, noNullPrototype: true }),
      matchExpressions: fc.array(expression, { maxLength: 2 }),
    },
    { requiredKeys: [] },
  ),
  { nil: undefined },
);

const namespaces = fc.oneof(
  fc.constant('all' as const),
  fc.uniqueArray(fc.constantFrom('x', 'y'), { minLength: 1 }).map((names) => new Set(names)),
);

export const anySelection: fc.Arbitrary<PodSelection> = fc
  .record({
    clauses: fc.array(fc.record({ namespaces, spec: anySelectorSpec }), { minLength: 1, maxLength: 2 }),
    withoutTerminating: fc.boolean(),
  })
  .map(({ clauses, withoutTerminating }) =>
    selection(
      clauses.map(({ namespaces: names, spec }) => ({ namespaces: names, spec })),
      withoutTerminating,
    ),
  );

export function selection(
  clauses: readonly {
    readonly namespaces: 'all' | ReadonlySet<string>;
    readonly spec: LabelSelectorSpec | undefined;
  }[],
  withoutTerminating = false,
): PodSelection {
  const compiled = clauses.map(({ namespaces: names, spec }) => {
    const result = compileLabelSelector(spec);
    if (!result.ok) throw new Error(result.error);
    return { namespaces: names, selector: result.selector };
  });
  return { key: selectionKey(compiled, { withoutTerminating }), clauses: compiled, withoutTerminating };
}
