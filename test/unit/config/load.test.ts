import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  type ConfigurationOverrides,
  type LoadOptions,
  loadConfiguration,
} from '../../../src/config/load.js';
import { argsOf } from '../../../src/config/plugin-args.js';
import { toVersioned } from '../../../src/config/versioned.js';
import { describeError } from '../../../src/errors.js';

const head = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';

function load(body: string, overrides: ConfigurationOverrides = {}, options: LoadOptions = {}) {
  return loadConfiguration('config.yaml', overrides, { readFile: () => body, ...options });
}

/** The line that a broken file ends in; fails when the file is accepted. */
function refusal(body: string, overrides: ConfigurationOverrides = {}): string {
  try {
    load(body, overrides);
  } catch (error) {
    const described = describeError(error);
    expect(described.exitCode).toBe(2);
    return described.line;
  }
  throw new Error('the file was accepted');
}

describe('without a file', () => {
  it('has the defaults of kube-scheduler under the names of Berth', () => {
    const configuration = loadConfiguration(undefined);
    expect(configuration).toMatchObject({
      source: undefined,
      warnings: [],
      parallelism: 16,
      percentageOfNodesToScore: 0,
      podInitialBackoffSeconds: 1,
      podMaxBackoffSeconds: 10,
      enableProfiling: true,
      enableContentionProfiling: true,
      delayCacheUntilActive: false,
      extenders: [],
      leaderElection: {
        leaderElect: true,
        leaseDurationMs: 15_000,
        renewDeadlineMs: 10_000,
        retryPeriodMs: 2_000,
        resourceLock: 'leases',
        resourceName: 'berth',
        resourceNamespace: 'berth-system',
      },
      clientConnection: { qps: 50, burst: 100, kubeconfig: '' },
    });
    expect(configuration.profiles.map(({ schedulerName }) => schedulerName)).toEqual(['berth']);
  });

  it('has the eight default plugin arguments', () => {
    const [profile] = loadConfiguration(undefined).profiles;
    expect(profile?.pluginConfig.map(({ name }) => name)).toEqual([
      'DefaultPreemption',
      'DynamicResources',
      'InterPodAffinity',
      'NodeAffinity',
      'NodeResourcesBalancedAllocation',
      'NodeResourcesFit',
      'PodTopologySpread',
      'VolumeBinding',
    ]);
    expect(profile && argsOf(profile, 'NodeResourcesFit')).toEqual({
      scoringStrategy: {
        type: 'LeastAllocated',
        resources: [
          { name: 'cpu', weight: 1 },
          { name: 'memory', weight: 1 },
        ],
      },
    });
  });

  it('takes flags', () => {
    const configuration = loadConfiguration(undefined, {
      schedulerName: 'mine',
      leaderElect: false,
      leaseName: 'l',
      kubeApiQps: 5,
    });
    expect(configuration.profiles[0]?.schedulerName).toBe('mine');
    expect(configuration.leaderElection).toMatchObject({ leaderElect: false, resourceName: 'l' });
    expect(configuration.clientConnection).toMatchObject({ qps: 5, burst: 100 });
  });

  it('names no file in problems that come from flags', () => {
    const load = () => loadConfiguration(undefined, { leaseDurationMs: 5_000 });
    expect(load).toThrow(
      'leaderElection.leaseDuration: Invalid value: "10s": must be greater than `RenewDeadline`',
    );
  });
});

