import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import type { ApiClient } from '../controlplane/api-client.js';
import { projectRoot } from '../controlplane/project-root.js';
import { berthAnswers, bindersByPod, placementFaults, schedulingEvents } from './audit.js';
import { BERTH_USER, NAMESPACE } from './berth-installation.js';
import { startCluster, type TestCluster } from './cluster-setup.js';
import { DeployedBerth } from './deployed-berth.js';
import { PodWatch } from './pod-watch.js';
import { until } from './until.js';
import { createPods, PODS } from './workload.js';

/*
 * Plugins that do what plugins must not, in Berth as its manifests run it. Each is in a profile of its own; those that fail at an extension
 * point are there twice: once their pods fail with them, once they are placed as if the plugin were not there. All profiles are of one
 * process, beside one that has no such plugin.
 */

type FaultKind = 'exception' | 'timeout' | 'answer';

/** A plugin with its profile. */
interface PluginOrder {
  readonly name: string;
  readonly point: string;
  /** What `create` does before it returns; it has its `context`. */
  readonly first?: string;
  /** What `create` returns. */
  readonly functions: string;
  /** Fields of its entry in the BerthConfiguration. */
  readonly settings?: string;
}

/** Something that a plugin does wrong, when a pod's label `does` asks for it. */
interface Fault {
  readonly what: string;
  /** Whose fault it is: the first word is its extension point. */
  readonly group: keyof typeof GROUPS;
  /** Statements of the extension point's function. */
  readonly code: string;
  /** As metrics and log lines name it. */
  readonly at: string;
  readonly kind: FaultKind;
  /** What the pod's condition says of it; PLACE is where the code says `new`. */
  readonly says: string;
}

const ON_FAULT = ['FailPod', 'SkipPlugin'] as const;

/** The functions of a plugin, by what they do for pods that ask for nothing wrong, and for those that do. */
const GROUPS = {
  // If a part of the plugin's answers counted, pods would go to `tight`; as if it were not there, they go to `roomy`.
  filter: (faults: string) =>
    `filter: (pod, node) => { if (node.name === 'roomy') return unschedulable('no'); ${faults} }`,
  score: (faults: string) => `score: (pod, node) => { if (node.name === 'roomy') return 0; ${faults} }`,
  'score normalized': (faults: string) =>
    `score: (_pod, node) => (node.name === 'roomy' ? 0 : 1e6), normalizeScores: (pod, scores) => { ${faults} }`,
  preFilter: (faults: string) => `preFilter: (pod) => { ${faults} }`,
  preScore: (faults: string) => `preScore: (pod) => { ${faults} }`,
  reserve: (faults: string) =>
    `reserve: (pod) => { ${faults} }, unreserve: () => { throw new Error('lost it'); }`,
  permit: (faults: string) => `permit: (pod) => { ${faults} }`,
  preBind: (faults: string) => `preBind: (pod) => { ${faults} }`,
  bind: (faults: string) => `bind: async (pod) => { ${faults} }`,
} as const;

const FOR_5_SECONDS = 'const end = Date.now() + 5_000; while (Date.now() < end);';
const FOR_EVER = 'for (;;);';
const LIMITS = 'timeLimit: 200ms, bindingTimeLimit: 200ms';
const late = { kind: 'timeout', says: 'took longer than its time limit of 200ms' } as const;
const STATUS = "it has to return nothing, or a status such as unschedulable('why')";

