import { inTreePlugins } from '../../../src/config/in-tree-plugins.js';
import { type extensionPoints, pluginSetKeys } from '../../../src/config/scheduler-configuration.js';
import { toYaml } from '../../../src/config/yaml-text.js';
import { Dice } from '../../oracle/dice.js';
import { mutateData, mutateText } from './mutate.js';
import { pluginArgs } from './plugin-args.js';

/** A configuration file for both programs. */
export interface GeneratedFile {
  readonly name: string;
  readonly text: string;
}

export type Data = Record<string, unknown>;

const names = [...inTreePlugins.keys()];

/** Files that are valid by intention, and files with one to three faults; the same seed makes the same files. */
export function generateFiles(seed: number, count: number): GeneratedFile[] {
  return Array.from({ length: count }, (_, index) => {
    const dice = new Dice(seed * 100_003 + index);
    const data = configuration(dice);
    const faults = dice.weighted([
      [5, 0],
      [4, 1],
      [2, 2],
      [1, 3],
    ] as const);
    for (let fault = 0; fault < faults; fault++) mutateData(dice, data);
    const text = dice.chance(0.15) ? JSON.stringify(data) : toYaml(data);
    const name = `${seed}-${index}`;
    return { name, text: text.startsWith('{') || dice.chance(0.7) ? text : mutateText(dice, text) };
  });
}

function configuration(dice: Dice): Data {
  return {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    ...given(dice, {
      parallelism: () => dice.int(1, 64),
      percentageOfNodesToScore: () => dice.int(0, 100),
      podInitialBackoffSeconds: () => dice.int(1, 3),
      podMaxBackoffSeconds: () => dice.int(3, 60),
      enableProfiling: () => dice.chance(0.5),
      enableContentionProfiling: () => dice.chance(0.5),
      delayCacheUntilActive: () => dice.chance(0.5),
      leaderElection: () => leaderElection(dice),
      clientConnection: () =>
        given(dice, {
          qps: () => dice.pick([0, 5, 50, -1, 0.5, 33.3, 1_000, 16_777_217, 1e-9]),
          burst: () => dice.pick([0, 1, 10, 500]),
          contentType: () => dice.pick(['', 'application/json']),
          acceptContentTypes: () => dice.pick(['', 'application/json', 'yes', '1', 'a: b', "it's", '#x']),
          kubeconfig: () => dice.pick(['', '/etc/kubernetes/scheduler.conf']),
        }),
      extenders: () => extenders(dice),
    }),
    ...(dice.chance(0.9) && { profiles: profiles(dice) }),
  };
}

function leaderElection(dice: Dice): Data {
  return given(dice, {
    leaderElect: () => dice.chance(0.7),
    leaseDuration: () => dice.pick(['15s', '1m', '90s', '1h0m0.5s', '0s', '20000ms']),
    renewDeadline: () => dice.pick(['10s', '5s', '0s', '12.5s']),
    retryPeriod: () => dice.pick(['2s', '500ms', '1.5s', '0s', '1500us', '3000000001ns']),
    resourceLock: () => dice.pick(['leases', '']),
    resourceName: () => dice.pick(['mine', 'kube-scheduler', '']),
    resourceNamespace: () => dice.pick(['kube-system', 'default', '']),
  });
}

function profiles(dice: Dice): Data[] {
  const count = dice.weighted([
    [6, 1],
    [3, 2],
    [1, 3],
  ] as const);
  return Array.from({ length: count }, (_, index) => ({
    ...((count > 1 || dice.chance(0.7)) && { schedulerName: `profile-${index}` }),
    ...given(dice, {
      percentageOfNodesToScore: () => dice.int(0, 100),
      plugins: () => plugins(dice),
      pluginConfig: () =>
        dice
          .shuffle(dice.some(names, 0, 4))
          .map((name) => ({ name, ...(dice.chance(0.9) && { args: pluginArgs(dice, name) }) })),
    }),
  }));
}

function plugins(dice: Dice): Data {
  return Object.fromEntries(
    dice.some(pluginSetKeys, 0, 4).map((key) => {
      const fitting =
        key === 'multiPoint'
          ? names
          : names.filter((name) =>
              inTreePlugins.get(name)?.includes(key as (typeof extensionPoints)[number]),
            );
      const entry = (name: string): Data => ({
        name,
        ...(dice.chance(0.4) && { weight: dice.pick([0, 1, 2, 5, 100]) }),
      });
      return [
        key,
        // The queue sort plugin has to be the same in all profiles.
        key === 'queueSort' && dice.chance(0.8)
          ? {}
          : given(dice, {
              enabled: () => dice.shuffle(dice.some(fitting, 0, 3)).map(entry),
              disabled: () =>
                dice
                  .some(
                    [...names.filter((name) => name !== 'PrioritySort' && name !== 'DefaultBinder')],
                    0,
                    3,
                  )
                  .concat(dice.chance(key === 'multiPoint' || key === 'bind' ? 0.02 : 0.1) ? ['*'] : [])
                  .map((name) => ({ name })),
            }),
      ];
    }),
  );
}

function extenders(dice: Dice): Data[] {
  return dice.times(0, 2, (index) => ({
    urlPrefix: dice.pick(['http://127.0.0.1:8888/ext', 'https://ext.example.com', '']),
    ...given(dice, {
      filterVerb: () => 'filter',
      preemptVerb: () => 'preempt',
      ...(index === 0 && { bindVerb: () => dice.pick(['bind', '']) }),
      ignorable: () => dice.chance(0.5),
      nodeCacheCapable: () => dice.chance(0.5),
      enableHTTPS: () => dice.chance(0.3),
      httpTimeout: () => dice.pick(['5s', '100ms', '0s', '1m30s']),
      tlsConfig: () => given(dice, { insecure: () => dice.chance(0.5), serverName: () => 'ext.example.com' }),
      managedResources: () =>
        dice.times(0, 2, (resource) => ({
          name: `example${index}.com/dongle-${resource}`,
          ...(dice.chance(0.3) && { ignoredByScheduler: dice.chance(0.7) }),
        })),
    }),
    ...(dice.chance(0.4) && { prioritizeVerb: 'prioritize', weight: dice.int(1, 9) }),
  }));
}

/** About half of the fields. */
export function given(dice: Dice, fields: Readonly<Record<string, () => unknown>>): Data {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(() => dice.chance(0.5))
      .map(([name, make]) => [name, make()]),
  );
}
