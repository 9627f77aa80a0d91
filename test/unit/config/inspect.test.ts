import { describe, expect, it } from '@jest/globals';
import { inspectConfiguration, type LoadOptions } from '../../../src/config/inspect.js';
import type { ConfigurationOverrides } from '../../../src/config/overrides.js';
import { formatPlacedProblem, formatWarning } from '../../../src/config/problem-place.js';

const head = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';

function inspect(body: string, overrides: ConfigurationOverrides = {}, options: LoadOptions = {}) {
  return inspectConfiguration('c.yaml', overrides, { readFile: () => `${head}${body}`, ...options });
}

const problemsOf = (...args: Parameters<typeof inspect>): string[] =>
  inspect(...args).problems.map(formatPlacedProblem);
const warningsOf = (...args: Parameters<typeof inspect>): string[] =>
  inspect(...args).warnings.map(formatWarning);

describe('all problems of a file', () => {
  it('are found at once, of every stage, in the order of the file', () => {
    const body = `paralelism: 4
parallelism: "8"
leaderElection: {leaseDuration: 10, resourceLock: endpoints}
profiles:
- schedulerName: a
  percentageOfNodesToScore: 150
  plugins:
    score:
      enabled: [{name: NodeResourceFit}, {name: NodeName}, {name: ImageLocality}, {name: ImageLocality}]
  pluginConfig:
  - name: NodeResourcesFit
    args: {scoringStrategy: {type: MostAlocated}}
- schedulerName: a
  plugins: {fliter: {}}
leaderElection: {leaseDuration: 10, resourceLock: endpoints}
`;
    expect(problemsOf(body)).toEqual([
      'c.yaml:3:1: paralelism: unknown field; did you mean "parallelism"?',
      'c.yaml:4:1: parallelism: expected an integer, got "8"; leave out the quotes',
      'c.yaml:5:18: leaderElection.leaseDuration: expected a duration such as "15s" or "1m30s", got 10; did you mean "10s"?',
      'c.yaml:5:37: leaderElection.resourceLock: Invalid value: "endpoints": resourceLock value must be "leases"',
      'c.yaml:8:3: profiles[0].percentageOfNodesToScore: Invalid value: 150: not in valid range [0-100]',
      'c.yaml:11:18: profiles[0].plugins.score.enabled[0].name: ScorePlugin "NodeResourceFit" does not exist; did you mean "NodeResourcesFit"?',
      'c.yaml:11:43: profiles[0].plugins.score.enabled[1].name: plugin "NodeName" does not extend ScorePlugin plugin; it can be enabled at preFilter, filter, multiPoint',
      'c.yaml:11:84: profiles[0].plugins.score.enabled[3].name: plugin "ImageLocality" already registered as "ScorePlugin"; name it once',
      'c.yaml:14:30: profiles[0].pluginConfig[0].args.scoringStrategy.type: Unsupported value: "MostAlocated": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"; did you mean "MostAllocated"?',
      'c.yaml:15:3: profiles[1].schedulerName: Duplicate value: "a"',
      'c.yaml:16:13: profiles[1].plugins.fliter: unknown field; did you mean "filter"?',
      'c.yaml:17:1: leaderElection: key "leaderElection" already set in map; it is set in line 5: keep one of the two',
    ]);
  });

  it('say what was expected', () => {
    const [problem] = inspect('profiles: [{plugin: {}}]\n').problems;
    expect(problem?.expected).toBe('one of schedulerName, percentageOfNodesToScore, plugins, pluginConfig');
  });

  it('do not follow from one another: what cannot be read is not missing besides', () => {
    expect(problemsOf('profiles: [{schedulerName: 3}, {schedulerName: b}]\n')).toEqual([
      'c.yaml:3:13: profiles[0].schedulerName: expected a text, got 3; put it in quotes',
    ]);
    expect(problemsOf('extenders: [{prioritizeVerb: p, weight: many}]\n')).toHaveLength(1);
    expect(problemsOf('profiles: [{plugins: {score: {enabled: [3, {name: NodeName}]}}}]\n')).toEqual([
      'c.yaml:3:41: profiles[0].plugins.score.enabled[0]: expected a mapping, got 3',
      expect.stringContaining('enabled[1].name: plugin "NodeName" does not extend ScorePlugin plugin'),
    ]);
  });

  it('are looked for at the flag where a flag decides', () => {
    const { problems } = inspect('leaderElection: {leaseDuration: 20s}\n', { leaseDurationMs: 5_000 });
    expect(problems).toEqual([expect.objectContaining({ kind: 'flag', place: undefined })]);
  });
});

