import { describe, expect, it } from '@jest/globals';
import { inspectConfiguration } from '../../../src/config/inspect.js';

/** The text of a file in version v1, its warnings and its problems. */
function convert(version: string, body: string) {
  const text = `apiVersion: kubescheduler.config.k8s.io/${version}\nkind: KubeSchedulerConfiguration\n${body}`;
  const { source, warnings, problems, configuration } = inspectConfiguration(
    'c.yaml',
    {},
    { readFile: () => text, allowDefaultLease: true },
  );
  return {
    text: source?.toText().replace(/^apiVersion.*\nkind.*\n/m, ''),
    warnings: warnings.map(({ place, text: said }) => `${place?.line}:${place?.column} ${said}`),
    problems: problems.map(
      ({ place, text: said, suggestion }) => `${place?.line}:${place?.column} ${said}; ${suggestion}`,
    ),
    configuration,
  };
}

const oldWeights =
  '1:1 default weights are those of v1: TaintToleration 3, NodeAffinity 2, InterPodAffinity 2, where they were 1';

describe('a file of a removed version', () => {
  it.each(['v1beta1', 'v1beta2', 'v1beta3'])('%s becomes one of v1, with a warning', (version) => {
    const { text, warnings, problems } = convert(version, 'parallelism: 4 # four\n');
    expect(text).toBe('parallelism: 4 # four\n');
    expect(problems).toEqual([]);
    expect(warnings).toEqual([
      `1:1 kubescheduler.config.k8s.io/${version} was removed from Kubernetes; the file is read as kubescheduler.config.k8s.io/v1`,
      ...(version === 'v1beta3' ? [] : [oldWeights]),
    ]);
  });

  it('loses addresses that are flags now, keeps its comments, and has the only lock there is', () => {
    const { text, warnings } = convert(
      'v1beta3',
      '# first\nhealthzBindAddress: 0.0.0.0:10251\nleaderElection:\n  resourceLock: endpointsleases # was\nparallelism: 2\n',
    );
    expect(text).toBe('leaderElection:\n  resourceLock: leases # was\nparallelism: 2\n');
    expect(warnings.slice(1)).toEqual([
      '4:1 no longer a field of this file and ignored: use --bind-address and --secure-port',
      '6:3 "endpointsleases" is no longer a kind of lock; read as "leases"',
    ]);
  });

  it('is judged with the places of the file as it is written', () => {
    const { problems } = convert(
      'v1beta1',
      `healthzBindAddress: ""
profiles:
  - schedulerName: ext-scheduler
    plugins:
      score:
        enabled:
          - name: SelectorSpread
          - name: MyCustomPlugin
            weight: 1
`,
    );
    expect(problems).toEqual([
      expect.stringMatching(/^10:13 ScorePlugin "MyCustomPlugin" does not exist; .*BerthConfiguration/),
    ]);
  });

  it('of the old guides is refused for its plugin, with how to supply it', () => {
    const { problems, warnings } = convert(
      'v1beta1',
      `clientConnection:
  kubeconfig: "/etc/kubernetes/scheduler.conf"
profiles:
- schedulerName: ext-scheduler
  plugins:
    score:
      enabled:
      - name: MyCustomPlugin
        weight: 1
`,
    );
    expect(warnings).toHaveLength(2);
    expect(problems).toEqual([
      '10:9 ScorePlugin "MyCustomPlugin" does not exist; it is not one of kube-scheduler\'s: give Berth the module ' +
        'that has it, under plugins of a BerthConfiguration (a second document in the same file, apiVersion berth.dev/v1alpha1; docs/plugins.md shows how)',
    ]);
  });

  it('loses plugins whose work is done by default, and disabled ones that are no more', () => {
    const { text, problems, warnings } = convert(
      'v1beta2',
      `profiles:
- schedulerName: a
  plugins:
    filter:
      enabled: [{name: EBSLimits}, {name: NodeName}]
    score:
      disabled:
      - name: NodePreferAvoidPods
      - name: ImageLocality
`,
    );
    expect(text).toBe(`profiles:
- schedulerName: a
  plugins:
    filter:
      enabled: [{name: NodeName}]
    score:
      disabled:
      - name: ImageLocality
`);
    expect(problems).toEqual([]);
    expect(warnings.slice(2)).toEqual([
      '7:17 EBSLimits was removed from Kubernetes; the entry is left out: NodeVolumeLimits does its work, and is on by default',
      '10:9 NodePreferAvoidPods was removed from Kubernetes; the entry is left out',
    ]);
  });

  it('keeps a plugin that cannot simply go, to be refused with what to use instead', () => {
    const { problems } = convert(
      'v1beta1',
      'profiles: [{schedulerName: a, plugins: {filter: {enabled: [{name: NodeLabel}]}}}]\n',
    );
    expect(problems).toEqual([
      expect.stringContaining('use NodeAffinity, with addedAffinity in its arguments'),
    ]);
  });

  it('has the version of plugin arguments changed too', () => {
    const { problems, text } = convert(
      'v1beta3',
      `profiles:
- pluginConfig:
  - name: InterPodAffinity
    args: {apiVersion: kubescheduler.config.k8s.io/v1beta3, kind: InterPodAffinityArgs, hardPodAffinityWeight: 3}
`,
    );
    expect(problems).toEqual([]);
    expect(text).toContain('apiVersion: kubescheduler.config.k8s.io/v1,');
  });
});