const FAULTS: readonly Fault[] = [
  {
    what: 'throws in filter',
    group: 'filter',
    code: "throw new TypeError('no such field');",
    at: 'Filter',
    kind: 'exception',
    says: 'threw TypeError: no such field (PLACE)',
  },
  {
    what: 'throws nothing at all in filter',
    group: 'filter',
    code: 'throw undefined;',
    at: 'Filter',
    kind: 'exception',
    says: 'threw undefined',
  },
  {
    what: 'answers a failure in filter',
    group: 'filter',
    code: "return { code: 'Error', reasons: ['lost'] };",
    at: 'Filter',
    kind: 'exception',
    says: 'threw Error: lost',
  },
  { what: 'loops for 5 s in filter', group: 'filter', code: FOR_5_SECONDS, at: 'Filter', ...late },
  {
    what: 'loops for ever in filter, and again when it is stopped',
    group: 'filter',
    code: `try { ${FOR_EVER} } catch { ${FOR_EVER} } finally { ${FOR_EVER} }`,
    at: 'Filter',
    ...late,
  },
  {
    what: 'answers a promise in filter',
    group: 'filter',
    code: "return (async () => { await null; throw new Error('nobody waits for it'); })();",
    at: 'Filter',
    kind: 'answer',
    says: `filter() returned a promise (it must not be async); ${STATUS}`,
  },
  {
    what: 'answers true in filter',
    group: 'filter',
    code: 'return true;',
    at: 'Filter',
    kind: 'answer',
    says: `filter() returned true; ${STATUS}`,
  },
  {
    what: 'throws in score',
    group: 'score',
    code: "throw new Error('no idea');",
    at: 'Score',
    kind: 'exception',
    says: 'threw Error: no idea (PLACE)',
  },
  {
    what: 'loops for 5 s in score',
    group: 'score',
    code: `${FOR_5_SECONDS} return 100;`,
    at: 'Score',
    ...late,
  },
  { what: 'loops for ever in score', group: 'score', code: FOR_EVER, at: 'Score', ...late },
  ...(
    [
      ['NaN', 'NaN'],
      ['1000', '1000'],
      ['-1', '-1'],
      ['Promise.resolve(100)', 'a promise (it must not be async)'],
      ['undefined', 'nothing'],
      ["'100'", '"100"'],
    ] as const
  ).map(
    ([answer, described]): Fault => ({
      what: `answers ${answer} in score`,
      group: 'score',
      code: `return ${answer};`,
      at: 'Score',
      kind: 'answer',
      says: `score() returned ${described} for node tight; it has to return a number from 0 to 100`,
    }),
  ),
  {
    what: 'leaves scores that are no numbers',
    group: 'score normalized',
    code: 'scores.fill(NaN);',
    at: 'NormalizeScore',
    kind: 'answer',
    says: 'normalizeScores() left a score of NaN; all scores have to be numbers from 0 to 100 then',
  },
  {
    what: 'throws in preFilter',
    group: 'preFilter',
    code: "throw new Error('not today');",
    at: 'PreFilter',
    kind: 'exception',
    says: 'threw Error: not today (PLACE)',
  },
  {
    what: 'names nodes by number in preFilter',
    group: 'preFilter',
    code: 'return { nodeNames: [1, 2] };',
    at: 'PreFilter',
    kind: 'answer',
    says: 'preFilter() returned nodeNames that are no list of names',
  },
  { what: 'loops for ever in preScore', group: 'preScore', code: FOR_EVER, at: 'PreScore', ...late },
  {
    what: 'throws in reserve, and in unreserve',
    group: 'reserve',
    code: "throw new Error('all taken');",
    at: 'Reserve',
    kind: 'exception',
    says: 'threw Error: all taken (PLACE)',
  },
  {
    what: 'answers a promise in permit',
    group: 'permit',
    code: 'return Promise.resolve();',
    at: 'Permit',
    kind: 'answer',
    says: `permit() returned a promise (it must not be async); ${STATUS}`,
  },
  {
    what: 'never comes back from preBind',
    group: 'preBind',
    code: 'return new Promise(() => {});',
    at: 'PreBind',
    ...late,
  },
  { what: 'loops for ever in bind', group: 'bind', code: FOR_EVER, at: 'Bind', ...late },
];

/** What a plugin does for pods whose label `does` asks for one of these, one a line. */
function onRequest(cases: readonly { readonly what: string; readonly code: string }[]): string {
  const lines = cases.map(
    ({ what, code }) => `        if (pod.labels.does === '${labelOf(what)}') { ${code} }`,
  );
  return `\n${lines.join('\n')}\n        return undefined;\n      `;
}

