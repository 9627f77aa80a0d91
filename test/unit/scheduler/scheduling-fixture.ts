import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { defaultPluginSets } from '../../../src/config/defaults.js';
import { expandPluginSets } from '../../../src/config/plugin-sets.js';
import { Cycle } from '../../../src/framework/cycle.js';
import { kubeSchedulerPlugins } from '../../../src/framework/kube-scheduler-plugins.js';
import {
  type BindPlugin,
  type ExtensionPoint,
  extensionPoints,
  implementsPoint,
  type Plugin,
  type QueueSortPlugin,
} from '../../../src/framework/plugin.js';
import { createProfile, type Profile, type ProfileOptions } from '../../../src/framework/profile.js';
import { Registry } from '../../../src/framework/registry.js';
import { createInTreeRegistry } from '../../../src/plugins/in-tree.js';
import { seededRandom } from '../../../src/random.js';
import type { Decision } from '../../../src/scheduler/decision.js';
import { type EvaluateOptions, evaluate } from '../../../src/scheduler/evaluate.js';
import { EvaluationSpace } from '../../../src/scheduler/evaluation-space.js';

/** The default profile of kube-scheduler, as far as Berth has its plugins. */
export function defaultProfile(options: Partial<ProfileOptions> = {}): Profile {
  const hasPoint = (name: string, point: string) =>
    kubeSchedulerPlugins.get(name)?.includes(point as ExtensionPoint) ?? false;
  return createProfile({
    schedulerName: 'berth',
    plugins: expandPluginSets(defaultPluginSets, hasPoint, { schedulerName: 'berth' }),
    pluginArgs: {},
    registry: createInTreeRegistry({ bind: async () => undefined }),
    handle: { cluster: new ClusterState() },
    ...options,
  });
}

/** A profile of exactly these plugins, in this order, beside the queue sort and the binder that every profile needs, if they bring none. */
export function profileOf(plugins: readonly Plugin[], options: Partial<ProfileOptions> = {}): Profile {
  const registry = new Registry();
  const sort: QueueSortPlugin = { name: 'Sort', less: () => false };
  const bind: BindPlugin = { name: 'Bind', bind: async () => undefined };
  const obligatory: Plugin[] = plugins.some((plugin) => implementsPoint(plugin, 'bind'))
    ? [sort]
    : [sort, bind];
  for (const plugin of [...obligatory, ...plugins]) {
    const points = extensionPoints.filter((point) => implementsPoint(plugin, point));
    registry.register({ name: plugin.name, points, create: () => plugin });
  }
  const lists = extensionPoints.map((point) => [
    point,
    registry.names
      .filter((name) => registry.get(name)!.points.includes(point))
      .map((name) => ({ name, weight: 1 })),
  ]);
  return createProfile({
    schedulerName: 'berth',
    plugins: Object.fromEntries(lists),
    pluginArgs: {},
    registry,
    handle: { cluster: new ClusterState() },
    ...options,
  });
}

/** One decision, in a space of its own unless one is given. */
export function decide(
  cluster: ClusterState,
  profile: Profile,
  pod: Pod,
  options: Partial<EvaluateOptions> = {},
): Decision {
  const cycle = new Cycle(pod, cluster.nodes);
  return evaluate(cycle, profile, { space: new EvaluationSpace(), random: seededRandom(7), ...options });
}
