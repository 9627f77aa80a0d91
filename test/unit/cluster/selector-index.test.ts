import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Clause, fulfils, SelectorIndex } from '../../../src/cluster/selector-index.js';
import { compileLabelSelector, type LabelMatcher } from '../../../src/kube/label-selector.js';
import { anyLabels, anySelectorSpec } from './any-selection.js';

function compiled(spec: Parameters<typeof compileLabelSelector>[0]): LabelMatcher {
  const result = compileLabelSelector(spec);
  if (!result.ok) throw new Error(result.error);
  return result.selector;
}

const clause = (spec: Parameters<typeof compileLabelSelector>[0]): Clause => ({
  namespaces: 'all',
  selector: compiled(spec),
});

function candidates<T>(index: SelectorIndex<T>, labels: Readonly<Record<string, string>>): T[] {
  const found: T[] = [];
  index.forEachCandidate(labels, (entry) => found.push(entry));
  return found;
}

describe('the index of selectors', () => {
  it('visits every clause that matches, and none twice, whatever was added and taken away before', () => {
    const entries = fc.array(fc.record({ spec: anySelectorSpec, stays: fc.boolean() }), { maxLength: 12 });
    fc.assert(
      fc.property(entries, anyLabels, (specs, labels) => {
        const index = new SelectorIndex<number>();
        const clauses = specs.map(({ spec }) => clause(spec));
        clauses.forEach((each, i) => {
          index.add(each, i);
        });
        specs.forEach(({ stays }, i) => {
          if (!stays) index.delete(clauses[i]!, i);
        });
        const visited = candidates(index, labels);
        expect(new Set(visited).size).toBe(visited.length);
        const matching = specs.flatMap(({ stays }, i) =>
          stays && fulfils(clauses[i]!, 'any', labels) ? [i] : [],
        );
        expect(visited).toEqual(expect.arrayContaining(matching));
        expect(visited.every((i) => specs[i]!.stays)).toBe(true);
      }),
    );
  });

  it('does not ask clauses that demand another value', () => {
    const index = new SelectorIndex<string>();
    index.add(clause({ matchLabels: { app: 'web' } }), 'web');
    index.add(clause({ matchLabels: { app: 'db' } }), 'db');
    index.add(clause({ matchExpressions: [{ key: 'app', operator: 'Exists' }] }), 'some app');
    index.add(clause({}), 'everything');
    index.add(clause(undefined), 'nothing');
    expect(candidates(index, { app: 'web' })).toEqual(['web', 'some app', 'everything']);
    expect(candidates(index, {})).toEqual(['some app', 'everything']);
  });

  it('is blind to what labels inherit', () => {
    const index = new SelectorIndex<string>();
    index.add(clause({ matchLabels: { constructor: 'x' } }), 'constructor');
    expect(candidates(index, {})).toEqual([]);
    expect(candidates(index, { constructor: 'x' } as never)).toEqual(['constructor']);
  });

  it('takes the namespace into account when it judges', () => {
    const web = compiled({ matchLabels: { app: 'web' } });
    expect(fulfils({ namespaces: new Set(['a']), selector: web }, 'a', { app: 'web' })).toBe(true);
    expect(fulfils({ namespaces: new Set(['a']), selector: web }, 'b', { app: 'web' })).toBe(false);
    expect(fulfils({ namespaces: 'all', selector: web }, 'b', { app: 'db' })).toBe(false);
  });
});
