import type { PluginEntry } from './scheduler-configuration.js';

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

/** Plugins of kube-scheduler 1.37 that only a feature gate puts into the default list. */
const gatedPlugins = [
  'DeferredPodScheduling',
  'GangScheduling',
  'TopologyPlacementGenerator',
  'PodGroupPodsCount',
];

/** Names of all plugins that come with kube-scheduler 1.37. */
export const inTreePlugins: ReadonlySet<string> = new Set([
  ...defaultMultiPoint.map(({ name }) => name),
  ...gatedPlugins,
]);

/** Plugins that once existed and are refused by name since. */
export const removedPlugins: ReadonlySet<string> = new Set([
  'AzureDiskLimits',
  'CinderLimits',
  'EBSLimits',
  'GCEPDLimits',
]);
