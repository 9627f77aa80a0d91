import { ClusterState } from '../../src/cluster/cluster-state.js';
import type { Pod } from '../../src/cluster/pod.js';
import { createNodeProjector } from '../../src/cluster/project-node.js';
import { createPodProjector } from '../../src/cluster/project-pod.js';
import { loadConfiguration } from '../../src/config/load.js';
import { type ExpandedPlugins, expandPluginSets } from '../../src/config/plugin-sets.js';
import { kubeSchedulerPlugins } from '../../src/framework/kube-scheduler-plugins.js';
import type { ExtensionPoint } from '../../src/framework/plugin.js';
import { createProfile, type Profile } from '../../src/framework/profile.js';
import { createInTreeRegistry } from '../../src/plugins/in-tree.js';
import { Nominator } from '../../src/queue/nominator.js';
import { objectKinds } from '../../src/scheduler/object-kinds.js';
import type { GoldenCase } from './golden-file.js';

/** A scheduler profile with the full plugin lists of its configuration, plugins that Berth does not have included. */
export interface CaseProfile {
  readonly profile: Profile;
  readonly lists: ExpandedPlugins;
}

/** A case, ready to be judged. */
export interface CaseSetup {
  readonly cluster: ClusterState;
  readonly profiles: ReadonlyMap<string, CaseProfile>;
  readonly nominator: Nominator;
  readonly pending: readonly Pod[];
}

/** Builds cluster and profiles as the program does. Throws on objects and configurations that the program would refuse. */
export function setUpCase({ config, objects, pending }: GoldenCase): CaseSetup {
  const cluster = new ClusterState();
  for (const { kind, project, table } of objectKinds) {
    for (const object of objects) if (object.kind === kind) table(cluster).set(project(object));
  }
  const profiles = buildProfiles(config, cluster);
  const nominator = new Nominator();
  const projectPod = createPodProjector();
  const projectNode = createNodeProjector();
  // In the order of an API server's list: of an image's sizes the first one reported counts for all nodes.
  const nodes = objects.filter(({ kind }) => kind === 'Node').map(projectNode);
  for (const node of nodes.sort((a, b) => (a.name < b.name ? -1 : 1))) cluster.setNode(node);
  for (const object of objects) {
    if (object.kind === 'Pod') place(projectPod(object), cluster, profiles, nominator);
  }
  return { cluster, profiles, nominator, pending: pending.map(projectPod) };
}

function place(
  pod: Pod,
  cluster: ClusterState,
  profiles: ReadonlyMap<string, unknown>,
  nominator: Nominator,
): void {
  if (pod.phase === 'Succeeded' || pod.phase === 'Failed') return;
  if (pod.nodeName !== '') cluster.setBoundPod(pod);
  else if (profiles.has(pod.schedulerName)) nominator.nominate(pod, pod.nominatedNodeName);
}

function buildProfiles(
  config: GoldenCase['config'],
  cluster: ClusterState,
): ReadonlyMap<string, CaseProfile> {
  const file = config === undefined ? undefined : 'case.config';
  const overrides = { schedulerName: 'default-scheduler' };
  const options = { allowDefaultLease: true, readFile: () => JSON.stringify(config) };
  const { profiles, percentageOfNodesToScore } = loadConfiguration(file, overrides, options);
  const registry = createInTreeRegistry({ bind: async () => undefined });
  return new Map(
    profiles.map(({ schedulerName, plugins, pluginConfig, percentageOfNodesToScore: own }) => {
      const lists = expandPluginSets(plugins, hasPoint, { schedulerName });
      const profile = createProfile({
        schedulerName,
        plugins: lists,
        pluginArgs: Object.fromEntries(pluginConfig.map(({ name, args }) => [name, args])),
        registry,
        handle: { cluster },
        percentageOfNodesToScore: own ?? percentageOfNodesToScore,
      });
      return [schedulerName, { profile, lists }];
    }),
  );
}

function hasPoint(plugin: string, point: string): boolean {
  return kubeSchedulerPlugins.get(plugin)?.includes(point as ExtensionPoint) ?? false;
}
