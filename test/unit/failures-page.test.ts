import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { frameFaultNames, incidents, requestFaultNames } from '../faults/fault-kinds.js';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/failures.md', root), 'utf8');
const rows = page.split('\n').flatMap((line) => {
  const [, number, , proof = ''] = /^\| (\d+) \| (.+?) \| (.+) \|$/.exec(line) ?? [];
  return number === undefined ? [] : [{ number: Number(number), proof }];
});
/** Files with the titles that are named behind them. */
const proofs = rows.flatMap(({ number, proof }) =>
  [...proof.matchAll(/\]\(\.\.\/([^)]+)\)([^[]*)/g)].map(
    ([, path = '', behind = '']) =>
      [number, path, [...behind.matchAll(/“([^”]+)”/g)].map(([, title = '']) => title)] as const,
  ),
);

describe('docs/failures.md', () => {
  it('has all 32 classes of failure, in order', () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 32 }, (_, index) => index + 1));
  });

  it.each(proofs)('%d: what is named of %s is there', (_number, path, titles) => {
    expect(existsSync(new URL(path, root))).toBe(true);
    const source = readFileSync(new URL(path, root), 'utf8');
    if (path.endsWith('.test.ts')) expect(titles).not.toEqual([]);
    expect(titles.filter((title) => !isTitle(title, source))).toEqual([]);
  });

  it('names faults that there are', () => {
    const known = new Set<string>([...requestFaultNames, ...frameFaultNames, ...Object.keys(incidents)]);
    const named = rows.flatMap(({ proof }) => {
      const [, faults = ''] = /faults? (`.*`)/.exec(proof) ?? [];
      return [...faults.matchAll(/`([^`]+)`/g)].map(([, fault = '']) => fault);
    });
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((fault) => !known.has(fault))).toEqual([]);
  });

  it('names a test for every class but those that do not apply', () => {
    const without = rows.filter(({ number }) => !proofs.some(([other]) => other === number));
    expect(without.map(({ number }) => number)).toEqual([25]);
  });

  it('names every test that carries the number of a class in the row of that class', () => {
    const files = readdirSync(new URL('test/unit/failures/', root));
    const named = proofs.map(([number, path]) => `${number} ${path}`);
    const expected = files.map((file) => {
      const [, digits = ''] = /^failure-(\d\d)-/.exec(file) ?? [];
      return `${Number(digits)} test/unit/failures/${file}`;
    });
    expect(expected.length).toBeGreaterThan(0);
    expect(expected.filter((file) => !named.includes(file))).toEqual([]);
  });
});

/** A test of this title begins in the source. */
function isTitle(title: string, source: string): boolean {
  return ["'", '"', '`'].some((quote) => {
    const at = source.indexOf(`${quote}${title}${quote}`);
    return at > 0 && /(it|\))\(\s*$/.test(source.slice(0, at));
  });
}