describe('null', () => {
  it('is "not given" for every field but a duration, as for kube-scheduler', () => {
    const body = `parallelism: null
clientConnection: null
profiles:
- null
extenders: [null]
`;
    const { problems, configuration } = inspect(body);
    expect(problems).toEqual([]);
    expect(configuration).toMatchObject({
      parallelism: 16,
      clientConnection: { qps: 50 },
      extenders: [{ urlPrefix: '' }],
    });
    expect(problemsOf('leaderElection: {retryPeriod: null}\n')).toEqual([
      'c.yaml:3:18: leaderElection.retryPeriod: expected a duration such as "15s" or "1m30s", got null',
    ]);
    expect(
      problemsOf('profiles: [{pluginConfig: [{name: DynamicResources, args: {filterTimeout: null}}]}]\n'),
    ).toEqual([]);
    expect(problemsOf('profiles: [{plugins: {score: {enabled: [null]}}}]\n')).toEqual([
      expect.stringContaining('ScorePlugin "" does not exist; give the name of a plugin'),
    ]);
  });
});

describe('warnings', () => {
  it('tell of an extender that cannot be asked, and keep its password to themselves', () => {
    const body =
      'extenders: [{urlPrefix: "http://a:b@x"}, {urlPrefix: "http://a:b#c@x"}, {urlPrefix: x.example}]\n';
    expect(warningsOf(body)).toEqual([
      'c.yaml:3:43: extenders[1].urlPrefix: is no http or https URL: all that is asked of the extender fails; in a password "/", "?" and "#" are written %2F, %3F and %23',
      'c.yaml:3:74: extenders[2].urlPrefix: is no http or https URL: all that is asked of the extender fails',
    ]);
  });

  it('tell what kube-scheduler passes over in silence', () => {
    const body = `profiles:
- schedulerName: a
  plugins: {multiPoint: {disabled: [{name: NodeResourceFit}, {name: VolumeBinding}]}}
  pluginConfig:
  - name: VolumeBinding
  - name: Foo
  - name: InterPodAffinty
  - name: ImageLocality
`;
    expect(problemsOf(body)).toEqual([]);
    expect(warningsOf(body)).toEqual([
      'c.yaml:5:37: profiles[0].plugins.multiPoint.disabled[0]: there is no plugin "NodeResourceFit" to disable; did you mean "NodeResourcesFit"?',
      'c.yaml:7:5: profiles[0].pluginConfig[0]: the profile does not enable VolumeBinding: its arguments go nowhere',
      expect.stringMatching(
        /^c\.yaml:8:5: profiles\[0\]\.pluginConfig\[1\]: there is no plugin "Foo", its arguments go nowhere; .*BerthConfiguration/,
      ),
      'c.yaml:9:5: profiles[0].pluginConfig[2]: there is no plugin "InterPodAffinty", its arguments go nowhere; did you mean "InterPodAffinity"?',
    ]);
  });

  it('repeat what has to be said of flags', () => {
    expect(warningsOf('', { remarks: ['--profiling: no'] })).toEqual(['--profiling: no']);
  });
});

describe('unknown plugins', () => {
  it.each([
    ['NodeAfinity', 'did you mean "NodeAffinity"?'],
    [
      'GangScheduling',
      'it serves the feature gate GenericWorkload, which is off by default and which Berth does not have',
    ],
    [
      'SelectorSpread',
      'it was removed from Kubernetes: PodTopologySpread does its work, and is on by default',
    ],
    ['MyOwn', 'under plugins of a BerthConfiguration'],
  ])('are refused with what helps: %s', (name, advice) => {
    const [problem] = inspect(`profiles: [{plugins: {multiPoint: {enabled: [{name: ${name}}]}}}]\n`).problems;
    expect(problem?.text).toBe(`plugin "${name}" does not exist`);
    expect(problem?.suggestion).toContain(advice);
  });

  it('are those that are not in the catalog', () => {
    const plugins = new Map([['Own', ['filter' as const]]]);
    const options = { plugins };
    expect(
      problemsOf(
        'profiles: [{plugins: {filter: {enabled: [{name: Own}]}, multiPoint: {disabled: [{name: "*"}]}}}]\n',
        {},
        options,
      ),
    ).toEqual([
      expect.stringContaining('only one queue sort plugin required'),
      expect.stringContaining('at least one bind plugin is needed'),
    ]);
  });
});

describe('plugins whose module is not loaded yet', () => {
  const own =
    '---\napiVersion: berth.dev/v1alpha1\nkind: BerthConfiguration\nplugins: [{name: Own, module: ./own.ts}]\n';

  it('may be enabled at any point, and may bring what is missing', () => {
    expect(problemsOf(`profiles: [{plugins: {score: {enabled: [{name: Own}]}}}]\n${own}`)).toEqual([]);
    expect(
      problemsOf(
        `profiles: [{plugins: {multiPoint: {enabled: [{name: Own}], disabled: [{name: DefaultBinder}]}}}]\n${own}`,
      ),
    ).toEqual([]);
  });
});
