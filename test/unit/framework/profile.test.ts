import { describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import { kubeSchedulerPlugins } from '../../../src/framework/kube-scheduler-plugins.js';
import { extensionPoints, implementsPoint } from '../../../src/framework/plugin.js';
import type { EnabledPlugins } from '../../../src/framework/profile.js';
import { createProfile } from '../../../src/framework/profile.js';
import { createInTreeRegistry } from '../../../src/plugins/in-tree.js';
import { defaultProfile } from '../scheduler/scheduling-fixture.js';

const registry = createInTreeRegistry({ bind: async () => undefined });
const least = { queueSort: [{ name: 'PrioritySort' }], bind: [{ name: 'DefaultBinder' }] };
const make = (plugins: EnabledPlugins, pluginArgs = {}) =>
  createProfile({
    schedulerName: 'berth',
    plugins,
    pluginArgs,
    registry,
    handle: { cluster: new ClusterState() },
  });

describe('a profile', () => {
  it('has the plugins of the default configuration in order', () => {
    const profile = defaultProfile();
    expect(profile.filter.map(({ name }) => name)).toEqual([
      'NodeName',
      'NodeUnschedulable',
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
      'DynamicResources',
      'NodeDeclaredFeatures',
    ]);
    expect(profile.score.map(({ plugin, weight }) => [plugin.name, weight])).toEqual([
      ['TaintToleration', 3],
      ['NodeAffinity', 2],
      ['NodeResourcesFit', 1],
      ['VolumeBinding', 1],
      ['PodTopologySpread', 2],
      ['InterPodAffinity', 2],
      ['DynamicResources', 2],
      ['NodeResourcesBalancedAllocation', 1],
      ['ImageLocality', 1],
    ]);
    expect(profile.postFilter.map(({ name }) => name)).toEqual(['DynamicResources', 'DefaultPreemption']);
    expect(profile.queueSort.name).toBe('PrioritySort');
  });

  it('makes each plugin once for all its extension points', () => {
    const { filter, preFilter, score } = defaultProfile();
    const of = (list: readonly { name: string }[]) => list.find(({ name }) => name === 'NodeAffinity');
    expect(of(filter)).toBe(of(preFilter));
    expect(score.find(({ plugin }) => plugin.name === 'NodeAffinity')?.plugin).toBe(of(filter));
  });

  it('counts a weight of 0 as 1', () => {
    expect(make({ ...least, score: [{ name: 'ImageLocality', weight: 0 }] }).score[0]?.weight).toBe(1);
  });

  it.each<[string, EnabledPlugins, string]>([
    ['an unknown plugin', { ...least, filter: [{ name: 'Nope' }] }, 'FilterPlugin "Nope" does not exist'],
    [
      'a plugin at the wrong point',
      { ...least, filter: [{ name: 'ImageLocality' }] },
      'plugin "ImageLocality" does not extend FilterPlugin plugin',
    ],
    [
      'a plugin twice',
      { ...least, filter: [{ name: 'NodeName' }, { name: 'NodeName' }] },
      'plugin "NodeName" already registered as "FilterPlugin"',
    ],
    [
      'no queue sort',
      { bind: least.bind },
      'only one queue sort plugin required for profile with scheduler name "berth", but got 0',
    ],
    [
      'no binder',
      { queueSort: least.queueSort },
      'at least one bind plugin is needed for profile with scheduler name "berth"',
    ],
    [
      'weights beyond measure',
      { ...least, score: [{ name: 'ImageLocality', weight: 2 ** 50 }] },
      'total score of Score plugins could overflow',
    ],
  ])('is refused with %s', (_what, plugins, message) => {
    expect(() => make(plugins)).toThrow(message);
  });

  it('names the plugin whose arguments cannot work', () => {
    const args = { scoringStrategy: { type: 'Best', resources: [] } };
    expect(() =>
      make({ ...least, filter: [{ name: 'NodeResourcesFit' }] }, { NodeResourcesFit: args }),
    ).toThrow('initializing plugin "NodeResourcesFit": scoringStrategy.type');
  });
});

describe('the in-tree plugins', () => {
  it.each(registry.names)('%s takes part exactly where the table of kube-scheduler says', (name) => {
    const plugin = registry.get(name)!.create(undefined, { profile: 'p', cluster: new ClusterState() });
    expect(plugin.name).toBe(name);
    expect(extensionPoints.filter((point) => implementsPoint(plugin, point))).toEqual(
      kubeSchedulerPlugins.get(name),
    );
  });
});
