import type { Loose, Manifest } from '../case.js';
import type { World } from './world.js';

const resourceNames = ['example.com/gpu', 'vendor.io/nic', 'hugepages-2Mi', 'hugepages-1Gi'] as const;

export function nodes(world: World): Manifest[] {
  return world.nodeNames.map((name, index) => node(world, name, index));
}

function node(world: World, name: string, index: number): Manifest {
  const { dice } = world;
  const capacity = resources(world);
  return world.object('v1', 'Node', name, {
    metadata: { labels: labels(world, name, index) },
    spec: {
      ...(dice.chance(world.focus === 'taints' ? 0.15 : 0.05) ? { unschedulable: true } : {}),
      ...(world.likes('taints', 0.12) ? { taints: taints(world) } : {}),
    },
    status: {
      capacity,
      allocatable: capacity,
      ...(world.likes('images', 0.2) ? { images: images(world) } : {}),
      ...(dice.chance(0.5) ? { declaredFeatures: declaredFeatures(world) } : {}),
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
    },
  });
}

function labels(world: World, name: string, index: number): Record<string, string> {
  const { dice } = world;
  const all: Record<string, string> = world.labels(world.nodeLabels, 0.6);
  const zone = `z${(index % 3) + 1}`;
  if (!dice.chance(0.04)) all['kubernetes.io/hostname'] = dice.chance(0.03) ? 'node-00' : name;
  if (!dice.chance(0.12)) {
    all['topology.kubernetes.io/zone'] = zone;
    all['topology.kubernetes.io/region'] = zone === 'z3' ? 'r2' : 'r1';
  }
  if (dice.chance(0.02)) all['topology.kubernetes.io/zone'] = '';
  if (dice.chance(0.2)) all['failure-domain.beta.kubernetes.io/zone'] = dice.chance(0.8) ? zone : 'z2';
  if (dice.chance(0.1)) all['failure-domain.beta.kubernetes.io/region'] = 'r1';
  return all;
}

function resources(world: World): Record<string, string> {
  const { dice } = world;
  const all: Record<string, string> = {
    cpu: dice.weighted<() => string>([
      [6, () => dice.pick(['1', '2', '3', '4', '8'])],
      [2, () => `${dice.int(300, 6000)}m`],
      [1, () => dice.pick(['0', '1920m', '0.5', '1e1', '3500500u', '64'])],
    ])(),
    memory: dice.weighted<() => string>([
      [6, () => dice.pick(['2Gi', '4Gi', '8Gi', '16Gi'])],
      [2, () => `${dice.int(200, 9000)}Mi`],
      [1, () => dice.pick(['0', '3e9', '4000000k', '2.5Gi', '7999999999', '1Ti'])],
    ])(),
    pods: dice.weighted<() => string>([
      [8, () => dice.pick(['110', '58', '16'])],
      [2, () => String(dice.int(0, 6))],
    ])(),
  };
  if (!dice.chance(0.08)) all['ephemeral-storage'] = dice.pick(['10Gi', '50Gi', '1G', '96636764160', '0']);
  for (const name of resourceNames) {
    if (world.likes('resources', 0.25)) all[name] = amountOf(world, name);
  }
  if (dice.chance(0.05)) all['attachable-volumes-aws-ebs'] = '39';
  if (dice.chance(0.05)) all['kubernetes.io/batch-cpu'] = '5';
  if (dice.chance(0.04)) delete all[dice.pick(['memory', 'pods', 'cpu'])];
  return all;
}

function amountOf({ dice }: World, name: (typeof resourceNames)[number]): string {
  switch (name) {
    case 'hugepages-2Mi':
      return dice.pick(['0', '64Mi', '1Gi']);
    case 'hugepages-1Gi':
      return dice.pick(['0', '2Gi']);
    default:
      return dice.pick(['0', '1', '2', '4', '13', '1k']);
  }
}

function taints(world: World): Loose[] {
  const { dice } = world;
  const effects = ['NoSchedule', 'NoExecute', 'PreferNoSchedule', 'PreferNoSchedule'];
  const seen = new Set<string>();
  return dice
    .times(1, 4, () => ({
      key: dice.pick(world.taintKeys),
      effect: dice.pick(effects),
      ...(dice.chance(0.7) ? { value: dice.pick(['a', 'b', 'true', '7']) } : {}),
      ...(dice.chance(0.1) ? { timeAdded: '2026-01-01T00:00:00Z' } : {}),
    }))
    .filter(({ key, effect }) => {
      const first = !seen.has(`${key} ${effect}`);
      seen.add(`${key} ${effect}`);
      return first;
    });
}

function images(world: World): Loose[] {
  const { dice } = world;
  return dice.times(1, 6, () => {
    const image = dice.pick(world.images);
    const names = dice.chance(0.7)
      ? [image]
      : [image, `${image.split(/[@:]/)[0]}:${dice.pick(['latest', '1.0'])}`];
    return {
      names: dice.chance(0.05) ? [] : names.map((name) => (name.includes(':') ? name : `${name}:latest`)),
      sizeBytes: dice.pick([0, 1000, dice.int(1e6, 3e7), dice.int(2e7, 2e9), dice.int(2e9, 6e9)]),
    };
  });
}

function declaredFeatures({ dice }: World): string[] {
  return dice.some(
    [
      'GuaranteedQoSPodCPUResize',
      'RestartAllContainersOnContainerExits',
      'UserNamespacesHostNetworkSupport',
      'VolumeBindMountOptions',
    ],
    0,
    4,
  );
}
