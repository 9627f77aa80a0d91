import type { Loose, Manifest } from '../case.js';
import { labelSelector } from './selectors.js';
import type { World } from './world.js';

export function namespaces(world: World): Manifest[] {
  const { dice } = world;
  // A pod's namespace without an object has no labels.
  return world.namespaces
    .filter(() => !dice.chance(0.05))
    .map((name) =>
      world.object('v1', 'Namespace', name, {
        metadata: {
          labels: {
            'kubernetes.io/metadata.name': name,
            ...world.labels({ env: ['prod', 'dev'], team: ['a', 'b'] }, 0.6),
          },
        },
      }),
    );
}

/** Owners and Services: what default spread constraints select by. */
export interface Owner {
  readonly namespace: string;
  readonly reference: Loose;
  readonly labels: Record<string, string>;
}

export function workloads(world: World): { objects: Manifest[]; owners: Owner[] } {
  const { dice } = world;
  const objects: Manifest[] = [];
  const owners: Owner[] = [];
  for (const namespace of world.namespaces) {
    objects.push(...dice.times(0, 3, (index) => service(world, namespace, index)));
    for (let index = dice.int(0, 3); index > 0; index -= 1) {
      const { object, labels } = controller(world, namespace, index);
      if (!dice.chance(0.1)) objects.push(object);
      const { apiVersion, kind, metadata } = object;
      const reference = { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
      owners.push({ namespace, labels, reference: { ...reference, controller: !dice.chance(0.1) } });
    }
  }
  return { objects, owners };
}

function service(world: World, namespace: string, index: number): Manifest {
  const { dice } = world;
  const clusterIP = `10.96.${dice.int(0, 255)}.${dice.int(1, 254)}`;
  const selector = dice.chance(0.1) ? undefined : world.labels(world.podLabels, 0.35);
  return world.object(
    'v1',
    'Service',
    `svc-${index}`,
    {
      spec: {
        clusterIP,
        clusterIPs: [clusterIP],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        internalTrafficPolicy: 'Cluster',
        ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
        sessionAffinity: 'None',
        type: 'ClusterIP',
        ...(selector === undefined ? {} : { selector }),
      },
    },
    namespace,
  );
}

function controller(
  world: World,
  namespace: string,
  index: number,
): { object: Manifest; labels: Record<string, string> } {
  const { dice } = world;
  const app = dice.pick(world.podLabels.app!);
  const kind = dice.pick(['ReplicaSet', 'ReplicaSet', 'StatefulSet', 'ReplicationController', 'Job']);
  const labels: Record<string, string> = { app };
  const name = `${kind.toLowerCase()}-${index}`;
  const template = (given: Record<string, string>) => ({
    metadata: { labels: given },
    spec: { containers: [{ name: 'main', image: 'nginx:1.27' }] },
  });
  const make = (apiVersion: string, spec: Loose) => ({
    object: world.object(apiVersion, kind, name, { spec }, namespace),
    labels,
  });
  switch (kind) {
    case 'ReplicationController':
      return make('v1', { replicas: 2, selector: labels, template: template(labels) });
    case 'StatefulSet':
      return make('apps/v1', {
        replicas: 2,
        serviceName: 's',
        selector: { matchLabels: { app } },
        template: template(labels),
      });
    case 'ReplicaSet': {
      labels['pod-template-hash'] = dice.pick(world.podLabels['pod-template-hash']!);
      const matchExpressions = [{ key: 'app', operator: 'In', values: [app, 'other'] }];
      const selector = dice.chance(0.2) ? { matchExpressions } : { matchLabels: { ...labels } };
      return make('apps/v1', { replicas: 2, selector, template: template(labels) });
    }
    default: {
      // An owner that default constraints do not know.
      const object = world.object(
        'batch/v1',
        'Job',
        name,
        { spec: { template: template(labels) } },
        namespace,
      );
      object.spec.template.spec.restartPolicy = 'Never';
      return { object, labels };
    }
  }
}

/** No pod has two budgets: which one is asked first would be chance. */
export function budgets(world: World, pods: readonly Manifest[]): Manifest[] {
  const { dice } = world;
  return world.namespaces.flatMap((namespace) => {
    if (!world.likes('preemption', 0.15)) return [];
    const own = pods.filter(({ metadata }) => metadata.namespace === namespace);
    const make = (name: string, selector: Loose): Manifest =>
      world.object(
        'policy/v1',
        'PodDisruptionBudget',
        name,
        {
          spec: { minAvailable: dice.int(0, 3), ...(selector === undefined ? {} : { selector }) },
          status: {
            disruptionsAllowed: dice.weighted([
              [4, 0],
              [3, 1],
              [1, 2],
              [1, 5],
            ]),
            currentHealthy: 3,
            desiredHealthy: 2,
            expectedPods: 3,
            ...(own.length > 0 && dice.chance(0.3)
              ? {
                  disruptedPods: Object.fromEntries(
                    dice.some(own, 1, 2).map(({ metadata }) => [metadata.name, '2026-01-05T00:00:00Z']),
                  ),
                }
              : {}),
          },
        },
        namespace,
      );
    if (dice.chance(0.4)) return [make('any', labelSelector(world, world.podLabels))];
    const apps = dice.some(world.podLabels.app!, 1, 3);
    const each = apps.map((app) => make(`pdb-${app}`, { matchLabels: { app } }));
    return dice.chance(0.2) ? [...each, make('empty', {})] : each;
  });
}
