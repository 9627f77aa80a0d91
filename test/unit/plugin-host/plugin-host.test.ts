import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import { pluginModuleDefaults } from '../../../src/config/berth-configuration.js';
import { loadConfiguration } from '../../../src/config/load.js';
import { describeError } from '../../../src/errors.js';
import { definePlugin, type PluginContext, unschedulable, z } from '../../../src/plugin-api.js';
import { loadPluginModule } from '../../../src/plugin-host/load-plugin-module.js';
import type { EntryRequest } from '../../../src/plugin-host/module-entry.js';
import { PluginHost, type PluginHostOptions } from '../../../src/plugin-host/plugin-host.js';
import type { BreakerReport, PluginFaultReport } from '../../../src/plugin-host/plugin-observer.js';
import { isPluginsStrayError } from '../../../src/plugin-host/stray-errors.js';
import { makeNode, makePod, TestCluster } from '../../../src/testing/testing.js';
import { ManualClock } from '../../manual-clock.js';

const folder = mkdtempSync(join(tmpdir(), 'berth-plugin-host-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const options: PluginHostOptions = { clock: new ManualClock(), log };

/** A configuration that names modules `./one.ts` and so on, and a profile of which a test writes a part. */
function configuration(profile: string, ...names: readonly string[]) {
  const file = join(folder, 'berth.yaml');
  writeFileSync(
    file,
    `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - schedulerName: berth
${profile}---
apiVersion: berth.dev/v1alpha1
kind: BerthConfiguration
plugins:
${names.map((name) => `  - {name: ${name}, module: ./${name.toLowerCase()}.ts}\n`).join('')}`,
  );
  return loadConfiguration(file);
}

const enabled = `    plugins:
      score:
        enabled:
          - name: One
`;

/** Loads with modules that a test makes up, instead of importing any. */
async function load(
  profile: string,
  modules: Readonly<Record<string, unknown>>,
  more: Partial<PluginHostOptions> = {},
): Promise<PluginHost> {
  const importModule = async ({ specifier }: EntryRequest) =>
    modules[specifier] as Readonly<Record<string, unknown>>;
  return PluginHost.load(configuration(profile, 'One'), { ...options, importModule, ...more });
}

async function refusal(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
  } catch (error) {
    const { line, exitCode } = describeError(error);
    expect(exitCode).toBe(2);
    return line.replaceAll(folder, '');
  }
  throw new Error('it was accepted');
}

const score = { points: ['score'], create: () => ({ score: () => 1 }) } as const;

describe('a module', () => {
  it.each([
    ['exports nothing', {}, 'it exports nothing; it has to say "export const plugin = definePlugin({ … })"'],
    [
      'exports something else',
      { default: 1, other: 2 },
      'it exports a default, "other" and no "plugin"; it has to say "export const plugin = definePlugin({ … })"',
    ],
    [
      'exports no object',
      { plugin: 5 },
      'its "plugin" is no object; it has to say "export const plugin = definePlugin({ … })"',
    ],
    [
      'has another name',
      { plugin: { ...score, name: 'Two' } },
      'its plugin is named "Two", the configuration calls it "One"; make them equal',
    ],
    ['has no name', { plugin: score }, 'its plugin has no name; it has to say name: "One"'],
    [
      'has no points',
      { plugin: { ...score, name: 'One', points: [] } },
      "its plugin names no extension points; it has to say points: ['score'], or others of preEnqueue, queueSort, preFilter, filter, postFilter, preScore, score, reserve, permit, preBind, bind, postBind",
    ],
    [
      'has a point that does not exist',
      { plugin: { ...score, name: 'One', points: ['scores'] } },
      'its plugin names the extension point "scores", which does not exist; did you mean "score"?; there are preEnqueue, queueSort, preFilter, filter, postFilter, preScore, score, reserve, permit, preBind, bind, postBind',
    ],
    [
      'has args that are no schema',
      { plugin: { ...score, name: 'One', args: { annotation: 'text' } } },
      'its args are no schema; they have to be z.strictObject({ … }), or another schema that follows Standard Schema',
    ],
    [
      'reads what Berth does not know',
      { plugin: { ...score, name: 'One', reads: ['secrets'] } },
      'its plugin reads "secrets", which Berth does not know; it knows namespaces, services, replicationcontrollers, replicasets, statefulsets, persistentvolumes, persistentvolumeclaims, storageclasses, csinodes, csidrivers, csistoragecapacities, volumeattachments, poddisruptionbudgets',
    ],
    [
      'cannot be made',
      { plugin: { ...score, name: 'One', create: {} } },
      'its plugin has no create(); it has to be a function that returns the functions of its points',
    ],
  ])('that %s is refused with its file and how to mend it', async (_what, exports, problem) => {
    expect(await refusal(() => load(enabled, { './one.ts': exports }))).toBe(`/one.ts:1:1: ${problem}`);
  });

  it('that is not loaded in time is given up', async () => {
    const module = { name: 'One', module: './one.ts', folder, where: 'berth.yaml:1:1' };
    const importModule = () => new Promise<never>(() => {});
    expect(
      await refusal(() => loadPluginModule(module, { importModule, generation: '1', timeLimitMs: 10 })),
    ).toBe('/one.ts:1:1: it is not loaded after 0.01s; an "await" at its top level must not wait for others');
  });

  it('may be of any schema library that follows the standard', async () => {
    const args = {
      '~standard': {
        version: 1 as const,
        vendor: 'mine',
        validate: (value: unknown) =>
          (value as { size?: number }).size === 3
            ? { value }
            : { issues: [{ message: 'size must be 3', path: ['size'] }] },
      },
    };
    const one = { './one.ts': { plugin: { ...score, name: 'One', args } } };
    const withSize = (size: number) => `${enabled}    pluginConfig: [{name: One, args: {size: ${size}}}]\n`;
    expect((await load(withSize(3), one)).registered).toHaveLength(1);
    expect(await refusal(() => load(withSize(4), one))).toBe(
      '/berth.yaml:9:39: args.size of plugin "One": size must be 3; see args in /one.ts',
    );
  });
});

describe('a profile', () => {
  const one = (plugin: object) => ({ './one.ts': { plugin: { name: 'One', ...score, ...plugin } } });

  it('that enables a plugin where it has no part is refused with the place', async () => {
    expect(await refusal(() => load(enabled, one({ points: ['filter'] })))).toBe(
      '/berth.yaml:8:13: plugin "One" has no score: /one.ts names the points filter; enable it at those, or at multiPoint for all of them',
    );
  });

  it.each([
    [
      'arguments that the schema refuses',
      '    pluginConfig:\n      - name: One\n        args: {anotation: x}\n',
      '11:9: args.annotation of plugin "One": Invalid input: expected string, received undefined; see args in /one.ts',
    ],
    [
      'no arguments',
      '',
      '4:5: args.annotation of plugin "One" (there is no pluginConfig entry for it): Invalid input: expected string, received undefined; see args in /one.ts',
    ],
  ])('that gives %s is refused with the place', async (_what, pluginConfig, problem) => {
    const args = z.strictObject({ annotation: z.string() });
    expect(await refusal(() => load(`${enabled}${pluginConfig}`, one({ args })))).toBe(
      `/berth.yaml:${problem}`,
    );
  });

  it('that gives arguments to a plugin without any is refused', async () => {
    const pluginConfig = '    pluginConfig: [{name: One, args: {size: 1}}]\n';
    expect(await refusal(() => load(`${enabled}${pluginConfig}`, one({})))).toBe(
      '/berth.yaml:9:32: args of plugin "One": the plugin takes no arguments; see args in /one.ts',
    );
  });

  it('that does not enable a plugin that is loaded is told so', async () => {
    expect((await load('', one({}))).warnings).toEqual(['plugin "One" is loaded, but no profile enables it']);
    expect((await load(enabled, one({}))).warnings).toEqual([]);
  });
});

describe('what create returns', () => {
  const make = (
    create: (context: PluginContext<undefined>) => unknown,
    points: readonly string[] = ['score'],
  ) => new TestCluster({ plugin: { name: 'One', points, create } as never, alone: true });
  it.each([
    ['nothing', undefined, 'create() returned no object; it has to return the functions of its points'],
    [
      'a promise',
      Promise.resolve({}),
      'create() returned a promise; it must not be async (context.every() is for work that waits)',
    ],
    ['no function of a point', {}, 'create() returned no score(), which the extension point "score" needs'],
    [
      'a misspelt function',
      { score: () => 1, normaliseScores: () => {} },
      'create() returned "normaliseScores", which belongs to none of its points; did you mean "normalizeScores"?',
    ],
    [
      'a function of another point',
      { score: () => 1, filter: () => undefined },
      'create() returned filter(), but points does not name "filter"; add it there',
    ],
    [
      'what is no function',
      { score: 5 },
      'create() returned no score(), which the extension point "score" needs',
    ],
    [
      'events that are none',
      { score: () => 1, events: ['Node'] },
      "events[0] is no event; one looks like { resource: 'Node', action: Action.UpdateNodeLabel }",
    ],
  ])('is refused when it is %s', (_what, functions, problem) => {
    expect(() => make(() => functions)).toThrow(`initializing plugin "One": ${problem} (One)`);
  });

  it('has to give back what it reserves', () => {
    expect(() => make(() => ({ reserve: () => undefined }), ['reserve'])).toThrow(
      'create() returned no unreserve()',
    );
  });

  it('may be a throw, and is told as it is', () => {
    expect(() =>
      make(() => {
        throw new Error('no such zone');
      }),
    ).toThrow('initializing plugin "One": no such zone');
  });
});

describe('the context of a plugin', () => {
  it('runs tasks in the background, again after each end, until it is closed, whatever they throw', async () => {
    const runs: number[] = [];
    let running = 0;
    const plugin = definePlugin({
      name: 'One',
      points: ['score'],
      create: ({ every, clock, signal }) => {
        every(1_000, async () => {
          running += 1;
          runs.push(clock.monotonic());
          expect(running).toBe(1);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
          if (runs.length === 2) throw new Error('second');
        });
        expect(signal.aborted).toBe(false);
        return { score: () => 0 };
      },
    });
    const cluster = new TestCluster({ plugin });
    expect(runs).toEqual([]);
    await cluster.advance(0);
    expect(runs).toEqual([0]);
    await cluster.advance(2_500);
    expect(runs).toEqual([0, 1_000, 2_000]);
    expect(cluster.backgroundFailures).toEqual(['One: Error: second']);
    cluster.close();
    await cluster.advance(5_000);
    expect(runs).toHaveLength(3);
  });

  it('begins nothing in the background where plugins are only looked at', async () => {
    let runs = 0;
    const plugin = definePlugin({
      name: 'One',
      points: ['score'],
      create: ({ every }) => {
        every(1_000, () => {
          runs += 1;
        });
        return { score: () => 0 };
      },
    });
    const settings = { ...pluginModuleDefaults, name: 'One' };
    const host = PluginHost.of([{ definition: plugin, settings, file: 'one.ts' }], {
      ...options,
      background: false,
    });
    host.registered[0]?.create(undefined, { profile: 'berth', cluster: new ClusterState() });
    await new Promise((resolve) => setImmediate(resolve));
    expect(runs).toBe(0);
    host.close();
  });

  it('refuses a pace that would never rest', () => {
    const plugin = definePlugin({
      name: 'One',
      points: ['score'],
      create: ({ every }) => {
        every(0, () => {});
        return { score: () => 0 };
      },
    });
    expect(() => new TestCluster({ plugin })).toThrow(
      'context.every() takes milliseconds, at least 1; it got 0',
    );
  });

  it('shows the cluster, logs under the plugin’s name, and asks for refused pods to be tried again', async () => {
    const plugin = definePlugin({
      name: 'One',
      points: ['filter'],
      create: ({ cluster, log: own, retryRefused, profile }) => ({
        filter: (pod) => {
          own.info('looked around', {
            nodes: cluster.nodeCount,
            first: [...cluster.nodes()][0]?.name,
            profile,
          });
          retryRefused();
          return cluster.node('a') !== undefined && [...cluster.pods()].length > 0
            ? unschedulable(`there is ${cluster.pod(pod.uid)?.name ?? 'another'}`)
            : undefined;
        },
      }),
    });
    const cluster = new TestCluster({
      nodes: [makeNode({ name: 'a' })],
      pods: [makePod({ nodeName: 'a' })],
      plugin,
    });
    expect((await cluster.schedule(makePod())).refusals).toEqual({ a: 'there is another' });
    await cluster.advance(0);
    expect(cluster.retries).toEqual(['One']);
    expect(cluster.logged).toEqual([
      {
        level: 'info',
        message: 'looked around',
        facts: { plugin: 'One', nodes: 1, first: 'a', profile: 'berth' },
      },
    ]);
  });

  it('keeps a request that nobody waits for from ending the process', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    const plugin = definePlugin({
      name: 'One',
      points: ['score'],
      create: (context) => {
        void context.fetch('http://127.0.0.1/');
        return { score: () => 0 };
      },
    });
    const cluster = new TestCluster({ plugin });
    await cluster.advance(0);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });
});

