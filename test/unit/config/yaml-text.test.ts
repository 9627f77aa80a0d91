import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { YamlSource } from '../../../src/config/yaml-source.js';
import { toYaml } from '../../../src/config/yaml-text.js';

function readBack(text: string): unknown {
  const parsed = YamlSource.parse(text);
  if (!parsed.ok) throw new Error(`${parsed.reason}: ${text}`);
  return parsed.source.toData();
}

describe('toYaml', () => {
  it('sorts keys and does not indent lists', () => {
    expect(toYaml({ b: [{ y: 1, x: { z: [] } }, 'a'], a: {} })).toBe(
      'a: {}\nb:\n- x:\n    z: []\n  "y": 1\n- a\n',
    );
  });

  /** As kube-scheduler 1.37 writes them. */
  it.each([
    ['a b', 'a b'],
    ['x: y', "'x: y'"],
    ['#a', "'#a'"],
    ['a #b', "'a #b'"],
    ['- a', "'- a'"],
    ['-a', '-a'],
    ['?x', '?x'],
    ['*x', "'*x'"],
    ["'x", "'''x'"],
    ["it's", "it's"],
    ['}x', "'}x'"],
    ['x}', 'x}'],
    [',b', "',b'"],
    ['null', '"null"'],
    ['~', '"~"'],
    ['y', '"y"'],
    ['No', '"No"'],
    ['1', '"1"'],
    ['1e3', '"1e3"'],
    ['0x1', '"0x1"'],
    ['010', '"010"'],
    ['0o7', '"0o7"'],
    ['1_000', '"1_000"'],
    ['1:30', '"1:30"'],
    ['.5', '".5"'],
    ['.inf', '".inf"'],
    ['2001-01-01', '"2001-01-01"'],
    ['2001-01-01T00:00:00Z', '"2001-01-01T00:00:00Z"'],
    [' lead', "' lead'"],
    ['trail ', "'trail '"],
    ['', '""'],
    ['a\tb', '"a\\tb"'],
    ['a\nb', '|-\n  a\n  b'],
    ['a\nb\n', '|\n  a\n  b'],
    ['é', 'é'],
    ['a:', "'a:'"],
    [':a', ':a'],
    ['-', "'-'"],
    ['---', "'---'"],
    ['123abc', '123abc'],
    ['1_', '"1_"'],
    ['_1', '_1'],
    ['yes please', 'yes please'],
  ])('writes the text %j as %s', (text, written) => {
    expect(toYaml({ a: text })).toBe(`a: ${written}\n`);
  });

  it.each([
    [50, '50'],
    [0.1, '0.1'],
    [1e-9, '1e-09'],
    [1e30, '1e+30'],
    [16_777_216, '16777216'],
    [1_234_567.5, '1.2345675e+06'],
    [-1.5, '-1.5'],
  ])('writes the number %p as %s', (number, written) => {
    expect(toYaml({ a: number })).toBe(`a: ${written}\n`);
  });

  it('writes what is read back as the same, whatever the data', () => {
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => !/\r|\u0085|\ufeff/.test(text)),
        fc.constantFrom('a: b', 'x\ny\n', '  x', 'x\n\n', '- ', '<<', '=', '1e1', '...', 'on'),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9 :#-]{0,5}$/), tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(json, (value) => {
        expect(readBack(toYaml({ value }))).toEqual({ value });
      }),
      { numRuns: 1_000 },
    );
  });
});