/** How kube-scheduler puts the failure of a plugin into words, by extension point. */
function message(at: string, name: string, says: string): string {
  switch (at) {
    case 'Filter':
      return `running "${name}" filter plugin: ${says}`;
    case 'Score':
      return `running Score plugins: plugin "${name}" failed with: ${says}`;
    case 'NormalizeScore':
      return `running Normalize on Score plugins: plugin "${name}" failed with: ${says}`;
    default:
      return `running ${at} plugin "${name}": ${says}`;
  }
}

/** What a plugin lets go of, and by whose name that is counted. Each would end a Node.js process by itself. */
const STRAYS: readonly (readonly [what: string, code: string, counted: 'its own' | 'unknown' | 'none'])[] = [
  ['throws in a timer', "setTimeout(() => { throw new Error('late'); }, 1);", 'its own'],
  ['throws in a microtask', "queueMicrotask(() => { throw new Error('soon'); });", 'its own'],
  ['leaves a rejection', "void (async () => { await null; throw new Error('unheard'); })();", 'its own'],
  ['throws a text in a timer', "setTimeout(() => { throw 'late'; }, 1);", 'unknown'],
  ['throws null in a timer', 'setTimeout(() => { throw null; }, 1);', 'unknown'],
  ['rejects with nothing', 'void Promise.reject();', 'unknown'],
  [
    'rejects with a bare error',
    "void Promise.reject(Object.assign(new Error('bare'), { stack: '' }));",
    'unknown',
  ],
  ['forgets a file that is not there', "void readFile('/there/is/no/such/file');", 'unknown'],
  ['forgets a request of its own', "void fetch('http://127.0.0.1:1/');", 'unknown'],
  ['has a connection that nobody listens to', "connect(1, '127.0.0.1');", 'unknown'],
  ['forgets a request of the context', "void context.fetch('http://127.0.0.1:1/');", 'none'],
];

const capitals = (text: string): string =>
  text.replace(/(?:^| )(\w)/g, (_, letter: string) => letter.toUpperCase());
/** As a value of a label, and as the name of a pod. */
const labelOf = (what: string): string =>
  what
    .toLowerCase()
    .match(/[a-z0-9]+/g)
    ?.join('-') ?? '';
/** Of a plugin's profile, and of the pod that a test gives to it if it needs no other name. */
const schedulerOf = (plugin: string): string => plugin.toLowerCase();

function moduleOf({ name, point, first = '', functions }: PluginOrder): string {
  return `import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { Action, definePlugin, unschedulable } from 'berth';

void [existsSync, readFile, connect, Action, unschedulable];
export const plugin = definePlugin({
  name: '${name}',
  points: ['${point}'],
  create: (context) => {
    void context;
    ${first}
    return {
      ${functions},
    };
  },
});
`;
}

/** Where the plugin's module says `new` in the first line that has this code. */
function placeOf(code: string, order: PluginOrder): string {
  const lines = moduleOf(order).split('\n');
  const line = lines.findIndex((text) => text.includes(code));
  const column = (lines[line] ?? '').indexOf('new ', lines[line]?.indexOf(code));
  return `${order.name}.ts:${line + 1}:${column + 1}`;
}

