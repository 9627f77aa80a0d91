import type { Loose } from '../case.js';
import type { World } from './world.js';

/** A label selector over the labels that pods have; now and then absent or empty. */
export function podSelector(world: World): Loose {
  return labelSelector(world, world.podLabels);
}

export function labelSelector(world: World, values: Readonly<Record<string, readonly string[]>>): Loose {
  const { dice } = world;
  return dice.weighted<() => Loose>([
    [5, () => ({ matchLabels: someLabels(world, values) })],
    [4, () => ({ matchExpressions: dice.times(1, 2, () => requirement(world, values)) })],
    [
      2,
      () => ({
        matchLabels: someLabels(world, values),
        matchExpressions: [requirement(world, values)],
      }),
    ],
    [1, () => ({})],
    [1, () => undefined],
  ])();
}

/** Selectors that only API servers of old let pass. */
export function brokenSelector({ dice }: World): Loose {
  return dice.pick<Loose>([
    { matchExpressions: [{ key: 'app', operator: 'In', values: [] }] },
    { matchExpressions: [{ key: 'app', operator: 'Exists', values: ['web'] }] },
    { matchExpressions: [{ key: 'not a key', operator: 'Exists' }] },
    { matchExpressions: [{ key: 'app', operator: 'Near', values: ['web'] }] },
    { matchLabels: { app: 'not valid!' } },
  ]);
}

function someLabels(
  world: World,
  values: Readonly<Record<string, readonly string[]>>,
): Record<string, string> {
  const { dice } = world;
  const keys = dice.some(Object.keys(values), 1, 2);
  return Object.fromEntries(keys.map((key) => [key, dice.pick(values[key]!)]));
}

function requirement(world: World, values: Readonly<Record<string, readonly string[]>>): Loose {
  const { dice } = world;
  const key = dice.chance(0.05) ? 'nobody-has-this' : dice.pick(Object.keys(values));
  const operator = dice.pick(['In', 'In', 'NotIn', 'NotIn', 'Exists', 'DoesNotExist']);
  if (operator === 'Exists' || operator === 'DoesNotExist') return { key, operator };
  return { key, operator, values: dice.some(values[key] ?? ['x', 'y'], 1, 3) };
}

/** A term of a node selector, malformed when asked for: only API servers of old stored such. */
export function nodeTerm(world: World, malformed = false): Loose {
  const { dice } = world;
  const term: Loose = {};
  if (dice.chance(0.85)) term.matchExpressions = dice.times(1, 3, () => nodeRequirement(world));
  if (dice.chance(0.15)) term.matchFields = dice.times(1, dice.chance(0.2) ? 2 : 1, () => nodeField(world));
  if (malformed && dice.chance(0.5)) spoil(world, term);
  return term;
}

function nodeRequirement(world: World): Loose {
  const { dice } = world;
  const values = { ...world.nodeLabels, 'topology.kubernetes.io/zone': ['z1', 'z2', 'z3'] };
  if (dice.chance(0.25)) {
    const key = dice.pick(['example.com/gen', 'example.com/gpu-count', 'disktype', 'example.com/nowhere']);
    return {
      key,
      operator: dice.pick(['Gt', 'Lt']),
      values: [dice.pick(['0', '4', '5', '06', '11', '007'])],
    };
  }
  if (dice.chance(0.1)) {
    const names = dice.some(world.nodeNames, 1, 4);
    return { key: 'kubernetes.io/hostname', operator: dice.pick(['In', 'NotIn']), values: names };
  }
  return requirement(world, values);
}

export function nodeField(world: World): Loose {
  const { dice } = world;
  const name = dice.chance(0.85) ? dice.pick(world.nodeNames) : 'gone';
  return {
    key: 'metadata.name',
    operator: dice.weighted([
      [3, 'In'],
      [1, 'NotIn'],
    ]),
    values: [name],
  };
}

function spoil(world: World, term: Loose): void {
  const { dice } = world;
  const broken = dice.pick<Loose>([
    { matchExpressions: [{ key: 'example.com/gen', operator: 'Gt', values: [dice.pick(['many', '-1'])] }] },
    { matchExpressions: [{ key: 'disktype', operator: 'In', values: ['not valid!'] }] },
    { matchExpressions: [{ key: 'disktype', operator: 'In' }] },
    { matchExpressions: [{ key: 'not a key', operator: 'Exists' }] },
    { matchExpressions: [{ key: 'disktype', operator: 'Exists', values: ['ssd'] }] },
    { matchFields: [{ key: 'metadata.name', operator: 'In', values: dice.some(world.nodeNames, 2, 3) }] },
    { matchFields: [{ key: 'metadata.namespace', operator: 'NotIn', values: ['x'] }] },
    { matchFields: [{ key: 'metadata.name', operator: 'Exists' }] },
    {},
  ]);
  Object.assign(term, broken);
  if (Object.keys(broken).length === 0) {
    delete term.matchExpressions;
    delete term.matchFields;
  }
}