describe('loading again', () => {
  it('makes new instances, and leaves the old ones at work until they are closed', async () => {
    const generations: string[] = [];
    const importModule = async ({ generation }: EntryRequest) => {
      generations.push(generation);
      return { plugin: { ...score, name: 'One', create: () => ({ score: () => Number(generation) }) } };
    };
    const loaded = configuration(enabled, 'One');
    const first = await PluginHost.load(loaded, { ...options, importModule });
    const second = await PluginHost.load(loaded, { ...options, importModule });
    expect(new Set(generations).size).toBe(2);
    const handle = { profile: 'berth', cluster: new ClusterState() };
    const made = [first, second].map((host) => host.registered[0]?.create(undefined, handle));
    expect(made[0]).not.toBe(made[1]);
    first.close();
    first.close();
    second.close();
  });
});

describe('errors that nobody handled', () => {
  const from = (file: string): Error => {
    const error = new Error('lost');
    error.stack = `Error: lost\n    at late (file://${file}?berth-plugin=3:7:5)\n    at process (node:internal:1:1)`;
    return error;
  };

  it('are the plugin’s when its file is in their stack, and are told once', async () => {
    const strayed: unknown[] = [];
    const host = await load(
      enabled,
      { './one.ts': { plugin: { ...score, name: 'One' } } },
      { observer: { strayed: (...report) => strayed.push(report) } },
    );
    const error = from(join(folder, 'one.ts'));
    expect(isPluginsStrayError(error)).toBe(true);
    expect(strayed).toEqual([['One', error]]);
    host.close();
    // What is left of a plugin that was dropped must not end the process either.
    expect(isPluginsStrayError(error)).toBe(true);
    expect(strayed).toHaveLength(1);
  });

  it('are not the plugin’s when they come from elsewhere', () => {
    expect(isPluginsStrayError(new Error('ours'))).toBe(false);
  });

  const strays: unknown[] = [];
  const observer = { strayed: (plugin: string) => strays.push(plugin) };
  const hosted = (name: string, file: string) => ({
    settings: { ...pluginModuleDefaults, name },
    definition: definePlugin({ name, points: ['score'], create: () => ({ score: () => 1 }) }),
    file,
  });
  const withStack = (stack: string): Error => Object.assign(new Error('lost'), { stack });

  it('are taken for the plugin’s when they name no file: Node.js made them, or they are no errors', () => {
    const host = PluginHost.of([hosted('One', '/p/one.ts')], { ...options, observer });
    strays.length = 0;
    for (const error of [
      'text',
      undefined,
      null,
      withStack(''),
      withStack(
        'TypeError: fetch failed\n    at node:internal/deps/undici/undici:1:2\n    at process.x (node:y:1:2)',
      ),
    ])
      expect(isPluginsStrayError(error)).toBe(true);
    host.close();
    expect(strays).toEqual(['One', 'One', 'One', 'One', 'One']);
  });

  it('are of an unknown one of several plugins when they name no file', () => {
    const host = PluginHost.of([hosted('One', '/p/one.ts'), hosted('Two', '/q/two.ts')], {
      ...options,
      observer,
    });
    strays.length = 0;
    expect(isPluginsStrayError('text')).toBe(true);
    host.close();
    expect(strays).toEqual(['unknown']);
  });

  it('are the plugin’s when they come out of a package that it may import', () => {
    const host = PluginHost.of([hosted('One', '/p/one.ts'), hosted('Two', '/q/two.ts')], {
      ...options,
      observer,
    });
    strays.length = 0;
    const from = (file: string): Error =>
      withStack(`Error: lost\n    at late (${file}:1:2)\n    at node:x:1:2`);
    expect(isPluginsStrayError(from('file:///q/node_modules/pack/index.js'))).toBe(true);
    expect(strays).toEqual(['Two']);
    // Berth's own, as --enable-source-maps shows them.
    for (const file of [
      'file:///r/node_modules/pack/index.js',
      '/src/berth.ts',
      '/node_modules/undici/api.js',
    ])
      expect(isPluginsStrayError(from(file))).toBe(false);
    host.close();
    expect(strays).toHaveLength(1);
  });
});

