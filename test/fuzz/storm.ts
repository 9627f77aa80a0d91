import type { Dice } from '../oracle/dice.js';
import type { Material } from './golden-objects.js';
import { type Json, read, write } from './json-place.js';
import { type Mutation, mutate } from './mutate.js';

/** Something that happens to one object on the API server. */
export interface Change {
  readonly what: 'put' | 'delete';
  readonly kind: string;
  /** Where the API server stores it: two objects are never in one place. */
  readonly place: string;
  /** Absent for deletions. The resourceVersion is the server's to give. */
  readonly object?: Json;
  readonly mutations: readonly Mutation[];
  /** What else is odd about it. */
  readonly story: Story;
}

export type Story =
  | 'new'
  | 'changed'
  | 'same name, other uid'
  | 'same uid, other name'
  | 'deleted'
  | 'crowded out';

/** Something that happens to a watch. */
export interface Trouble {
  readonly what: 'cut' | 'close' | 'expire' | 'repeat';
  readonly kind: string;
}

export type Operation = Change | Trouble;

const weights: readonly (readonly [number, string])[] = [
  [46, 'Pod'],
  [16, 'Node'],
  [7, 'PersistentVolumeClaim'],
  [6, 'PersistentVolume'],
  [3, 'StorageClass'],
  [4, 'CSINode'],
  [2, 'CSIDriver'],
  [2, 'CSIStorageCapacity'],
  [2, 'VolumeAttachment'],
  [3, 'PodDisruptionBudget'],
  [3, 'Service'],
  [2, 'ReplicaSet'],
  [2, 'StatefulSet'],
  [2, 'ReplicationController'],
  [2, 'Namespace'],
];

/** So many objects of one kind at once: the storm goes on for ever, the cluster stays small. */
const limits: Readonly<Record<string, number>> = { Pod: 120, Node: 30 };
const otherLimit = 20;
/** So many changes are made from objects of one cluster, which refer to each other. */
const sameMaterial = 60;

/** Makes up what happens. The same dice make the same story, whatever becomes of it. */
export class Storm {
  readonly #dice: Dice;
  readonly #material: readonly Material[];
  /** By kind: places and the uid of what is there, oldest first. */
  readonly #there = new Map<string, Map<string, string>>();
  #current: Material;
  #left = sameMaterial;
  #serial = 0;

  constructor(dice: Dice, material: readonly Material[]) {
    this.#dice = dice;
    this.#material = material;
    this.#current = dice.pick(material);
  }

  next(): Operation {
    const dice = this.#dice;
    const kind = dice.weighted(weights);
    if (dice.chance(0.004)) return { what: dice.pick(['cut', 'close', 'expire', 'repeat'] as const), kind };
    if (--this.#left < 0) {
      this.#current = dice.pick(this.#material);
      this.#left = sameMaterial;
    }
    const there = this.#of(kind);
    const crowded = there.size >= (limits[kind] ?? otherLimit);
    if (crowded || (there.size > 0 && dice.chance(0.12))) {
      const place = crowded ? there.keys().next().value! : dice.pick([...there.keys()]);
      there.delete(place);
      return { what: 'delete', kind, place, mutations: [], story: crowded ? 'crowded out' : 'deleted' };
    }
    return this.#put(kind, there);
  }

  #put(kind: string, there: Map<string, string>): Operation {
    const dice = this.#dice;
    const objects =
      this.#current.get(kind) ?? dice.pick(this.#material.filter((one) => one.has(kind))).get(kind)!;
    const object = structuredClone(dice.pick(objects));
    if (kind === 'Pod') this.#move(object);
    const mutations = mutate(object, kind, dice);
    return this.#placed(kind, object, mutations, there);
  }

  /** Some pods are on nodes of the storm, some wait to be scheduled. */
  #move(pod: Json): void {
    const dice = this.#dice;
    const nodes = [...this.#of('Node').keys(), '/node-00'];
    const nodeName = dice.pick(nodes).slice(1);
    if (dice.chance(0.6)) write(pod, ['spec', 'nodeName'], dice.chance(0.3) ? nodeName : undefined);
  }

  #placed(kind: string, object: Json, mutations: readonly Mutation[], there: Map<string, string>): Change {
    const dice = this.#dice;
    const before = placeOf(object) ?? `?/${++this.#serial}`;
    const known = there.get(before);
    const whole = !mutations.includes('no identity');
    let story: Story = known === undefined ? 'new' : 'changed';
    if (whole && known !== undefined && dice.chance(0.25)) {
      write(object, ['metadata', 'uid'], dice.uid());
      story = 'same name, other uid';
    } else if (whole && known !== undefined) {
      write(object, ['metadata', 'uid'], known);
    } else if (whole && there.size > 0 && dice.chance(0.04)) {
      const [place, uid] = dice.pick([...there]);
      if (!place.startsWith('?')) {
        write(object, ['metadata', 'uid'], uid);
        there.delete(place);
        story = 'same uid, other name';
      }
    }
    const uid = read(object, ['metadata', 'uid']);
    there.set(before, typeof uid === 'string' ? uid : '');
    return { what: 'put', kind, place: before, object, mutations, story };
  }

  #of(kind: string): Map<string, string> {
    let there = this.#there.get(kind);
    if (there === undefined) {
      there = new Map();
      this.#there.set(kind, there);
    }
    return there;
  }
}

/** `namespace/name`; undefined for an object without. */
export function placeOf(object: Json): string | undefined {
  const name = read(object, ['metadata', 'name']);
  const namespace = read(object, ['metadata', 'namespace']) ?? '';
  return typeof name === 'string' && name !== '' && typeof namespace === 'string'
    ? `${namespace}/${name}`
    : undefined;
}