/** As a profile enables them; a plugin that sorts the queue is that of all profiles. */
function configurationOf(orders: readonly PluginOrder[], files: Readonly<Record<string, string>>): string {
  const sorter = orders.find(({ point }) => point === 'queueSort');
  const sorting = sorter && `queueSort: {disabled: [{name: '*'}], enabled: [{name: ${sorter.name}}]}`;
  const profiles = orders
    .filter((order) => order !== sorter)
    .map(({ name, point }) => {
      // It counts for more than the default plugins together; and a binder is asked before the default one.
      const weight = point === 'score' ? ', weight: 100' : '';
      const set =
        point === 'bind'
          ? `bind: {disabled: [{name: '*'}], enabled: [{name: ${name}}, {name: DefaultBinder}]}`
          : `${point}: {enabled: [{name: ${name}${weight}}]}`;
      return `  - {schedulerName: ${schedulerOf(name)}, plugins: {${[set, sorting].filter(Boolean).join(', ')}}}`;
    });
  const entries = orders.map(({ name, settings }) => {
    const module = `./${name}.${`${name}.js` in files ? 'js' : 'ts'}`;
    return `  - {${[`name: ${name}`, `module: ${module}`, settings].filter(Boolean).join(', ')}}`;
  });
  return [
    'apiVersion: kubescheduler.config.k8s.io/v1',
    'kind: KubeSchedulerConfiguration',
    'leaderElection: {leaderElect: true, resourceName: berth, resourceNamespace: berth-system}',
    'profiles:',
    `  - {schedulerName: berth, plugins: {${sorting ?? ''}}}`,
    ...profiles,
    '---',
    'apiVersion: berth.dev/v1alpha1',
    'kind: BerthConfiguration',
    'plugins:',
    ...entries,
    '',
  ].join('\n');
}

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [fact: string]: unknown;
}

interface LeaseEvent {
  readonly reason: string;
  readonly type: string;
  readonly note: string;
  readonly regarding: { readonly kind: string; readonly name: string };
}

interface Lease {
  readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
}

