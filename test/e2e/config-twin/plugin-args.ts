import type { Dice } from '../../oracle/dice.js';
import { type Data, given } from './generate.js';

/** Arguments that the plugin should take; of a plugin that has none, anything. */
export function pluginArgs(dice: Dice, plugin: string): Data {
  const make = makers[plugin];
  if (make === undefined) return dice.pick([{}, { anything: [1, 'two', { three: 3.5 }] }]);
  const type = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: `${plugin}Args` };
  return { ...(dice.chance(0.3) && type), ...make(dice) };
}

const makers: Readonly<Record<string, (dice: Dice) => Data>> = {
  DefaultPreemption: (dice) =>
    given(dice, {
      minCandidateNodesPercentage: () => dice.pick([0, 10, 100]),
      minCandidateNodesAbsolute: () => dice.pick([1, 100, 5_000]),
    }),
  DynamicResources: (dice) =>
    given(dice, {
      filterTimeout: () => dice.pick(['0s', '10s', '1m', null]),
      bindingTimeout: () => dice.pick(['1s', '10m', '2h', null]),
    }),
  InterPodAffinity: (dice) =>
    given(dice, {
      hardPodAffinityWeight: () => dice.int(0, 100),
      ignorePreferredTermsOfExistingPods: () => dice.chance(0.5),
    }),
  NodeAffinity: (dice) => given(dice, { addedAffinity: () => addedAffinity(dice) }),
  NodeResourcesBalancedAllocation: (dice) =>
    given(dice, {
      resources: () =>
        dice.some(resources, 0, 3).map((name) => ({ name, ...(dice.chance(0.5) && { weight: 1 }) })),
    }),
  NodeResourcesFit: (dice) =>
    given(dice, {
      ignoredResources: () => dice.some(['example.com/a', 'example.org/b', 'plain'], 0, 2),
      ignoredResourceGroups: () => dice.some(['example.com', 'example.org'], 0, 2),
      scoringStrategy: () => strategy(dice),
    }),
  PodTopologySpread: (dice) =>
    dice.chance(0.3)
      ? given(dice, { defaultingType: () => dice.pick(['System', '']) })
      : { defaultingType: 'List', ...given(dice, { defaultConstraints: () => constraints(dice) }) },
  VolumeBinding: (dice) =>
    given(dice, { bindTimeoutSeconds: () => dice.pick([0, 1, 600, 86_400]), shape: () => shape(dice) }),
};

const resources = ['cpu', 'memory', 'ephemeral-storage', 'example.com/dongle'];

function strategy(dice: Dice): Data {
  const type = dice.pick(['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio']);
  return {
    type,
    ...given(dice, {
      resources: () =>
        dice
          .some(resources, 0, 3)
          .map((name) => ({ name, ...(dice.chance(0.7) && { weight: dice.int(0, 100) }) })),
    }),
    ...(type === 'RequestedToCapacityRatio' && { requestedToCapacityRatio: { shape: shape(dice) } }),
  };
}

function shape(dice: Dice): Data[] {
  return dice
    .some([0, 10, 25, 50, 75, 90, 100], 1, 4)
    .map((utilization) => ({ utilization, ...(dice.chance(0.9) && { score: dice.int(0, 10) }) }));
}

function constraints(dice: Dice): Data[] {
  const pairs = dice.some(
    ['kubernetes.io/hostname', 'topology.kubernetes.io/zone', 'rack'].flatMap((topologyKey) =>
      ['DoNotSchedule', 'ScheduleAnyway'].map((whenUnsatisfiable) => ({ topologyKey, whenUnsatisfiable })),
    ),
    0,
    3,
  );
  return pairs.map((pair) => ({
    maxSkew: dice.int(1, 5),
    ...pair,
    ...given(dice, {
      minDomains: () => dice.int(1, 3),
      nodeAffinityPolicy: () => dice.pick(['Honor', 'Ignore']),
      nodeTaintsPolicy: () => dice.pick(['Honor', 'Ignore']),
      matchLabelKeys: () => dice.some(['app', 'pod-template-hash'], 0, 2),
    }),
  }));
}

function addedAffinity(dice: Dice): Data {
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  return given(dice, {
    [required]: () => given(dice, { nodeSelectorTerms: () => dice.times(0, 2, () => term(dice)) }),
    [preferred]: () =>
      dice.times(0, 2, () => ({
        weight: dice.int(0, 100),
        ...(dice.chance(0.9) && { preference: term(dice) }),
      })),
  });
}

function term(dice: Dice): Data {
  return given(dice, {
    matchExpressions: () => dice.times(0, 2, () => expression(dice)),
    matchFields: () =>
      dice.times(0, 1, () => ({
        key: 'metadata.name',
        operator: dice.pick(['In', 'NotIn']),
        values: ['node-1'],
      })),
  });
}

function expression(dice: Dice): Data {
  const operator = dice.pick(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']);
  const key = dice.pick(['disktype', 'topology.kubernetes.io/zone', 'example.com/Tier']);
  if (operator === 'Exists' || operator === 'DoesNotExist') return { key, operator };
  return {
    key,
    operator,
    values: operator.endsWith('n') ? dice.some(['a', 'b', ''], 1, 3) : [String(dice.int(0, 99))],
  };
}
