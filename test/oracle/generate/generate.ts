import type { Question } from '../case.js';
import { Dice } from '../dice.js';
import { configuration } from './configuration.js';
import { nodes } from './nodes.js';
import { boundPod, nominatedPod, pendingPod } from './pods.js';
import { storage } from './storage.js';
import { budgets, namespaces, workloads } from './workloads.js';
import { focuses, World } from './world.js';

/** A random cluster, random pods to judge in it, and often a random configuration. The same seed makes the same. */
export function generate(seed: number): Question {
  const dice = new Dice(seed);
  const world = new World(dice, dice.pick(focuses));
  const config = configuration(world);
  const { objects, owners } = workloads(world);
  const volumes = storage(world);
  const options = { owners, also: volumes };
  const bound = dice.times(0, world.nodeNames.length * 5, (index) => boundPod(world, index, options));
  const nominated = dice.times(0, world.likes('preemption', 0.2) ? 6 : 0, (index) =>
    nominatedPod(world, index, options),
  );
  const pending = dice.times(4, 20, (index) => pendingPod(world, index, options));
  return {
    admit: true,
    case: {
      name: `fresh-${seed}`,
      seed,
      profile: world.focus,
      ...(config === undefined ? {} : { config }),
      objects: [
        ...namespaces(world),
        ...nodes(world),
        ...objects,
        ...volumes,
        ...budgets(world, bound),
        ...bound,
        ...nominated,
      ],
      pending,
    },
  };
}
