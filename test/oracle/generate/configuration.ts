import type { Loose } from '../case.js';
import type { World } from './world.js';

const apiVersion = 'kubescheduler.config.k8s.io/v1';

const optional = [
  'NodeUnschedulable',
  'NodeName',
  'TaintToleration',
  'NodeAffinity',
  'NodePorts',
  'NodeResourcesFit',
  'VolumeRestrictions',
  'NodeVolumeLimits',
  'VolumeBinding',
  'VolumeZone',
  'PodTopologySpread',
  'InterPodAffinity',
  'NodeResourcesBalancedAllocation',
  'ImageLocality',
  'DefaultPreemption',
  'DynamicResources',
  'NodeDeclaredFeatures',
] as const;

const scoring = [
  'TaintToleration',
  'NodeAffinity',
  'NodeResourcesFit',
  'VolumeBinding',
  'PodTopologySpread',
  'InterPodAffinity',
  'NodeResourcesBalancedAllocation',
  'ImageLocality',
] as const;

/** A configuration, or none; the names of its profiles are noted in the world for pods to use. */
export function configuration(world: World): Loose {
  const { dice } = world;
  if (dice.chance(world.focus === 'mixed' ? 0.1 : 0.5)) return undefined;
  const profiles = [profile(world, 'default-scheduler')];
  if (dice.chance(world.focus === 'mixed' ? 0.4 : 0.1)) {
    profiles.push(profile(world, 'second-scheduler'));
    world.schedulerNames.push('second-scheduler');
  }
  // No cluster is large enough for it to count.
  const percentage = dice.chance(0.2) ? { percentageOfNodesToScore: dice.pick([0, 5, 100]) } : {};
  return { apiVersion, kind: 'KubeSchedulerConfiguration', ...percentage, profiles };
}

function profile(world: World, schedulerName: string): Loose {
  const { dice } = world;
  const sets = dice.chance(world.focus === 'mixed' ? 0.8 : 0.25) ? plugins(world) : undefined;
  const config = pluginConfig(world);
  return {
    schedulerName,
    ...(sets === undefined ? {} : { plugins: sets }),
    ...(config.length === 0 ? {} : { pluginConfig: config }),
  };
}

function plugins(world: World): Loose {
  const { dice } = world;
  const named = (names: readonly string[]): Loose[] => names.map((name) => ({ name }));
  const sets: Loose = {};
  const anew = dice.chance(0.1);
  const gone = anew ? dice.some(optional, 0, 4) : dice.chance(0.4) ? dice.some(optional, 1, 3) : [];
  if (anew) sets.multiPoint = rearranged(world, gone);
  else if (gone.length > 0) sets.multiPoint = { disabled: named(gone) };
  if (dice.chance(0.3)) sets.filter = { disabled: named(dice.some(optional, 1, 2)) };
  if (dice.chance(0.15))
    sets.postFilter = { disabled: named([dice.pick(['*', 'DynamicResources', 'DefaultPreemption'])]) };
  if (dice.chance(0.2)) sets.score = { disabled: named(dice.some(scoring, 1, 3)) };
  else if (dice.chance(0.5)) {
    const present = scoring.filter((name) => !(gone as readonly string[]).includes(name));
    const enabled = dice.shuffle(dice.some(present, 1, 5)).map((name) => ({ name, weight: dice.int(0, 20) }));
    sets.score = { ...(dice.chance(0.2) ? { disabled: named(['*']) } : {}), enabled };
  }
  return sets;
}

/** All plugins named anew, in another order: the first that refuses a node is another one. */
function rearranged({ dice }: World, gone: readonly string[]): Loose {
  const kept = optional.filter((name) => !gone.includes(name));
  const names = dice.shuffle([...kept, 'SchedulingGates', 'PrioritySort', 'DefaultBinder']);
  const enabled = names.map((name) => ({ name, ...(dice.chance(0.3) ? { weight: dice.int(1, 9) } : {}) }));
  return { disabled: [{ name: '*' }], enabled };
}

