import type { Dice } from '../oracle/dice.js';
import { type Json, type Place, placesIn, read, write } from './json-place.js';
import { circle } from './odd-constraints.js';
import { oddFields } from './odd-fields.js';
import { oddValue } from './odd-values.js';

/** What was done to an object, for the summary. */
export type Mutation =
  | 'none'
  | 'odd field'
  | 'any place'
  | 'taken away'
  | 'doubled'
  | 'in a list'
  | 'in a map'
  | 'number as text'
  | 'circle'
  | 'long name'
  | 'no identity';

/** What an API server always sets: it is changed by mutations of its own alone. */
const identity = ['uid', 'name', 'namespace', 'resourceVersion'];

/** Changes the object, in place, once or several times. */
export function mutate(object: Json, kind: string, dice: Dice): Mutation[] {
  if (dice.chance(0.12)) return ['none'];
  return dice.times(1, 3, () => mutateOnce(object, kind, dice));
}

function mutateOnce(object: Json, kind: string, dice: Dice): Mutation {
  const chosen = dice.weighted<Mutation>([
    [60, 'odd field'],
    [14, 'any place'],
    [6, 'taken away'],
    [3, 'doubled'],
    [3, 'in a list'],
    [3, 'in a map'],
    [3, 'number as text'],
    [kind === 'Pod' ? 6 : 0, 'circle'],
    [1, 'long name'],
    [0.15, 'no identity'],
  ]);
  apply(chosen, object, kind, dice);
  return chosen;
}

function apply(mutation: Mutation, object: Json, kind: string, dice: Dice): void {
  if (mutation === 'odd field') {
    const [path, make] = dice.pick(oddFields[kind]!);
    write(object, path.split('.'), make(dice));
    return;
  }
  if (mutation === 'circle') {
    const { labels, affinity } = circle(dice);
    write(object, ['metadata', 'labels'], labels);
    write(object, ['spec', 'affinity'], affinity);
    return;
  }
  if (mutation === 'long name') {
    write(object, ['metadata', 'name'], `long-${'n'.repeat(dice.pick([300, 20_000]))}-${dice.int(0, 9)}`);
    return;
  }
  if (mutation === 'no identity') {
    const places: Place[] = [['metadata'], ...identity.map((field) => ['metadata', field])];
    write(object, dice.pick(places), dice.pick<unknown>([undefined, null, '', 7, [], {}]));
    return;
  }
  const place = dice.pick(placesIn(object).filter(isFree));
  const value = read(object, place);
  if (mutation === 'any place') write(object, place, oddValue(dice));
  else if (mutation === 'taken away') write(object, place, dice.chance(0.5) ? undefined : null);
  else if (mutation === 'doubled')
    write(object, place, Array.isArray(value) ? [...value, ...value] : [value, value]);
  else if (mutation === 'in a list') write(object, place, [value]);
  else if (mutation === 'in a map') write(object, place, { '': value });
  else
    write(
      object,
      place,
      typeof value === 'number' ? String(value) : typeof value === 'string' ? Number(value) || 0 : 0,
    );
}

function isFree(place: Place): boolean {
  return !(place[0] === 'metadata' && (place.length === 1 || identity.includes(place[1]!)));
}
