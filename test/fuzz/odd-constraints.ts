import type { Dice } from '../oracle/dice.js';
import type { Json } from './json-place.js';
import { oddLabels, oddNumber, oddText, oddValue, orOdd } from './odd-values.js';

/* Selectors, affinities, tolerations and spread constraints as no API server should let them through, and some that it does. */

const keys = ['app', 'zone', 'kubernetes.io/hostname', 'constructor', '__proto__', '', 'not valid!', 'a/b/c'];
const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt', 'in', 'Perhaps', '', '__proto__'];
const topologyKeys = [
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'constructor',
  '__proto__',
  '',
  'nobody.has/it',
];

const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';

function list(dice: Dice, low: number, high: number, make: () => unknown): unknown {
  return orOdd(dice, dice.times(low, high, make));
}

function requirement(dice: Dice): unknown {
  const values = (): unknown =>
    dice.times(0, 3, () => orOdd(dice, dice.pick(['web', '5', '-5', '1e3', '99999999999999999999', ''])));
  return orOdd(dice, {
    key: orOdd(dice, dice.pick(keys)),
    operator: orOdd(dice, dice.pick(operators)),
    ...(dice.chance(0.8) ? { values: orOdd(dice, values()) } : {}),
  });
}

export function oddSelector(dice: Dice): unknown {
  return orOdd(dice, {
    ...(dice.chance(0.5)
      ? { matchLabels: dice.chance(0.5) ? { [dice.pick(keys)]: 'web' } : oddLabels(dice) }
      : {}),
    ...(dice.chance(0.6) ? { matchExpressions: list(dice, 0, 3, () => requirement(dice)) } : {}),
  });
}

export function oddNodeSelector(dice: Dice): unknown {
  return orOdd(dice, { nodeSelectorTerms: list(dice, 0, 3, () => nodeTerm(dice)) });
}

function nodeTerm(dice: Dice): unknown {
  const field = (): unknown => ({
    key: dice.pick(['metadata.name', 'metadata.uid', '']),
    operator: dice.pick(operators),
    values: dice.times(0, 2, () => dice.pick(['node-1', '', '__proto__'])),
  });
  return orOdd(dice, {
    ...(dice.chance(0.7) ? { matchExpressions: list(dice, 0, 3, () => requirement(dice)) } : {}),
    ...(dice.chance(0.3) ? { matchFields: list(dice, 0, 2, field) } : {}),
  });
}

export function oddNodeAffinity(dice: Dice): unknown {
  const wish = (): unknown =>
    orOdd(dice, { weight: dice.chance(0.5) ? 1 : oddNumber(dice), preference: nodeTerm(dice) });
  return orOdd(dice, {
    ...(dice.chance(0.7) ? { [required]: oddNodeSelector(dice) } : {}),
    ...(dice.chance(0.5) ? { [preferred]: list(dice, 0, 3, wish) } : {}),
  });
}

export function oddPodAffinity(dice: Dice): unknown {
  const wish = (): unknown =>
    orOdd(dice, { weight: dice.chance(0.5) ? 100 : oddNumber(dice), podAffinityTerm: podTerm(dice) });
  return orOdd(dice, {
    ...(dice.chance(0.7) ? { [required]: list(dice, 0, 3, () => podTerm(dice)) } : {}),
    ...(dice.chance(0.5) ? { [preferred]: list(dice, 0, 3, wish) } : {}),
  });
}

function podTerm(dice: Dice): unknown {
  return orOdd(dice, {
    topologyKey: orOdd(dice, dice.pick(topologyKeys)),
    ...(dice.chance(0.8) ? { labelSelector: oddSelector(dice) } : {}),
    ...(dice.chance(0.3) ? { namespaceSelector: oddSelector(dice) } : {}),
    ...(dice.chance(0.3)
      ? { namespaces: list(dice, 0, 2, () => dice.pick(['default', '', 'nowhere'])) }
      : {}),
    ...(dice.chance(0.2) ? { matchLabelKeys: list(dice, 0, 2, () => dice.pick(keys)) } : {}),
  });
}

/** Pods that each want to be beside the other, and beside nobody: requirements in a circle. */
export function circle(dice: Dice): { readonly labels: Json; readonly affinity: Json } {
  const at = dice.int(0, 3);
  const term = (index: number): Json => ({
    topologyKey: dice.pick(topologyKeys),
    labelSelector: { matchLabels: { circle: `c${index % 4}` } },
  });
  return {
    labels: { circle: `c${at}` },
    affinity: {
      podAffinity: { [required]: [term(at + 1)] },
      podAntiAffinity: { [required]: [term(at + 1), ...(dice.chance(0.5) ? [term(at)] : [])] },
    },
  };
}

export function oddSpread(dice: Dice): unknown {
  const constraint = (): unknown =>
    orOdd(dice, {
      maxSkew: dice.chance(0.5) ? 1 : oddNumber(dice),
      topologyKey: orOdd(dice, dice.pick(topologyKeys)),
      whenUnsatisfiable: dice.pick(['DoNotSchedule', 'ScheduleAnyway', 'Never', '']),
      labelSelector: oddSelector(dice),
      ...(dice.chance(0.3) ? { minDomains: oddNumber(dice) } : {}),
      ...(dice.chance(0.3)
        ? { nodeAffinityPolicy: dice.pick<unknown>(['Honor', 'Ignore', 'x', null, 1]) }
        : {}),
      ...(dice.chance(0.3) ? { nodeTaintsPolicy: dice.pick<unknown>(['Honor', 'Ignore', '', {}]) } : {}),
      ...(dice.chance(0.3) ? { matchLabelKeys: list(dice, 0, 3, () => dice.pick(keys)) } : {}),
    });
  return list(dice, 0, 3, constraint);
}

export function oddTolerations(dice: Dice): unknown {
  return list(dice, 0, 4, () =>
    orOdd(dice, {
      key: orOdd(dice, dice.pick(['', 'k', 'node.kubernetes.io/unschedulable', '__proto__'])),
      operator: orOdd(dice, dice.pick(['', 'Equal', 'Exists', 'Lt', 'Gt', 'Maybe'])),
      value: orOdd(dice, dice.pick(['', 'v', '10', 'x'.repeat(5_000)])),
      effect: orOdd(dice, dice.pick(['', 'NoSchedule', 'NoExecute', 'PreferNoSchedule', 'Sometimes'])),
      ...(dice.chance(0.2) ? { tolerationSeconds: oddNumber(dice) } : {}),
    }),
  );
}

export function oddTaints(dice: Dice): unknown {
  return list(dice, 0, 4, () =>
    orOdd(dice, {
      key: orOdd(dice, dice.pick(['', 'k', 'constructor', oddText(dice)])),
      value: orOdd(dice, dice.pick(['', 'v', '10', 'ten'])),
      effect: orOdd(dice, dice.pick(['NoSchedule', 'NoExecute', 'PreferNoSchedule', 'Sometimes', ''])),
      ...(dice.chance(0.2) ? { timeAdded: oddValue(dice) } : {}),
    }),
  );
}
