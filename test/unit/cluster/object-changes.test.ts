import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ObjectChanges } from '../../../src/cluster/object-changes.js';
import { ObjectTable } from '../../../src/cluster/object-table.js';

interface Thing {
  readonly namespace: string;
  readonly name: string;
  readonly version: number;
}

const thing = (name: string, version = 1, namespace = 'a'): Thing => ({ namespace, name, version });

function told(changes: ObjectChanges<Thing>): string[] {
  const found: string[] = [];
  changes.forEach(({ namespace, name, version }, isThere) => {
    found.push(`${isThere ? '+' : '-'}${namespace}/${name}@${version}`);
  });
  return found;
}

describe('Changes of a table of objects', () => {
  it('are told once: what came, what was replaced, what went', () => {
    const table = new ObjectTable<Thing>();
    table.set(thing('x'));
    const changes = new ObjectChanges(table);
    expect(told(changes)).toEqual(['+a/x@1']);
    expect(told(changes)).toEqual([]);
    table.set(thing('y'));
    table.set(thing('x', 2));
    expect(told(changes)).toEqual(['-a/x@1', '+a/x@2', '+a/y@1']);
    table.delete(thing('x'));
    expect(told(changes)).toEqual(['-a/x@2']);
    table.set(thing('y', 1, 'b'));
    expect(told(changes)).toEqual(['+b/y@1']);
  });

  it('say nothing of what came and went again unseen', () => {
    const table = new ObjectTable<Thing>();
    const changes = new ObjectChanges(table);
    table.set(thing('x'));
    table.delete(thing('x'));
    expect(told(changes)).toEqual([]);
  });

  it('lead from what was told to what is there, after any history', () => {
    const step = fc.record({
      name: fc.constantFrom('x', 'y', 'z'),
      namespace: fc.constantFrom('a', 'b'),
      kind: fc.constantFrom('set' as const, 'delete' as const, 'look' as const),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const table = new ObjectTable<Thing>();
        const changes = new ObjectChanges(table);
        const known = new Set<Thing>();
        let version = 0;
        for (const { kind, name, namespace } of steps) {
          if (kind === 'set') table.set(thing(name, ++version, namespace));
          else if (kind === 'delete') table.delete(thing(name, 0, namespace));
          if (kind !== 'look') continue;
          changes.forEach((object, isThere) => {
            // Told of what was not known, or untold twice: no news.
            expect(known.has(object)).toBe(!isThere);
            if (isThere) known.add(object);
            else known.delete(object);
          });
          expect([...known].sort(byVersion)).toEqual([...table.values()].sort(byVersion));
        }
      }),
      { numRuns: 300 },
    );
  });
});

function byVersion(a: Thing, b: Thing): number {
  return a.version - b.version;
}