describe('scoring by free resources, which three plugins did in v1beta1', () => {
  const profile = (score: string, pluginConfig = '') =>
    convert('v1beta1', `profiles:\n- schedulerName: a\n  plugins:\n    score: ${score}\n${pluginConfig}`);

  it('becomes the strategy of NodeResourcesFit that the plugin in use stood for', () => {
    const { text, problems, warnings, configuration } = profile(
      '{disabled: [{name: NodeResourcesLeastAllocated}], enabled: [{name: NodeResourcesMostAllocated, weight: 5}]}',
      `  pluginConfig:
  - name: NodeResourcesMostAllocated
    args:
      apiVersion: kubescheduler.config.k8s.io/v1beta1
      kind: NodeResourcesMostAllocatedArgs
      resources: [{name: example.com/gpu, weight: 3}]
`,
    );
    expect(problems).toEqual([]);
    expect(text).toBe(`profiles:
- schedulerName: a
  plugins:
    score: {enabled: [{name: NodeResourcesFit, weight: 5}]}
  pluginConfig:
  - name: NodeResourcesFit
    args:
      scoringStrategy:
        type: MostAllocated
        resources: [{name: example.com/gpu, weight: 3}]
`);
    expect(warnings).toContain(
      '6:72 NodeResourcesMostAllocated became NodeResourcesFit with scoringStrategy.type MostAllocated',
    );
    expect(configuration?.profiles[0]?.plugins.score.enabled).toEqual([
      { name: 'NodeResourcesFit', weight: 5 },
    ]);
  });

  it('takes the shape of RequestedToCapacityRatio along, into arguments that NodeResourcesFit has already', () => {
    const { text, problems } = profile(
      '{disabled: [{name: "*"}], enabled: [{name: RequestedToCapacityRatio}]}',
      `  pluginConfig:
  - name: NodeResourcesFit
    args: {ignoredResources: [example.com/x]}
  - name: RequestedToCapacityRatio
    args: {shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]}
`,
    );
    expect(problems).toEqual([]);
    expect(text).toContain(
      'args: {ignoredResources: [example.com/x], scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]}}}',
    );
    expect(text?.match(/name: /g)).toHaveLength(3);
  });

  it('is disabled where all of it was', () => {
    const { configuration, problems } = profile(
      '{disabled: [{name: NodeResourcesLeastAllocated}, {name: NodeResourcesMostAllocated}]}',
    );
    expect(problems).toEqual([]);
    expect(configuration?.profiles[0]?.plugins.score.disabled).toEqual([{ name: 'NodeResourcesFit' }]);
  });

  it('is refused where two plugins did it: v1 has one strategy', () => {
    const { problems } = profile('{enabled: [{name: NodeResourcesMostAllocated}]}');
    expect(problems).toEqual([
      expect.stringContaining('use NodeResourcesFit with scoringStrategy.type MostAllocated'),
    ]);
  });
});