describe('a file', () => {
  it("keeps its profiles' names", () => {
    const configuration = load(`${head}profiles:\n- schedulerName: a\n- schedulerName: b\n`);
    expect(configuration.profiles.map(({ schedulerName }) => schedulerName)).toEqual(['a', 'b']);
    expect(configuration.leaderElection).toMatchObject({
      resourceName: 'berth',
      resourceNamespace: 'berth-system',
    });
  });

  it('gives its only, nameless profile the name of the flag', () => {
    expect(load(`${head}profiles: [{}]\n`, { schedulerName: 'mine' }).profiles[0]?.schedulerName).toBe(
      'mine',
    );
    expect(load(head).profiles[0]?.schedulerName).toBe('berth');
  });

  it('warns of a scheduler name flag that it overrules', () => {
    const { warnings } = load(`${head}profiles: [{schedulerName: a}]\n`, { schedulerName: 'b' });
    expect(warnings).toEqual([expect.stringContaining('--scheduler-name is ignored')]);
  });

  it('yields to flags', () => {
    const { leaderElection, clientConnection } = load(
      `${head}leaderElection: {leaderElect: true, resourceName: f}\nclientConnection: {qps: 7}\n`,
      { leaderElect: false, kubeApiBurst: 3 },
    );
    expect(leaderElection).toMatchObject({ leaderElect: false, resourceName: 'f' });
    expect(clientConnection).toMatchObject({ qps: 7, burst: 3 });
  });

  it('may be JSON', () => {
    const json = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
    expect(load(JSON.stringify({ ...json, parallelism: 4 })).parallelism).toBe(4);
  });

  it('takes null, empty texts and 0 rates as not given', () => {
    const configuration = load(
      `${head}parallelism: null\nprofiles:\nleaderElection: {resourceName: "", leaseDuration: 0s}\nclientConnection: {qps: 0, burst: 0}\n`,
    );
    expect(configuration.parallelism).toBe(16);
    expect(configuration.leaderElection).toMatchObject({ resourceName: 'berth', leaseDurationMs: 15_000 });
    expect(configuration.clientConnection).toMatchObject({ qps: 50, burst: 100 });
  });

  it('fills in the defaults of arguments it gives in part', () => {
    const body = `${head}profiles:
- schedulerName: a
  pluginConfig:
  - name: NodeResourcesFit
    args:
      apiVersion: kubescheduler.config.k8s.io/v1
      kind: NodeResourcesFitArgs
      scoringStrategy: {type: MostAllocated, resources: [{name: example.com/gpu}]}
  - name: DynamicResources
    args: {filterTimeout: 3s}
`;
    const [profile] = load(body).profiles;
    expect(profile && argsOf(profile, 'NodeResourcesFit')).toEqual({
      scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'example.com/gpu', weight: 1 }] },
    });
    expect(profile && argsOf(profile, 'DynamicResources')).toEqual({
      filterTimeoutMs: 3_000,
      bindingTimeoutMs: 600_000,
    });
  });

  it.each([1, 2, 3])('of version v1beta%i is converted with a warning', (beta) => {
    const configuration = load(
      `apiVersion: kubescheduler.config.k8s.io/v1beta${beta}\nkind: KubeSchedulerConfiguration\nhealthzBindAddress: 0.0.0.0:1\nparallelism: 3\n`,
    );
    expect(configuration.parallelism).toBe(3);
    expect(configuration.warnings).toEqual([
      expect.stringContaining(`v1beta${beta} was removed`),
      ...(beta === 3 ? [] : [expect.stringContaining('default weights are those of v1')]),
      expect.stringContaining('healthzBindAddress'),
    ]);
  });

  it('warns when it disables a plugin that does not exist', () => {
    const { warnings } = load(
      `${head}profiles: [{schedulerName: a, plugins: {score: {disabled: [{name: ImageLocalty}]}}}]\n`,
    );
    expect(warnings[0]).toContain('did you mean "ImageLocality"?');
  });
});

