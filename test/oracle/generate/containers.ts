import type { Loose, Manifest } from '../case.js';
import { cpu, memory, storage } from './quantities.js';
import type { World } from './world.js';

export function containers(world: World): Loose {
  const { dice } = world;
  const ports = new Set<string>();
  const main = dice.times(1, dice.pick([1, 1, 2, 4]), (index) => container(world, `c${index}`, ports));
  const init = dice.chance(0.2)
    ? dice.times(1, 3, (index) => ({
        ...container(world, `i${index}`, ports),
        ...(dice.chance(0.5) ? { restartPolicy: 'Always' } : {}),
      }))
    : [];
  if (dice.chance(0.03)) {
    const restartPolicyRules = [
      { action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } },
    ];
    Object.assign(main[0]!, { restartPolicy: 'Never', restartPolicyRules });
  }
  return { containers: main, ...(init.length > 0 ? { initContainers: init } : {}) };
}

function container(world: World, name: string, ports: Set<string>): Loose {
  const { dice } = world;
  const image = dice.pick(world.images);
  const listed = world.likes('ports', 0.1) ? dice.times(1, 3, () => port(world, ports)).filter(Boolean) : [];
  return {
    name,
    image,
    ...(listed.length > 0 ? { ports: listed } : {}),
    ...resources(world),
  };
}

function port(world: World, taken: Set<string>): Loose {
  const { dice } = world;
  const hostPort = dice.chance(0.9) ? dice.pick([80, 443, 8080, 9090, 53]) : undefined;
  const protocol = dice.pick(['TCP', 'TCP', 'UDP', 'SCTP', undefined]);
  const hostIP = dice.pick([undefined, undefined, '0.0.0.0', '127.0.0.1', '10.0.0.7', '::', '::1']);
  const key = `${hostPort} ${protocol ?? 'TCP'} ${hostIP ?? ''}`;
  if (hostPort !== undefined && taken.has(key)) return undefined;
  taken.add(key);
  return {
    containerPort: hostPort ?? 8000 + dice.int(0, 99),
    ...(hostPort === undefined ? {} : { hostPort }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(hostIP === undefined ? {} : { hostIP }),
  };
}

function resources(world: World): Loose {
  const { dice } = world;
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  if (dice.chance(0.8)) requests.cpu = cpu(dice);
  if (dice.chance(0.8)) requests.memory = memory(dice);
  if (world.likes('resources', 0.1) && dice.chance(0.5)) requests['ephemeral-storage'] = storage(dice);
  if (world.likes('resources', 0.1)) {
    for (const name of dice.some(['example.com/gpu', 'vendor.io/nic', 'example.com/none'], 0, 2)) {
      const amount = dice.pick(['0', '1', '1', '2', '3', '1k']);
      requests[name] = amount;
      limits[name] = amount;
    }
    if (dice.chance(0.2) && requests.cpu !== undefined) {
      const amount = dice.pick(['2Mi', '64Mi', '128Mi']);
      requests['hugepages-2Mi'] = amount;
      limits['hugepages-2Mi'] = amount;
    }
  }
  if (dice.chance(0.1)) {
    // Limits alone become requests.
    for (const name of ['cpu', 'memory']) {
      if (!dice.chance(0.5)) continue;
      delete requests[name];
      limits[name] = name === 'cpu' ? '700m' : '300Mi';
    }
  }
  return {
    resources: {
      ...(Object.keys(requests).length > 0 ? { requests } : {}),
      ...(Object.keys(limits).length > 0 ? { limits } : {}),
    },
  };
}

export function podLevelResources(world: World, pod: Manifest): void {
  const { dice } = world;
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  if (dice.chance(0.7)) requests.cpu = dice.pick(['3', '4500m', '8']);
  if (dice.chance(0.7)) requests.memory = dice.pick(['6Gi', '9G']);
  if (dice.chance(0.3)) limits.cpu = '20';
  if (dice.chance(0.2)) limits.memory = '20Gi';
  if (Object.keys(requests).length + Object.keys(limits).length === 0) return;
  pod.spec.resources = { requests, limits };
}

/** Names that API servers of today refuse in containers. */
export function oddRequests({ dice }: World, pod: Manifest): void {
  for (const container of pod.spec.containers) {
    const name = dice.pick([
      'storage',
      'foo',
      'kubernetes.io/batch-cpu',
      'attachable-volumes-aws-ebs',
      'requests.example.com/gpu',
      'hugepages-64Ki',
    ]);
    container.resources.requests = {
      ...container.resources.requests,
      [name]: dice.pick(['0', '1', '40', '1500m']),
    };
  }
}

/** A pod that is being resized in place: what it has been given differs from what its spec asks for. */
export function resizeStatus(world: World, pod: Manifest): void {
  const { dice } = world;
  const { spec, status } = pod;
  const changed = (requests: Loose): Loose =>
    Object.fromEntries(
      Object.entries(requests ?? {}).map(([name, amount]) => {
        if (name === 'cpu' && dice.chance(0.7)) return [name, cpu(dice)];
        return [name, name === 'memory' && dice.chance(0.7) ? memory(dice) : amount];
      }),
    );
  const describe = (list: readonly Loose[] | undefined): Loose[] =>
    (list ?? [])
      .filter(() => !dice.chance(0.1))
      .map(({ name, image, resources: given }) => ({
        name,
        image,
        imageID: '',
        ready: true,
        restartCount: 0,
        ...(dice.chance(0.8) ? { allocatedResources: changed(given?.requests) } : {}),
        ...(dice.chance(0.7) ? { resources: { requests: changed(given?.requests) } } : {}),
      }));
  status.containerStatuses = describe(spec.containers);
  status.initContainerStatuses = describe(spec.initContainers);
  if (dice.chance(0.4)) {
    const reason = dice.pick(['Infeasible', 'Deferred']);
    status.conditions = [{ type: 'PodResizePending', status: 'True', reason }];
  }
  if (spec.resources?.requests !== undefined || dice.chance(0.05)) {
    if (dice.chance(0.7)) status.allocatedResources = changed(spec.resources?.requests ?? { cpu: '1' });
    if (dice.chance(0.7)) status.resources = { requests: changed(spec.resources?.requests ?? { cpu: '1' }) };
  }
}