function pluginConfig(world: World): Loose[] {
  const { dice } = world;
  const entries: Loose[] = [];
  const add = (name: string, kind: string, args: Loose) =>
    entries.push({ name, args: { apiVersion, kind, ...args } });
  if (world.likes('nodeaffinity', 0.08))
    add('NodeAffinity', 'NodeAffinityArgs', { addedAffinity: addedAffinity(world) });
  if (world.likes('resources', 0.1)) add('NodeResourcesFit', 'NodeResourcesFitArgs', fitArgs(world));
  if (world.likes('resources', 0.08))
    add('NodeResourcesBalancedAllocation', 'NodeResourcesBalancedAllocationArgs', {
      resources: resourcesOf(world).map(({ name }) => ({ name, weight: 1 })),
    });
  if (world.likes('interpod', 0.08))
    add('InterPodAffinity', 'InterPodAffinityArgs', {
      hardPodAffinityWeight: dice.pick([0, 1, 5, 100]),
      ...(dice.chance(0.5) ? { ignorePreferredTermsOfExistingPods: dice.chance(0.5) } : {}),
    });
  if (world.likes('spread', 0.1)) add('PodTopologySpread', 'PodTopologySpreadArgs', spreadArgs(world));
  if (world.likes('volumes', 0.05))
    add('VolumeBinding', 'VolumeBindingArgs', {
      bindTimeoutSeconds: 60,
      ...(dice.chance(0.7) ? { shape: shape(world) } : {}),
    });
  // All nodes are always candidates: with fewer, those that are tried would be chance.
  if (world.likes('preemption', 0.05))
    add('DefaultPreemption', 'DefaultPreemptionArgs', {
      minCandidateNodesPercentage: dice.pick([0, 10, 100]),
      minCandidateNodesAbsolute: dice.pick([100, 1000]),
    });
  return entries;
}

function addedAffinity(world: World): Loose {
  const { dice } = world;
  const term = () => ({
    matchExpressions: [
      dice.pick<Loose>([
        { key: 'disktype', operator: 'NotIn', values: ['hdd'] },
        { key: 'env', operator: 'Exists' },
        { key: 'topology.kubernetes.io/zone', operator: 'In', values: ['z1', 'z2'] },
        { key: 'example.com/gen', operator: 'Gt', values: ['5'] },
      ]),
    ],
  });
  return {
    ...(dice.chance(0.6)
      ? { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: dice.times(1, 2, term) } }
      : {}),
    ...(dice.chance(0.6)
      ? {
          preferredDuringSchedulingIgnoredDuringExecution: dice.times(1, 2, () => ({
            weight: dice.int(1, 100),
            preference: term(),
          })),
        }
      : {}),
  };
}

function resourcesOf(world: World): { name: string; weight: number }[] {
  const { dice } = world;
  const names = [
    'cpu',
    'memory',
    'ephemeral-storage',
    'example.com/gpu',
    'vendor.io/nic',
    'hugepages-2Mi',
    'pods',
  ];
  return dice.shuffle(dice.some(names, 1, 4)).map((name) => ({ name, weight: dice.int(1, 10) }));
}

function fitArgs(world: World): Loose {
  const { dice } = world;
  const type = dice.pick(['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio']);
  return {
    ...(dice.chance(0.3)
      ? { ignoredResources: dice.some(['example.com/gpu', 'vendor.io/nic', 'hugepages-2Mi'], 1, 2) }
      : {}),
    ...(dice.chance(0.3) ? { ignoredResourceGroups: dice.some(['example.com', 'vendor.io'], 1, 2) } : {}),
    ...(dice.chance(0.8)
      ? {
          scoringStrategy: {
            type,
            ...(dice.chance(0.8) ? { resources: resourcesOf(world) } : {}),
            ...(type === 'RequestedToCapacityRatio'
              ? { requestedToCapacityRatio: { shape: shape(world) } }
              : {}),
          },
        }
      : {}),
  };
}

function shape({ dice }: World): Loose[] {
  const points = dice.some([0, 7, 20, 33, 50, 71, 90, 100], 1, 4);
  return points.map((utilization) => ({ utilization, score: dice.int(0, 10) }));
}

function spreadArgs(world: World): Loose {
  const { dice } = world;
  if (dice.chance(0.2)) return { defaultingType: 'System' };
  const seen = new Set<string>();
  const defaultConstraints = dice
    .times(0, 3, () => ({
      maxSkew: dice.int(1, 4),
      topologyKey: dice.pick(world.topologyKeys),
      whenUnsatisfiable: dice.pick(['DoNotSchedule', 'ScheduleAnyway']),
    }))
    .filter(({ topologyKey, whenUnsatisfiable }) => {
      const first = !seen.has(`${topologyKey} ${whenUnsatisfiable}`);
      seen.add(`${topologyKey} ${whenUnsatisfiable}`);
      return first;
    });
  return { defaultingType: 'List', defaultConstraints };
}