describe('a broken file', () => {
  it('is answered with place, path and suggestion in one line', () => {
    const body = `${head}parallelism: 4
profiles:
  - schedulerName: a
    percentageOfNodesToScore: 50
    pluginz: {}
`;
    expect(refusal(body)).toBe(
      'config.yaml:7:5: profiles[0].pluginz: unknown field; did you mean "plugins"?',
    );
  });

  it.each([
    ['a: b: c\n', 'config.yaml:1:'],
    [
      `${head}parallelism: 1\nparallelism: 2\n`,
      'config.yaml:4:1: parallelism: key "parallelism" already set in map',
    ],
    [
      `${head}---\n${head}`,
      'config.yaml:3:1: more than one document in the file; keep one; only a BerthConfiguration may stand beside it',
    ],
    ['', 'config.yaml:1:1: the file is empty'],
    ['\0k\0i\0n\0d', 'config.yaml:1:1: not valid YAML: the file is no text in UTF-8'],
    ['- a\n', 'config.yaml:1:1: the file does not hold a mapping'],
    [
      'kind: KubeSchedulerConfiguration\n',
      'config.yaml:1:1: apiVersion is missing, expected "kubescheduler.config.k8s.io/v1"',
    ],
    [
      'apiVersion: kubescheduler.config.k8s.io/v1alpha1\nkind: KubeSchedulerConfiguration\n',
      'config.yaml:1:1: apiVersion is "kubescheduler.config.k8s.io/v1alpha1", expected "kubescheduler.config.k8s.io/v1"; write it anew',
    ],
    [
      'apiVersion: v1\nkind: ConfigMap\n',
      'config.yaml:2:1: kind is "ConfigMap", expected "KubeSchedulerConfiguration"; the configuration is a text under data',
    ],
    [
      'apiVersion: v1\nkind: ConfigMap\n---\napiVersion: apps/v1\nkind: Deployment\n',
      'config.yaml:3:1: more than one document in the file; the configuration is a text under data of the ConfigMap',
    ],
    [
      'apiVersion: v1\nkind: Policy\n',
      'config.yaml:2:1: kind is "Policy", expected "KubeSchedulerConfiguration"; policies were removed from Kubernetes',
    ],
    [
      `${head}profiles:\n- plugins:\n    score:\n    enabled: []\n`,
      'config.yaml:6:5: profiles[0].plugins.enabled: unknown field; it belongs to score: indent it further',
    ],
    [
      `${head}profiles:\n- plugins:\n    pluginConfig: []\n`,
      'config.yaml:5:5: profiles[0].plugins.pluginConfig: unknown field; it belongs to profiles[0]: indent it less',
    ],
    [
      `${head}profiles:\n- plugins: {}\n  extenders: []\n`,
      'config.yaml:5:3: profiles[0].extenders: unknown field; it belongs to the top of the file: indent it less',
    ],
    [`${head}plugins: {}\n`, 'config.yaml:3:1: plugins: unknown field; it belongs into an item of profiles'],
    [
      `${head}leaderElect: false\n`,
      'config.yaml:3:1: leaderElect: unknown field; it belongs to leaderElection: indent it further',
    ],
    [
      `${head}healthzBindAddress: ""\n`,
      'config.yaml:3:1: healthzBindAddress: unknown field; use --bind-address and --secure-port',
    ],
    [
      `${head}profiles: [{plugins: {score: [{name: A}]}}]\n`,
      'config.yaml:3:23: profiles[0].plugins.score: expected a mapping, got a list; put the list beneath "enabled:"',
    ],
    [
      `${head}profiles: [{plugins: {score: {enabled: [NodeName]}}}]\n`,
      'config.yaml:3:41: profiles[0].plugins.score.enabled[0]: expected a mapping, got "NodeName"; write "name: NodeName"',
    ],
    [
      `${head}extenders: [{httpTimeout: 30000000000}]\n`,
      'config.yaml:3:14: extenders[0].httpTimeout: expected a duration such as "15s" or "1m30s", got 30000000000; did you mean "30s"?',
    ],
    [`${head}parallelism: many\n`, 'config.yaml:3:1: parallelism: expected an integer, got "many"'],
    [`${head}parallelism: 1.5\n`, 'config.yaml:3:1: parallelism: expected an integer, got 1.5'],
    [
      `${head}leaderElection:\n  leaseDuration: 15\n`,
      'config.yaml:4:3: leaderElection.leaseDuration: expected a duration such as "15s" or "1m30s", got 15; did you mean "15s"?',
    ],
    [
      `${head}leaderElection:\n  leaseDuration: 15 s\n`,
      'config.yaml:4:3: leaderElection.leaseDuration: expected a duration such as "15s"',
    ],
    [`${head}profiles: {}\n`, 'config.yaml:3:1: profiles: expected a list, got a mapping'],
    [
      `${head}profiles:\n- plugins:\n    fliter: {}\n`,
      'config.yaml:5:5: profiles[0].plugins.fliter: unknown field; did you mean "filter"?',
    ],
    [
      `${head}profiles:\n- pluginConfig:\n  - name: InterPodAffinity\n    args:\n      hardPodAffinityWeigth: 3\n`,
      'config.yaml:7:7: profiles[0].pluginConfig[0].args.hardPodAffinityWeigth: unknown field; did you mean "hardPodAffinityWeight"?',
    ],
    [
      `${head}profiles:\n- pluginConfig:\n  - name: InterPodAffinity\n    args: {kind: Other}\n`,
      'args for plugin InterPodAffinity were not of type InterPodAffinityArgs.kubescheduler.config.k8s.io, got',
    ],
    [
      `${head}profiles:\n- plugins:\n    filter:\n      enabled:\n      - name: NodeNmae\n`,
      'config.yaml:7:9: profiles[0].plugins.filter.enabled[0].name: FilterPlugin "NodeNmae" does not exist; did you mean "NodeName"?',
    ],
  ])('is refused: %j', (body, line) => {
    expect(refusal(body)).toContain(line);
  });

  it('is told of several problems at once, each with its place', () => {
    expect(refusal(`${head}paralelism: 1\nprofilez: []\n`)).toBe(
      'config.yaml:3:1: paralelism: unknown field; did you mean "parallelism"?; ' +
        'config.yaml:4:1: profilez: unknown field; did you mean "profiles"?',
    );
  });

  it('that is not there is named', () => {
    const load = () => loadConfiguration('/nowhere/config.yaml');
    let line = '';
    try {
      load();
    } catch (error) {
      line = describeError(error).line;
    }
    expect(line).toBe('/nowhere/config.yaml: cannot read the configuration file: no such file');
  });

  it('does not blow up on aliases that multiply', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level++) {
      const alias = `*a${level - 1}`;
      lines.push(`a${level}: &a${level} [${Array(9).fill(alias).join(', ')}]`);
    }
    expect(refusal(`${head}${lines.join('\n')}\n`)).toContain('not valid YAML');
  });
});