describe('plugins that fail', () => {
  let cluster: TestCluster;
  let api: ApiClient;
  let watch: PodWatch;
  let berth: DeployedBerth;

  beforeAll(async () => {
    cluster = await startCluster([{ name: 'roomy' }, { name: 'tight' }], {
      components: { scheduler: false },
    });
    api = cluster.plane.api;
    watch = await PodWatch.start(api);
    await createPods(api, [
      { name: 'load', requests: { cpu: '4', memory: '16Gi' }, spec: { nodeName: 'tight' } },
    ]);
  }, 120_000);

  afterAll(async () => {
    await watch?.stop();
    await cluster?.plane.stop();
  });

  /** Runs Berth with these plugins, and returns when it decides about pods. */
  async function run(
    folder: string,
    orders: readonly PluginOrder[],
    bundles: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const path = join(cluster.plane.dir, folder);
    await mkdir(path);
    const files: Record<string, string> = {
      ...Object.fromEntries(orders.map((order) => [`${order.name}.ts`, moduleOf(order)])),
      ...bundles,
      'scheduler-config.yaml': configurationOf(orders, bundles),
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
    const kustomization = {
      resources: [relative(path, join(projectRoot(), 'manifests', 'base'))],
      configMapGenerator: [
        { name: 'berth-config', namespace: NAMESPACE, behavior: 'replace', files: Object.keys(files) },
      ],
    };
    await writeFile(join(path, 'kustomization.yaml'), JSON.stringify(kustomization));
    berth = await DeployedBerth.apply(cluster.plane, path);
    await until('Berth to lead', async () => (await berth.metric('leader_election_master_status')) === 1);
  }

  /** Ends what {@link run} started, if it is still there, with nothing left for the next one to do. */
  async function end(): Promise<void> {
    await remove(...watch.pods().map(({ pod }) => pod.metadata.name));
    const wasRunning = berth.child.running;
    expect({ wasRunning, ...(await berth.stop()) }).toEqual({ wasRunning: true, code: 0, signal: null });
  }

  /** Takes pods away, but for the one that makes a node tight. */
  async function remove(...names: readonly string[]): Promise<void> {
    const passing = names.filter((name) => name !== 'load');
    await Promise.all(passing.map((name) => api.delete(`${PODS}/${name}`)));
    await watch.gone(...passing);
  }

  const nodeOf = (name: string): string | undefined => watch.get(name)?.pod.spec.nodeName;
  const conditionOf = (name: string) =>
    watch.get(name)?.pod.status.conditions?.find(({ type }) => type === 'PodScheduled');

  function logged(msg: string, facts: Readonly<Record<string, unknown>>): boolean {
    const lines = berth.child
      .stderr()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogLine);
    return lines.some(
      (line) => line.msg === msg && Object.entries(facts).every(([name, value]) => line[name] === value),
    );
  }

  /** Gives a pod to a plugin's profile. */
  const give = (plugin: string, name = schedulerOf(plugin), labels = {}): Promise<void> =>
    createPods(api, [{ name, labels, spec: { schedulerName: schedulerOf(plugin) } }]);

  /** Waits until an attempt of the pod has failed, and returns what its condition says then. */
  async function failure(pod: string): Promise<string> {
    const failed = (): boolean => conditionOf(pod)?.reason === 'SchedulerError';
    await watch.until(`${pod} to fail`, () => failed() || nodeOf(pod) !== undefined);
    return failed() ? (conditionOf(pod)?.message ?? '') : `it is on ${nodeOf(pod)}`;
  }

  async function hasEvent(pod: string, reason: string, note: string): Promise<boolean> {
    const events = await schedulingEvents(cluster.plane);
    return events.some(
      (event) => event.regarding.name === pod && event.reason === reason && event.note === note,
    );
  }

  let others = 0;
  /** Pods of the profile that has none of the plugins are placed. */
  async function othersGoOn(): Promise<void> {
    const names = Array.from({ length: 5 }, () => `other-${++others}`);
    await createPods(
      api,
      names.map((name) => ({ name, spec: { nodeSelector: { 'kubernetes.io/hostname': 'tight' } } })),
    );
    for (const name of names) await watch.bound(name);
    await remove(...names);
  }

  describe('at an extension point', () => {
    const orderOf = (group: string, onFault: string): PluginOrder => ({
      name: capitals(`${group} ${onFault}`).replace(' ', ''),
      point: group.split(' ')[0] ?? '',
      functions: `${GROUPS[group as keyof typeof GROUPS](onRequest(FAULTS.filter((fault) => fault.group === group)))}, events: []`,
      // It is never switched off: others do not go on for that reason.
      settings: `onFault: ${onFault}, ${LIMITS}, breaker: {faults: 10000}`,
    });
    const orders: readonly PluginOrder[] = [
      ...Object.keys(GROUPS).flatMap((group) => ON_FAULT.map((onFault) => orderOf(group, onFault))),
      ...ON_FAULT.map((onFault) => ({
        name: `KeepsOut${onFault}`,
        point: 'preEnqueue',
        functions: "preEnqueue: () => { throw new Error('no entry'); }, events: []",
        settings: `onFault: ${onFault}`,
      })),
      {
        name: 'HintsWrongly',
        point: 'filter',
        functions: `filter: (_pod, node) => (node.labels.open === 'yes' ? undefined : unschedulable('closed')),
      events: [{ resource: 'Node', action: Action.UpdateNodeLabel, hint: () => { throw new Error('no hint'); } }]`,
      },
      {
        name: 'TakesItsTime',
        point: 'filter',
        first: 'let done = false;',
        functions: `filter: () => { if (!done) { ${FOR_5_SECONDS} } done = true; return undefined; }, events: []`,
        settings: 'timeLimit: 0',
      },
    ];
    beforeAll(() => run('at-extension-points', orders), 120_000);
    afterAll(end, 60_000);

    it.each(FAULTS)(
      'a plugin that $what fails its pods, or is left out, and nobody else waits',
      async (fault) => {
        const [failing, skipped] = ON_FAULT.map((onFault) => orderOf(fault.group, onFault)) as [
          PluginOrder,
          PluginOrder,
        ];
        const does = labelOf(fault.what);
        const [failed, placed] = [`${does}-fails`, `${does}-skips`];
        const says = (order: PluginOrder): string => fault.says.replace('PLACE', placeOf(fault.code, order));
        const faults = ({ name: plugin }: PluginOrder): Promise<number> =>
          berth.metric('berth_plugin_faults_total', { plugin, extension_point: fault.at, kind: fault.kind });
        const before = [await faults(failing), await faults(skipped)];

        await give(failing.name, failed, { does });
        const told = message(fault.at, failing.name, says(failing));
        expect(await failure(failed)).toBe(told);
        await until('the event', () => hasEvent(failed, 'FailedScheduling', told));

        await give(skipped.name, placed, { does });
        await othersGoOn();
        await watch.bound(placed);
        expect(nodeOf(placed)).toBe('roomy');

        for (const [index, order] of [failing, skipped].entries()) {
          const { name: plugin } = order;
          expect(await faults(order)).toBeGreaterThan(before[index] ?? 0);
          expect(await berth.metric('berth_plugin_breaker', { plugin, state: 'closed' })).toBe(1);
          const facts = { level: 'warn', plugin, point: fault.at, kind: fault.kind, fault: says(order) };
          expect(logged('a plugin failed', facts)).toBe(true);
        }
        expect(nodeOf(failed)).toBeUndefined();
        expect((await bindersByPod(cluster.plane)).get(failed)).toBeUndefined();
        await remove(failed, placed);
      },
    );

    it('a plugin that throws in preEnqueue keeps its pods out of the queue, or is left out', async () => {
      await give('KeepsOutFailPod');
      await give('KeepsOutSkipPlugin');
      await othersGoOn();
      await watch.bound('keepsoutskipplugin');
      for (const plugin of ['KeepsOutFailPod', 'KeepsOutSkipPlugin']) {
        const labels = { plugin, extension_point: 'PreEnqueue', kind: 'exception' };
        expect(await berth.metric('berth_plugin_faults_total', labels)).toBeGreaterThan(0);
      }
      expect(nodeOf('keepsoutfailpod')).toBeUndefined();
      expect(await berth.metric('scheduler_schedule_attempts_total', { profile: 'keepsoutfailpod' })).toBe(0);
    });

    it('a plugin whose hint throws has its pods tried again', async () => {
      await give('HintsWrongly');
      expect(await watch.refused('hintswrongly')).toContain('2 closed');
      await api.patch('/api/v1/nodes/tight', { metadata: { labels: { open: 'yes' } } });
      await watch.bound('hintswrongly');
      const labels = { plugin: 'HintsWrongly', extension_point: 'QueueingHint', kind: 'exception' };
      expect(await berth.metric('berth_plugin_faults_total', labels)).toBeGreaterThan(0);
    });

    it('a plugin without a time limit holds everybody for 5 s, but neither the lease nor what comes after', async () => {
      const lease = () => api.get<Lease>(`/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/berth`);
      const { spec: before } = await lease();
      await give('TakesItsTime');
      await othersGoOn();
      await watch.bound('takesitstime');
      const { spec: after } = await lease();
      expect([after.holderIdentity, after.leaseTransitions]).toEqual([
        before.holderIdentity,
        before.leaseTransitions,
      ]);
      expect(await berth.metric('berth_plugin_faults_total', { plugin: 'TakesItsTime' })).toBe(0);
    });
  });

  describe('again and again', () => {
    const throwing = (pause: string, onFault: string): Pick<PluginOrder, 'point' | 'settings'> => ({
      point: 'score',
      settings: `onFault: ${onFault}, breaker: {faults: 2, window: 10m, pause: ${pause}}`,
    });
    const broken = "score: () => { throw new Error('broken'); }, events: []";
    const brokenWhile = (): string => join(cluster.plane.dir, 'broken-while-this-is-there');
    const orders = (): readonly PluginOrder[] => [
      { name: 'Broken', functions: broken, ...throwing('10m', 'FailPod') },
      { name: 'Spare', functions: broken, ...throwing('10m', 'SkipPlugin') },
      {
        name: 'Mended',
        functions: `score: () => { if (existsSync('${brokenWhile()}')) throw new Error('broken'); return 1; }, events: []`,
        ...throwing('1s', 'FailPod'),
      },
    ];
    beforeAll(() => run('again-and-again', orders()), 120_000);
    afterAll(end, 60_000);

    const state = (plugin: string, name: string): Promise<number> =>
      berth.metric('berth_plugin_breaker', { plugin, state: name });

    async function switchedOff(plugin: string): Promise<void> {
      await until(`${plugin} to be switched off`, async () => (await state(plugin, 'open')) === 1);
    }

    async function announcement(plugin: string): Promise<LeaseEvent | undefined> {
      let found: LeaseEvent | undefined;
      await until(`the event about ${plugin}`, async () => {
        const { items } = await api.get<{ items: LeaseEvent[] }>(
          `/apis/events.k8s.io/v1/namespaces/${NAMESPACE}/events`,
        );
        found = items.find(
          ({ reason, note }) => reason === 'PluginSwitchedOff' && note.includes(` ${plugin} `),
        );
        return found !== undefined;
      });
      return found;
    }

    it('is switched off: its pods are told so, the Lease has an event, and others go on', async () => {
      await give('Broken', 'broken-1');
      await give('Broken', 'broken-2');
      await switchedOff('Broken');
      const place = placeOf('throw', { name: 'Broken', point: 'score', functions: broken });
      const event = await announcement('Broken');
      expect(event).toMatchObject({
        type: 'Warning',
        note: `Plugin Broken failed too often and is not called for 600s: last, at Score, it threw Error: broken (${place})`,
        regarding: { kind: 'Lease', name: 'berth' },
      });
      await give('Broken', 'broken-3');
      const told =
        /^running Score plugins: plugin "Broken" failed with: it failed too often and is tried again in \d+s; last it threw Error: broken \(Broken\.ts:\d+:\d+\)$/;
      expect(await failure('broken-3')).toMatch(told);
      await othersGoOn();
      expect(['broken-1', 'broken-2', 'broken-3'].map(nodeOf)).toEqual([undefined, undefined, undefined]);
      expect(await berth.metric('berth_plugin_faults_total', { plugin: 'Broken' })).toBe(2);
      expect(
        await berth.metric('berth_plugin_calls_left_out_total', {
          plugin: 'Broken',
          extension_point: 'Score',
        }),
      ).toBeGreaterThan(0);
      expect([await state('Broken', 'closed'), await state('Broken', 'half-open')]).toEqual([0, 0]);
      const facts = { level: 'error', plugin: 'Broken', point: 'Score', pauseMs: 600_000 };
      expect(logged('a plugin failed too often and is not called for a while', facts)).toBe(true);
    });

    it('is switched off, and its pods are placed without it where that is wanted', async () => {
      for (const name of ['spare-1', 'spare-2']) {
        await give('Spare', name);
        await watch.bound(name);
      }
      await switchedOff('Spare');
      expect((await announcement('Spare'))?.note).toContain('Plugin Spare failed too often');
      await give('Spare', 'spare-3');
      await watch.bound('spare-3');
      expect(['spare-1', 'spare-2', 'spare-3'].map(nodeOf)).toEqual(['roomy', 'roomy', 'roomy']);
      expect(await berth.metric('berth_plugin_faults_total', { plugin: 'Spare' })).toBe(2);
      expect(await berth.metric('berth_plugin_calls_left_out_total', { plugin: 'Spare' })).toBe(1);
    });

    it('is tried again after a while, and is back when it works', async () => {
      await writeFile(brokenWhile(), '');
      await give('Mended');
      await switchedOff('Mended');
      await until('it to be tried again in vain', async () =>
        logged('a plugin that failed too often is tried again', { plugin: 'Mended' }),
      );
      expect(nodeOf('mended')).toBeUndefined();
      await rm(brokenWhile());
      await watch.bound('mended');
      expect(await state('Mended', 'closed')).toBe(1);
      expect(logged('a plugin works again', { plugin: 'Mended' })).toBe(true);
    });
  });

  describe('where the queue is sorted', () => {
    const cases = [
      { what: 'throws', code: "throw new Error('no order');" },
      { what: 'loops', code: FOR_EVER },
      { what: 'waits', code: 'return Promise.resolve(1);' },
      { what: 'says-nothing', code: 'return undefined;' },
      { what: 'is-no-number', code: 'return Number.NaN;' },
      { what: 'is-fine', code: 'return 1;' },
    ];
    const sorter = {
      name: 'Sorts',
      point: 'queueSort',
      functions: `queueKey: (pod) => {${onRequest(cases)}}, events: []`,
      settings: `${LIMITS}, breaker: {faults: 10000}`,
    };
    beforeAll(async () => {
      // They wait when Berth starts: a queue of one needs no order.
      await createPods(
        api,
        cases.map(({ what }) => ({ name: what, labels: { does: what } })),
      );
      await run('queue', [sorter]);
    }, 120_000);
    afterAll(end, 60_000);

    it('leave no pod behind', async () => {
      for (const { what } of cases) await watch.bound(what);
      await othersGoOn();
      const faults = (kind: FaultKind): Promise<number> =>
        berth.metric('berth_plugin_faults_total', { plugin: 'Sorts', extension_point: 'QueueSort', kind });
      expect(await faults('exception')).toBeGreaterThan(0);
      expect(await faults('timeout')).toBeGreaterThan(0);
      expect(await faults('answer')).toBeGreaterThan(1);
    });
  });

  describe('behind everybody’s back', () => {
    const cases = STRAYS.map(([what, code]) => ({ what, code }));
    const reserve = `reserve: (pod) => {${onRequest(cases)}}, unreserve: () => {}, events: []`;
    const strays = { name: 'Strays', point: 'reserve', functions: reserve };
    const bundle = { ...strays, name: 'Bundled' };
    const task: PluginOrder = {
      name: 'FailsInItsTask',
      point: 'score',
      first: "context.every(100, async () => { throw new Error('in vain'); });",
      functions: 'score: () => 1, events: []',
    };
    beforeAll(async () => {
      const source = {
        contents: moduleOf(bundle),
        loader: 'ts',
        sourcefile: 'bundled.ts',
        resolveDir: '/',
      } as const;
      const { outputFiles } = await build({
        stdin: source,
        bundle: true,
        platform: 'node',
        format: 'esm',
        external: ['berth'],
        sourcemap: 'inline',
        write: false,
      });
      await run('strays', [strays, bundle, task], { 'Bundled.js': outputFiles[0]?.text ?? '' });
    }, 120_000);
    afterAll(end, 60_000);

    const failures = (labels: Readonly<Record<string, string>> = {}): Promise<number> =>
      berth.metric('berth_plugin_background_failures_total', labels);

    it.each(STRAYS)('a plugin that %s does not end the process', async (what, _does, counted) => {
      const does = labelOf(what);
      const plugin = counted === 'its own' ? 'Strays' : 'unknown';
      const before = await failures({ plugin });
      await give('Strays', does, { does });
      await watch.bound(does);
      if (counted !== 'none') {
        await until('its failure to be counted', async () => (await failures({ plugin })) > before);
        expect(logged('a plugin failed in the background', { level: 'warn', plugin })).toBe(true);
      }
      await othersGoOn();
      expect(berth.child.running).toBe(true);
    });

    it('a plugin that is a bundle with a source map does not either, and is known by name', async () => {
      await give('Bundled', 'bundled', { does: labelOf(STRAYS[0]?.[0] ?? '') });
      await watch.bound('bundled');
      await until('its failure to be counted', async () => (await failures({ plugin: 'Bundled' })) === 1);
      await othersGoOn();
    });

    it('a task that fails is logged, counted, and run again', async () => {
      await until('it to fail twice', async () => (await failures({ plugin: 'FailsInItsTask' })) >= 2);
      const facts = { level: 'warn', plugin: 'FailsInItsTask', error: 'Error: in vain' };
      expect(logged('a plugin failed in the background', facts)).toBe(true);
    });
  });

  it('nothing was bound by anybody else, or to where it may not be', async () => {
    expect(new Set([...(await bindersByPod(cluster.plane)).values()].flat())).toEqual(new Set([BERTH_USER]));
    expect(await placementFaults(cluster.plane)).toEqual([]);
    expect(await berthAnswers(cluster.plane, 401, 403)).toEqual({});
    expect(watch.moved).toEqual([]);
  });
});
