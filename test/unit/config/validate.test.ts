import { describe, expect, it } from '@jest/globals';
import { loadConfiguration } from '../../../src/config/load.js';
import { describeError } from '../../../src/errors.js';

const head = {
  apiVersion: 'kubescheduler.config.k8s.io/v1',
  kind: 'KubeSchedulerConfiguration',
};

/** What is said of a configuration; empty when it is accepted. */
function verdict(fields: object): string {
  try {
    loadConfiguration('c', {}, { readFile: () => JSON.stringify({ ...head, ...fields }) });
    return '';
  } catch (error) {
    return describeError(error).line;
  }
}

const args = (name: string, values: object): object => ({
  profiles: [{ schedulerName: 'a', pluginConfig: [{ name, args: values }] }],
});
const strategy = (scoringStrategy: object): object => args('NodeResourcesFit', { scoringStrategy });
const ratio = (shape: object[]): object =>
  strategy({ type: 'RequestedToCapacityRatio', requestedToCapacityRatio: { shape } });
const spread = (constraint: object): object =>
  args('PodTopologySpread', {
    defaultingType: 'List',
    defaultConstraints: [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', ...constraint },
    ],
  });
const profiles = (...list: object[]): object => ({ profiles: list });

describe("kube-scheduler's rules", () => {
  it.each([
    [{ parallelism: 0 }, 'parallelism: Invalid value: 0: should be an integer value greater than zero'],
    [
      { percentageOfNodesToScore: 101 },
      'percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]',
    ],
    [{ podInitialBackoffSeconds: 0 }, 'podInitialBackoffSeconds: Invalid value: 0: must be greater than 0'],
    [
      { podInitialBackoffSeconds: 5, podMaxBackoffSeconds: 4 },
      'podMaxBackoffSeconds: Invalid value: 4: must be greater than or equal to PodInitialBackoffSeconds',
    ],
    [{ clientConnection: { burst: -1 } }, 'clientConnection.burst: Invalid value: -1: must be non-negative'],
    [
      { leaderElection: { retryPeriod: '-1s' } },
      'leaderElection.retryPeriod: Invalid value: "-1s": must be greater than zero',
    ],
    [
      { leaderElection: { leaseDuration: '10s' } },
      'leaderElection.leaseDuration: Invalid value: "10s": must be greater than `RenewDeadline`',
    ],
    [
      { leaderElection: { renewDeadline: '2s' } },
      'renewDeadline must be greater than retryPeriod*JitterFactor',
    ],
    [{ leaderElection: { resourceLock: 'endpoints' } }, 'resourceLock value must be "leases"'],
    [profiles({}, { schedulerName: 'b' }), 'profiles[0].schedulerName: Required value'],
    [
      profiles({ schedulerName: 'b' }, { schedulerName: 'b' }),
      'profiles[1].schedulerName: Duplicate value: "b"',
    ],
    [
      profiles({ schedulerName: 'b', percentageOfNodesToScore: -1 }),
      'profiles[0].percentageOfNodesToScore: Invalid value: -1: not in valid range [0-100]',
    ],
    [
      profiles({ schedulerName: 'b', plugins: { filter: { enabled: [{ name: 'EBSLimits' }] } } }),
      'Invalid value: "EBSLimits": was invalid in version "v1" (KubeSchedulerConfiguration is version "kubescheduler.config.k8s.io/v1")',
    ],
    [
      profiles({ schedulerName: 'b', plugins: { multiPoint: { enabled: [{ name: 'EBSLimits' }] } } }),
      'plugin "EBSLimits" does not exist',
    ],
    [
      profiles({ schedulerName: 'b', pluginConfig: [{ name: 'VolumeBinding' }, { name: 'VolumeBinding' }] }),
      'profiles[0].pluginConfig[1]: Duplicate value: "VolumeBinding"',
    ],
    [
      profiles(
        { schedulerName: 'a' },
        { schedulerName: 'b', plugins: { queueSort: { enabled: [{ name: 'PrioritySort' }] } } },
      ),
      'must be the same for all profiles',
    ],
    [
      profiles({
        schedulerName: 'a',
        plugins: { queueSort: { enabled: [{ name: 'PrioritySort' }, { name: 'NodeName' }] } },
      }),
      'only one queue sort plugin can be enabled',
    ],
    [
      { extenders: [{ urlPrefix: 'http://x', prioritizeVerb: 'p' }] },
      'extenders[0].weight: Invalid value: 0: must have a positive weight applied to it',
    ],
    [
      { extenders: [{ bindVerb: 'b' }, { bindVerb: 'b' }] },
      'extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind',
    ],
    [{ extenders: [{ managedResources: [{ name: 'cpu' }] }] }, 'is an invalid extended resource name'],
    [
      { extenders: [{ managedResources: [{ name: 'a.b/c' }, { name: 'a.b/c' }] }] },
      'duplicate extender managed resource name',
    ],
    [args('DefaultPreemption', { minCandidateNodesPercentage: 101 }), 'not in valid range [0, 100]'],
    [args('DefaultPreemption', { minCandidateNodesAbsolute: -1 }), 'not in valid range [0, inf)'],
    [
      args('DefaultPreemption', { minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0 }),
      'cannot be zero at the same time as minCandidateNodesAbsolute',
    ],
    [args('InterPodAffinity', { hardPodAffinityWeight: 101 }), 'not in valid range [0, 100]'],
    [args('DynamicResources', { filterTimeout: '-1s' }), 'must be zero or positive'],
    [args('DynamicResources', { bindingTimeout: '10ms' }), 'must be at least 1 second'],
    [
      args('NodeResourcesBalancedAllocation', { resources: [{ name: 'cpu', weight: 2 }] }),
      'resources[0].weight: Invalid value: 2: must be 1',
    ],
    [
      args('NodeResourcesBalancedAllocation', { resources: [{ name: 'cpu' }, { name: 'cpu' }] }),
      'resources[1].name: Duplicate value: "cpu"',
    ],
    [
      strategy({}),
      'Unsupported value: "": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"',
    ],
    [
      strategy({ type: 'MostAllocated', resources: [{ name: 'cpu', weight: 101 }] }),
      'resource weight of cpu not in valid range (0, 100]',
    ],
    [strategy({ type: 'RequestedToCapacityRatio' }), 'requestedToCapacityRatio: Required value'],
    [ratio([]), 'at least one point must be specified'],
    [
      ratio([
        { utilization: 5, score: 0 },
        { utilization: 5, score: 1 },
      ]),
      'values must be sorted in increasing order',
    ],
    [ratio([{ utilization: 101, score: 0 }]), 'Invalid value: 101'],
    [ratio([{ utilization: 0, score: 11 }]), 'Invalid value: 11'],
    [args('NodeResourcesFit', { ignoredResourceGroups: ['a/b'] }), "resource group name can't contain '/'"],
    [args('NodeResourcesFit', { ignoredResources: ['-x'] }), 'ignoredResources[0]: Invalid value: "-x"'],
    [args('PodTopologySpread', { defaultingType: 'Other' }), 'supported values: "System", "List"'],
    [
      args('PodTopologySpread', {
        defaultConstraints: [{ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'ScheduleAnyway' }],
      }),
      'Invalid value: "System": when .defaultConstraints are not empty',
    ],
    [spread({ maxSkew: 0 }), 'maxSkew: Invalid value: 0: not in valid range (0, inf)'],
    [spread({ topologyKey: '' }), 'can not be empty'],
    [spread({ whenUnsatisfiable: 'Maybe' }), 'Unsupported value: "Maybe"'],
    [spread({ labelSelector: {} }), 'constraint must not define a selector, as they deduced for each pod'],
    [
      args('VolumeBinding', { bindTimeoutSeconds: -1 }),
      'invalid BindTimeoutSeconds, should not be a negative value',
    ],
    [
      args('NodeAffinity', {
        addedAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Like', values: ['b'] }] }],
          },
        },
      }),
      'addedAffinity.requiredDuringSchedulingIgnoredDuringExecution',
    ],
    [
      args('NodeAffinity', {
        addedAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b', 'c d'] }] }],
          },
        },
      }),
      'matchExpressions[0].values[1]: Invalid value: "c d": a valid label must be an empty string or consist of',
    ],
    [
      args('NodeAffinity', {
        addedAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 1,
              preference: { matchFields: [{ key: 'metadata.name', operator: 'Gt', values: ['1'] }] },
            },
          ],
        },
      }),
      'preference.matchFields[0].operator: Unsupported value: "Gt": supported values: "In", "NotIn"',
    ],
    ...(
      [
        [
          { operator: 'In' },
          "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty",
        ],
        [{ operator: 'Exists', values: ['x'] }, 'values set must be empty for exists and does not exist'],
        [{ operator: 'Gt', values: [] }, "for 'Gt', 'Lt' operators, exactly one value is required"],
        [
          { operator: 'Lt', values: ['x'] },
          "values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
        ],
        [
          { key: '', operator: 'Exists' },
          'Invalid value: "": name part must be non-empty; name part must consist of',
        ],
        [{ key: 'A.b/c', operator: 'Exists' }, 'prefix part a lowercase RFC 1123 subdomain must consist of'],
        [{ key: 'a/b/c', operator: 'Exists' }, 'a valid label key must consist of'],
        [{ key: 'x'.repeat(64), operator: 'Exists' }, 'name part must be no more than 63 bytes'],
      ] as const
    ).map(([expression, line]): [object, string] => [
      args('NodeAffinity', {
        addedAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', ...expression }] }],
          },
        },
      }),
      line,
    ]),
    [
      strategy({ type: 'LeastAllocated', requestedToCapacityRatio: {} }),
      'Forbidden: must be nil when type is not RequestedToCapacityRatio',
    ],
    [spread({ whenUnsatisfiable: '' }), 'whenUnsatisfiable: Required value: can not be empty'],
    [spread({ labelSelector: { foo: 1 } }), 'labelSelector.foo: unknown field'],
    [
      args('VolumeBinding', { kind: 'VolumeBindingArgs', apiVersion: 'kubescheduler.config.k8s.io/v1beta3' }),
      'no kind "VolumeBindingArgs" is registered for version "kubescheduler.config.k8s.io/v1beta3"',
    ],
    [
      { extenders: [{ tlsConfig: { insecure: true, caData: 'YQ==' } }] },
      'specifying a root certificates file with the insecure flag is not allowed',
    ],
    [{ extenders: [{ tlsConfig: { caData: 'YQ' } }] }, 'tlsConfig.caData: expected base64 with padding'],
    [
      {
        extenders: [{ managedResources: [{ name: 'a.b/c', ignoredByScheduler: true }] }],
        ...profiles({
          schedulerName: 'a',
          plugins: { multiPoint: { disabled: [{ name: 'NodeResourcesFit' }] } },
        }),
      },
      "extenders[0].managedResources[0].ignoredByScheduler: can't find NodeResourcesFitArgs in plugin config",
    ],
    [{ clientConnection: { qps: 1e39 } }, 'clientConnection.qps: expected a number that fits its field'],
    [
      profiles({ schedulerName: 'b', plugins: { queueSort: { disabled: [{ name: '*' }] } } }),
      'only one queue sort plugin required for profile with scheduler name "b", but got 0',
    ],
    [
      profiles({
        schedulerName: 'b',
        plugins: { multiPoint: { enabled: [{ name: 'NodeName' }, { name: 'NodeName' }] } },
      }),
      'enabled[1].name: plugin "NodeName" already registered as "PreFilterPlugin"',
    ],
    [
      profiles({
        schedulerName: 'b',
        plugins: { score: { enabled: [{ name: 'TaintToleration', weight: -3 }] } },
      }),
      'score plugins: total score of Score plugins could overflow',
    ],
    [
      profiles(
        { schedulerName: 'a', pluginConfig: [{ name: 'PrioritySort', args: { x: 1 } }] },
        { schedulerName: 'b' },
      ),
      'different queue sort plugin args for profile "b"',
    ],
  ])('refuse %j', (fields, line) => {
    expect(verdict(fields)).toContain(line);
  });

  it.each([
    { parallelism: 1, percentageOfNodesToScore: 100 },
    { leaderElection: { leaderElect: false, leaseDuration: '1s', resourceLock: 'endpoints' } },
    { clientConnection: { qps: -1 } },
    ratio([
      { utilization: 0, score: 0 },
      { utilization: 100, score: 10 },
    ]),
    spread({}),
    args('VolumeBinding', { bindTimeoutSeconds: 0 }),
    { extenders: [{ managedResources: [{ name: 'example.com/gpu', ignoredByScheduler: true }] }] },
    // Arguments of NodeResourcesFit count only where it is enabled.
    profiles({
      schedulerName: 'a',
      plugins: { multiPoint: { disabled: [{ name: 'NodeResourcesFit' }] } },
      pluginConfig: [{ name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'x' } } }],
    }),
    // The last weight may be negative: nothing comes after that could overflow.
    profiles({
      schedulerName: 'a',
      plugins: { multiPoint: { enabled: [{ name: 'ImageLocality', weight: -3 }] } },
    }),
    // Points of groups of pods may be configured.
    profiles({
      schedulerName: 'a',
      plugins: {
        placementScore: { enabled: [{ name: 'NodeResourcesFit', weight: 3 }] },
        podGroupPostFilter: { enabled: [{ name: 'DefaultPreemption' }] },
      },
    }),
    // A plugin that is listed nowhere may have arguments of any form.
    profiles({ schedulerName: 'a', pluginConfig: [{ name: 'Foo', args: 'x' }, { args: {} }] }),
    args('NodeAffinity', {
      addedAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{}] },
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 0, preference: { matchExpressions: [{ key: '-' }] } },
        ],
      },
    }),
  ])('accept %j', (fields) => {
    expect(verdict(fields)).toBe('');
  });
});
