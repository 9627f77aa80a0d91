import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ImageIndex } from '../../../src/cluster/image-index.js';
import type { NodeImage } from '../../../src/cluster/node.js';

const names = ['a:1', 'b:1', 'c:1'];
const images: readonly NodeImage[] = names.flatMap((name, i) => [
  { names: [name], sizeBytes: 10 },
  { names: [name, names[(i + 1) % names.length]!], sizeBytes: 20 },
]);
const list = fc.array(fc.constantFrom(...images), { maxLength: 4 });
const history = fc.array(fc.record({ slot: fc.nat(2), next: list, isCopy: fc.boolean() }), { maxLength: 20 });

function shown(index: ImageIndex) {
  return names.map((name) => {
    const entry = index.get(name);
    return entry === undefined ? undefined : [entry.sizeBytes, [...entry.slots].sort()];
  });
}

describe('the index of images', () => {
  it('says after a replacement what it says after removing and adding, and versions tell what changed', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const replaced = new ImageIndex();
        const anew = new ImageIndex();
        const held: (readonly NodeImage[])[] = [[], [], []];
        for (const { slot, next, isCopy } of steps) {
          const before = shown(replaced);
          const versions = names.map((name) => replaced.get(name)?.version);
          const listed = isCopy ? [...held[slot]!] : next;
          replaced.replace(slot, held[slot]!, listed);
          anew.remove(slot, held[slot]!);
          anew.add(slot, listed);
          held[slot] = listed;
          expect(shown(replaced)).toEqual(shown(anew));
          for (const [i, name] of names.entries()) {
            const isChanged = JSON.stringify(shown(replaced)[i]) !== JSON.stringify(before[i]);
            if (isChanged) expect(replaced.get(name)?.version).not.toBe(versions[i]);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('leaves the version of an image alone that a node has before and after', () => {
    const index = new ImageIndex();
    const [a, , b] = images as [NodeImage, NodeImage, NodeImage];
    index.add(0, [a]);
    const version = index.get('a:1')?.version;
    index.replace(0, [a], [a, b]);
    index.replace(0, [a, b], [b, a]);
    index.replace(0, [b, a], [a]);
    expect(index.get('a:1')?.version).toBe(version);
    expect(index.get('b:1')).toBeUndefined();
  });
});
