import { closest } from '../config/suggest.js';
import { BerthError } from '../errors.js';

/** Feature gates of kube-scheduler 1.37 that are on by default. */
const on = [
  'AtomicFIFO',
  'ClearingNominatedNodeNameAfterBinding',
  'ClientsAllowCARotation',
  'ClientsAllowTLSCacheGC',
  'ComponentFlagz',
  'ComponentStatusz',
  'ContextualLogging',
  'DRAAdminAccess',
  'DRAConsumableCapacity',
  'DRADeviceBindingConditions',
  'DRADeviceTaintRules',
  'DRADeviceTaints',
  'DRAExtendedResource',
  'DRAPartitionableDevices',
  'DRAPrioritizedList',
  'DRAResourceClaimDeviceStatus',
  'DRAResourceClaimGranularStatusAuthorization',
  'DRASchedulerFilterTimeout',
  'DynamicResourceAllocation',
  'InOrderInformers',
  'InOrderInformersBatchProcess',
  'InPlacePodLevelResourcesVerticalScaling',
  'InPlacePodVerticalScaling',
  'InformerResourceVersion',
  'MatchLabelKeysInPodAffinity',
  'MatchLabelKeysInPodTopologySpread',
  'MatchLabelKeysInPodTopologySpreadSelectorMerge',
  'NativeHistograms',
  'NodeDeclaredFeatures',
  'NodeInclusionPolicyInPodTopologySpread',
  'NominatedNodeNameForExpectation',
  'OpportunisticBatching',
  'PodLevelResources',
  'PodObservedGenerationTracking',
  'SchedulerAsyncPreemption',
  'SchedulerPopFromBackoffQ',
  'StorageCapacityScoring',
  'UnlockWhileProcessingFIFO',
  'VolumeAttributesClass',
  'VolumeLimitScaling',
  'WatchListClient',
] as const;

/** Those that are off by default. */
const off = [
  'AllAlpha',
  'ClientsAllowCBOR',
  'ClientsPreferCBOR',
  'CompositePodGroup',
  'CoordinatedLeaderElection',
  'DRADerivedAttributes',
  'DRADeviceCompatibilityGroups',
  'DRAFractionalCapacityRange',
  'DRAListTypeAttributes',
  'DRANodeAllocatableResources',
  'DRAOptionalNodeOperations',
  'DRAPartitionableDevicesType',
  'DRAWorkloadResourceClaims',
  'GenericWorkload',
  'InPlacePodVerticalScalingSchedulerPreemption',
  'InterPodAffinityHostnameFastPath',
  'PodGroupPreemptionPolicy',
  'SchedulerAsyncAPICalls',
  'SchedulerPreQueueingHints',
  'TaintTolerationComparisonOperators',
  'TopologyAwareWorkloadScheduling',
  'WorkloadWithJob',
] as const;

const defaults: ReadonlyMap<string, boolean> = new Map([
  ...on.map((gate) => [gate, true] as const),
  ...off.map((gate) => [gate, false] as const),
  // Off by default as a whole: what it switches on is on already, gate by gate.
  ['AllBeta', false],
]);

/**
 * Checks the value of --feature-gates, `Gate=true,Other=false`: Berth does as kube-scheduler 1.37 with its default gates,
 * so a gate may be given where it is by default, and nowhere else.
 */
export function checkFeatureGates(text: string): void {
  const problems = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .flatMap(problemsOf);
  if (problems.length > 0) {
    const problem = problems.map((what) => `--feature-gates: ${what}`).join('; ');
    throw new BerthError('BERTH_E_OPTIONS_INVALID', { problem });
  }
}

function problemsOf(item: string): string[] {
  const [, gate = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(item) ?? [];
  const wanted = { true: true, false: false }[value.trim().toLowerCase()];
  const state = defaults.get(gate.trim());
  if (state === undefined) {
    const near = closest(gate, defaults.keys());
    return [`unrecognized feature gate: ${gate}${near === undefined ? '' : `; did you mean "${near}"?`}`];
  }
  if (wanted === undefined) {
    return [`${gate} has to be true or false`];
  }
  return wanted === state
    ? []
    : [
        `${gate} cannot be set to ${wanted}: Berth does as kube-scheduler does with ${gate}=${state}, its default`,
      ];
}
