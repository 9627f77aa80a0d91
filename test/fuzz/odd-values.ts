import type { Dice } from '../oracle/dice.js';
import { define, type Json } from './json-place.js';
import { rawJson } from './raw-json.js';

/* What does not belong where it is put: values of every type, and of the type that is expected but without sense. */

const prototypeKeys = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'toJSON',
  'length',
];

const numbers = [
  0,
  -1,
  1.5,
  2_147_483_647,
  2_147_483_648,
  -2_147_483_649,
  1e21,
  rawJson('-0'),
  rawJson('1e400'),
  rawJson('-1e400'),
  rawJson('1e-400'),
  rawJson('9007199254740993'),
  rawJson('18446744073709551616'),
  rawJson('0.1e1'),
];

const texts = [
  '',
  ' ',
  'NaN',
  'Infinity',
  '-Infinity',
  'null',
  'undefined',
  'true',
  '0x10',
  '1_000',
  '-5',
  '1e400',
  '٣',
  'ünï',
  '\u0000',
  '\ud800',
  '\u2028',
  'a/b/c',
  '/',
  '*',
  '../..',
  '2026-13-45T99:99:99Z',
  'x'.repeat(64),
  'x'.repeat(300),
  ...prototypeKeys,
];

const quantities = [
  '0',
  '1',
  '100m',
  '1Gi',
  '-1',
  '-8Ei',
  '+5',
  '.5',
  '5.',
  '.',
  '1e3',
  '1E',
  '1e400',
  '1e-400',
  '1e999999999999',
  '9e15',
  '8Ei',
  '9223372036854775807',
  '9223372036854775808',
  '0.000000001n',
  '1.5Gi',
  '1ki',
  '1 Gi',
  'abc',
  '',
  'NaN',
  '0x10',
  `1${'0'.repeat(127)}`,
  `0.${'1'.repeat(200)}`,
  1,
  1.5,
  -1,
  rawJson('1e400'),
  rawJson('-0'),
  null,
  true,
  {},
  [],
];

/** A map with keys that every object inherits. */
export function prototypeMap(dice: Dice, value: () => unknown): Json {
  const map: Json = {};
  for (const key of dice.some(prototypeKeys, 1, 3)) define(map, key, value());
  return map;
}

export function oddText(dice: Dice): string {
  return dice.chance(0.02) ? 'y'.repeat(100_000) : dice.pick(texts);
}

export function oddNumber(dice: Dice): unknown {
  return dice.pick(numbers);
}

export function oddQuantity(dice: Dice): unknown {
  // A copy: what is made up may be changed once more.
  return structuredClone(dice.pick(quantities));
}

export function oddResources(dice: Dice): unknown {
  const names = [
    'cpu',
    'memory',
    'ephemeral-storage',
    'pods',
    'example.com/gpu',
    'hugepages-2Mi',
    '',
    'a/b/c',
  ];
  const map: Json = {};
  for (const name of dice.some([...names, ...prototypeKeys], 1, 4)) define(map, name, oddQuantity(dice));
  return orOdd(dice, map);
}

/** Mostly the value; now and then one of another type. */
export function orOdd<T>(dice: Dice, value: T): T | unknown {
  return dice.chance(0.04) ? oddValue(dice) : value;
}

/** Anything at all. */
export function oddValue(dice: Dice): unknown {
  return dice.weighted<() => unknown>([
    [3, () => null],
    [4, () => oddNumber(dice)],
    [4, () => oddText(dice)],
    [1, () => dice.chance(0.5)],
    [1, () => oddQuantity(dice)],
    [2, () => dice.pick([[], [null], [[]], [[null]], ['', ''], [{}], [0, -1]])],
    [2, () => dice.pick([{}, { a: null }, { key: {} }, { items: [] }, { name: 7 }])],
    [1, () => prototypeMap(dice, () => dice.pick<unknown>(['x', null, 1, {}]))],
    [1, () => rawJson('{"a":"1","a":"2","a":null}')],
    [1, () => nested(dice)],
  ])();
}

/** Lists in lists, or maps in maps. */
function nested(dice: Dice): string {
  const depth = dice.pick([20, 300, 20_000]);
  return dice.chance(0.5)
    ? rawJson(`${'['.repeat(depth)}${']'.repeat(depth)}`)
    : rawJson(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
}

export function oddLabels(dice: Dice): unknown {
  return dice.weighted<() => unknown>([
    [3, () => prototypeMap(dice, () => dice.pick<unknown>(['', 'x', 'web', null, 1]))],
    [2, () => ({ app: oddText(dice), zone: oddText(dice), '': '' })],
    [1, () => ({ app: 'z'.repeat(dice.pick([64, 5_000, 300_000])) })],
    [1, () => ({ ['k'.repeat(1_000)]: 'v' })],
    [1, () => Object.fromEntries(dice.times(100, 400, (index) => [`key-${index}`, `v-${index}`]))],
    [1, () => ({ app: oddNumber(dice) })],
    [1, () => oddValue(dice)],
  ])();
}
