import { kubeSchedulerPlugins } from '../framework/kube-scheduler-plugins.js';
import type { ExtensionPoint, PluginEntry } from './scheduler-configuration.js';

/** Plugins that a configuration may name, and the extension points of each; `undefined` while its module is not loaded. */
export type PluginCatalog = ReadonlyMap<string, readonly ExtensionPoint[] | undefined>;

/** The default multiPoint list of kube-scheduler 1.37 with default feature gates: names, order and weights. */
export const defaultMultiPoint: readonly PluginEntry[] = [
  { name: 'SchedulingGates' },
  { name: 'PrioritySort' },
  { name: 'NodeName' },
  { name: 'NodeUnschedulable' },
  { name: 'TaintToleration', weight: 3 },
  { name: 'NodeAffinity', weight: 2 },
  { name: 'NodePorts' },
  { name: 'NodeResourcesFit', weight: 1 },
  { name: 'VolumeRestrictions' },
  { name: 'NodeVolumeLimits' },
  { name: 'VolumeBinding' },
  { name: 'VolumeZone' },
  { name: 'PodTopologySpread', weight: 2 },
  { name: 'InterPodAffinity', weight: 2 },
  { name: 'DynamicResources', weight: 2 },
  { name: 'DefaultPreemption' },
  { name: 'NodeResourcesBalancedAllocation', weight: 1 },
  { name: 'ImageLocality', weight: 1 },
  { name: 'DefaultBinder' },
  { name: 'NodeDeclaredFeatures' },
];

/** Points that may be configured but are called only for groups of pods, behind a feature gate. */
const dormantPoints: Readonly<Record<string, readonly ExtensionPoint[]>> = {
  NodeResourcesFit: ['placementScore'],
  DynamicResources: ['podGroupPostFilter'],
  DefaultPreemption: ['podGroupPostFilter'],
};

/** The plugins that come with kube-scheduler 1.37 and are there without any feature gate. */
export const inTreePlugins: ReadonlyMap<string, readonly ExtensionPoint[]> = new Map(
  Array.from(kubeSchedulerPlugins, ([name, points]) => [
    name,
    [...new Set<ExtensionPoint>([...points, ...(dormantPoints[name] ?? [])])],
  ]),
);

/** Plugins of kube-scheduler 1.37 that do nothing without a feature gate, and that gate. */
export const gatedPlugins: ReadonlyMap<string, string> = new Map([
  ['DeferredPodScheduling', 'InPlacePodVerticalScalingSchedulerPreemption'],
  ['GangScheduling', 'GenericWorkload'],
  ['TopologyPlacementGenerator', 'TopologyAwareWorkloadScheduling'],
  ['PodGroupPodsCount', 'TopologyAwareWorkloadScheduling'],
]);

/** Plugins that once existed and are refused by name since. */
export const removedPlugins: ReadonlySet<string> = new Set([
  'AzureDiskLimits',
  'CinderLimits',
  'EBSLimits',
  'GCEPDLimits',
]);

/** Plugins that once existed: what does their work now. */
export const successors: ReadonlyMap<string, string> = new Map([
  ...[...removedPlugins].map(
    (name) => [name, 'NodeVolumeLimits does its work, and is on by default'] as const,
  ),
  ['SelectorSpread', 'PodTopologySpread does its work, and is on by default'],
  ['NodePreferAvoidPods', 'use a PreferNoSchedule taint on the node'],
  ['NodeLabel', 'use NodeAffinity, with addedAffinity in its arguments'],
  ['ServiceAffinity', 'use inter-pod affinity in the pods'],
  [
    'NodeResourcesLeastAllocated',
    'use NodeResourcesFit with scoringStrategy.type LeastAllocated, which is the default',
  ],
  ['NodeResourcesMostAllocated', 'use NodeResourcesFit with scoringStrategy.type MostAllocated'],
  ['RequestedToCapacityRatio', 'use NodeResourcesFit with scoringStrategy.type RequestedToCapacityRatio'],
]);
