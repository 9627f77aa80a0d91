import { describe, expect, it } from '@jest/globals';
import { YamlSource } from '../../../src/config/yaml-source.js';

function parse(text: string): YamlSource {
  const parsed = YamlSource.parse(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.source;
}

describe('scalars', () => {
  /** As kube-scheduler 1.37 understands them. */
  it.each([
    ['yes', true],
    ['Off', false],
    ['y', true],
    ['TRUE', true],
    ['010', 8],
    ['0o10', 8],
    ['08', 8],
    ['0x10', 16],
    ['0b11', 3],
    ['1_0', 10],
    ['+4', 4],
    ['1e2', 100],
    ['.5', 0.5],
    ['4.0', 4],
    ['1.', 1],
    ['-0x_1f', -31],
    ['-010', -8],
    ['0_', 0],
    ['1_e1_0', 1e10],
    ['e0', 'e0'],
    ['._', '._'],
    ['0b_', '0b_'],
    ['_1', '_1'],
    ['0x', '0x'],
    ['+', '+'],
    ['1:30', '1:30'],
    ['12:30:45', '12:30:45'],
    ['2001-01-01', '2001-01-01'],
    ['"yes"', 'yes'],
    ['!!str 12', '12'],
    ['~', null],
    ['', null],
  ])('%s is %p', (text, value) => {
    expect(parse(`a: ${text}\n`).toData()).toEqual({ a: value });
  });
});

describe('documents', () => {
  it.each([
    '---\na: 1\n',
    'a: 1\n---\n',
    'a: 1\n...\n',
    'a: 1\n---\n# nothing\n',
    '%YAML 1.1\n---\na: 1\n',
    '\ufeffa: 1\n',
  ])('are one in %j', (text) => {
    expect(parse(text).toData()).toEqual({ a: 1 });
  });

  it.each([
    ['a: 1\n---\nb: 2\n', 'documents', 'more than one document in the file', 2, 1],
    ['# nothing\n', 'empty', 'the file is empty', 1, 1],
    ['%YAML 1.2\n---\na: 1\n', 'syntax', 'found incompatible YAML document', 1, 1],
    ['b: 1\na: *x\n', 'syntax', "unknown anchor 'x' referenced", 2, 4],
    ['\ta: 1\n', 'syntax', 'Tabs are not allowed as indentation', 1, 1],
  ])('are refused with their place: %j', (text, kind, reason, line, column) => {
    expect(YamlSource.parse(text)).toEqual({ ok: false, kind, reason, position: { line, column } });
  });

  it('do not blow up on aliases that multiply', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level++) {
      lines.push(
        `a${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      );
    }
    expect(parse(`${lines.join('\n')}\n`).toPlainData()).toMatchObject({ ok: false });
  });
});

describe('keys given twice', () => {
  it('are found with the place of the second and the line of the first', () => {
    expect(parse('a: 1\nb: {c: 1, c: 1}\na: 2\n').duplicates()).toEqual([
      {
        path: ['a'],
        text: 'key "a" already set in map',
        suggestion: 'it is set in line 1: keep one of the two',
        position: { line: 3, column: 1 },
      },
      expect.objectContaining({ path: ['b', 'c'], position: { line: 2, column: 11 } }),
    ]);
  });

  it.each([
    ['- &p {s: a}\n- {<<: *p, s: b}\n', [[1, 's']]],
    ['- &p {s: a}\n- {s: b, <<: *p}\n', [[1, 's']]],
    ['- &p {s: a}\n- {<<: *p, t: b}\n', []],
    ['- &p {s: a}\n- {<<: [*p], t: b}\n', []],
    ['- "<<": 1\n  s: 1\n', []],
  ])('count those that are merged in, as kube-scheduler does: %j', (text, paths) => {
    expect(
      parse(text)
        .duplicates()
        .map(({ path }) => path),
    ).toEqual(paths);
  });
});

describe('places', () => {
  it('are those of keys, and of items of lists', () => {
    const source = parse('a:\n  - b: 1\n  - c: [x, y]\n');
    expect(source.positionOf(['a'])).toEqual({ line: 1, column: 1 });
    expect(source.positionOf(['a', 1, 'c'])).toEqual({ line: 3, column: 5 });
    expect(source.positionOf(['a', 1, 'c', 1])).toEqual({ line: 3, column: 12 });
    expect(source.positionOf(['a', 2])).toBeUndefined();
  });

  it('lead through aliases', () => {
    expect(parse('a: &x {b: 1}\nc: *x\n').positionOf(['c', 'b'])).toEqual({ line: 1, column: 8 });
  });
});