describe('what is reported', () => {
  it('names plugin, point, kind of fault and place, and the states of the breaker', async () => {
    const faults: PluginFaultReport[] = [];
    const breakers: BreakerReport[] = [];
    const announced: BreakerReport[] = [];
    const calls: unknown[] = [];
    const clock = new ManualClock();
    const plugin = {
      ...score,
      name: 'One',
      create: () => ({
        score: () => {
          const error = new TypeError('x is not a function');
          error.stack = 'TypeError\n    at score (file:///etc/berth/one.ts?berth-plugin=1:12:8)';
          throw error;
        },
      }),
    };
    const host = await load(
      enabled,
      { './one.ts': { plugin } },
      {
        clock,
        observer: {
          faulted: (fault) => faults.push(fault),
          breaker: (report) => breakers.push(report),
          leftOut: (...call) => calls.push(call),
        },
      },
    );
    host.connect({
      retryRefused: () => {},
      allow: () => {},
      reject: () => false,
      announce: (report) => announced.push(report),
    });
    const cluster = new ClusterState();
    const nodes = cluster.nodes;
    cluster.setNode(makeNode({ name: 'a' }));
    const made = host.registered[0]?.create(undefined, { profile: 'berth', cluster });
    const { scoreRows } = made as unknown as { scoreRows(...args: unknown[]): void };
    const { Cycle } = await import('../../../src/framework/cycle.js');
    const pod = makePod();
    for (let i = 0; i < 6; i++) {
      expect(() => scoreRows(new Cycle(pod, nodes), pod, nodes.rows(), new Float64Array(1))).toThrow(
        'threw TypeError: x is not a function (one.ts:12:8)',
      );
    }
    expect(faults).toHaveLength(5);
    expect(faults[0]).toMatchObject({ plugin: 'One', point: 'Score', kind: 'exception' });
    expect(calls).toEqual([['One', 'Score']]);
    expect(breakers.map(({ state }) => state)).toEqual(['closed', 'open']);
    expect(announced).toEqual([expect.objectContaining({ plugin: 'One', state: 'open', pauseMs: 30_000 })]);
    host.close();
  });
});