describe("kube-scheduler's lease", () => {
  const body = `${head}leaderElection:\n  resourceName: kube-scheduler\n  resourceNamespace: kube-system\n`;

  it('is refused', () => {
    expect(refusal(body)).toContain('config.yaml:4:3: the lease kube-system/kube-scheduler belongs to');
  });

  it('is allowed on demand or without leader election', () => {
    expect(load(body, {}, { allowDefaultLease: true }).leaderElection.resourceName).toBe('kube-scheduler');
    expect(load(body, { leaderElect: false }).leaderElection.resourceName).toBe('kube-scheduler');
  });
});

describe('the example configurations', () => {
  const folder = new URL('../../../config/', import.meta.url);

  it.each(readdirSync(folder).filter((name) => name.endsWith('.yaml')))(
    '%s loads without warnings',
    (name) => {
      const text = readFileSync(new URL(name, folder), 'utf8');
      if (text.includes('KubeSchedulerConfiguration')) {
        expect(load(text).warnings).toEqual([]);
      }
    },
  );
});

describe('the versioned form', () => {
  it('can be loaded again and is the same', () => {
    const first = load(
      `${head}profiles:\n- schedulerName: a\n  plugins: {score: {disabled: [{name: ImageLocality}]}}\n`,
    );
    const versioned = toVersioned(first);
    expect(toVersioned(load(JSON.stringify(versioned)))).toEqual(versioned);
    expect(versioned).toMatchObject({ leaderElection: { leaseDuration: '15s' }, parallelism: 16 });
  });

  it("does not show an extender's keys", () => {
    const configuration = load(
      `${head}extenders: [{urlPrefix: "http://x", tlsConfig: {keyData: c2VjcmV0}}]\n`,
    );
    expect(JSON.stringify(toVersioned(configuration))).not.toContain('c2VjcmV0');
  });

  it.each([
    ['https://name:secret@x.example/a', 'https://DATA+OMITTED@x.example/a'],
    ['https://name:sec@ret@x.example/', 'https://DATA+OMITTED@x.example/'],
    ['https://name:sec/ret@x.example/', 'https://DATA+OMITTED@x.example/'],
    ['https://name:sec#ret@x.example/', 'https://DATA+OMITTED@x.example/'],
    ['https://x.example/@a', 'https://x.example/@a'],
  ])("shows an extender's URL %s as %s", (urlPrefix, shown) => {
    const configuration = load(`${head}extenders: [{urlPrefix: "${urlPrefix}"}]\n`);
    expect(toVersioned(configuration)).toMatchObject({ extenders: [{ urlPrefix: shown }] });
    expect(toVersioned(configuration, { showKeys: true })).toMatchObject({ extenders: [{ urlPrefix }] });
  });
});
