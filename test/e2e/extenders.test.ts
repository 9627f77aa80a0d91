import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiClient } from '../controlplane/api-client.js';
import { answersStatus, type ExtenderBehaviour, ExtenderServer, passesAll } from '../extender-server.js';
import { BerthProcess } from './berth-process.js';
import { nodeGroup, startCluster, type TestCluster } from './cluster-setup.js';
import { PODS, type Pod } from './workload.js';

/*
 * Kube-scheduler and Berth side by side on one cluster, with the same extenders: what they ask, and what comes of the answers, has to be
 * the same. Each case has its own extender, told apart by the resource that it manages.
 */

interface Extender {
  readonly name: string;
  readonly verbs: readonly string[];
  readonly more?: string;
}

const EXTENDERS: readonly Extender[] = [
  { name: 'cached', verbs: ['filter', 'prioritize', 'preempt'], more: 'nodeCacheCapable: true' },
  { name: 'whole', verbs: ['filter', 'prioritize', 'preempt'] },
  {
    name: 'spare',
    verbs: ['filter', 'prioritize', 'preempt'],
    more: 'nodeCacheCapable: true, ignorable: true',
  },
  { name: 'binder', verbs: ['bind'] },
];

const SCHEDULERS = [
  { name: 'default-scheduler', prefix: 'kube' },
  { name: 'berth', prefix: 'berth' },
] as const;

type SchedulerName = (typeof SCHEDULERS)[number]['name'];

function configuration(url: string, prefix: string, schedulerName: SchedulerName): string {
  const extenders = EXTENDERS.map(({ name, verbs, more }) =>
    [
      `- {urlPrefix: "${url}/${prefix}"`,
      ...verbs.map((verb) => `${verb}Verb: ${name}-${verb}`),
      'weight: 5',
      'httpTimeout: 20s',
      `managedResources: [{name: example.com/${name}, ignoredByScheduler: true}]`,
      ...(more === undefined ? [] : [more]),
    ]
      .join(', ')
      .concat('}'),
  );
  return [
    'apiVersion: kubescheduler.config.k8s.io/v1',
    'kind: KubeSchedulerConfiguration',
    'leaderElection: {leaderElect: false}',
    `profiles: [{schedulerName: ${schedulerName}}]`,
    'extenders:',
    ...extenders,
    '',
  ].join('\n');
}

/** What came of a pod, as text and data that have to be equal. */
interface Story {
  readonly node: string;
  /** Of the first failed attempt. */
  readonly refusal: string;
  readonly reason: string;
  /** The first request for each verb. */
  readonly asked: Readonly<Record<string, unknown>>;
}

interface Case {
  readonly name: string;
  readonly extender: string;
  /** By verb; with the name of another extender before it where it is that of another. */
  readonly answers: Readonly<Record<string, ExtenderBehaviour>>;
  /** Whether the pod comes onto a node in the end. */
  readonly ends: 'bound' | 'refused';
  readonly spec?: object;
  /** Beside the extender's resource. Default: one CPU. */
  readonly requests?: Readonly<Record<string, string>>;
  /** What the story has to contain, beside being told twice. */
  readonly expected: Partial<Story>;
}

const failsFor =
  (failed: Readonly<Record<string, string>>, names: readonly string[] = []): ExtenderBehaviour =>
  () => ({ NodeNames: names, FailedNodes: failed });
const full = (name: string): object => ({ nodeSelector: { group: 'full' }, priorityClassName: name });
const victimsOf =
  (change: (victims: Record<string, unknown>) => unknown): ExtenderBehaviour =>
  ({ body }) => ({ NodeNameToMetaVictims: change(metaVictims(body)) });

/** By node, as every answer has to be, whatever the question held. */
// biome-ignore lint/suspicious/noExplicitAny: the edge where JSON is decoded.
function metaVictims({ NodeNameToVictims, NodeNameToMetaVictims }: any): Record<string, unknown> {
  if (NodeNameToMetaVictims !== null) return NodeNameToMetaVictims;
  return Object.fromEntries(
    // biome-ignore lint/suspicious/noExplicitAny: the edge where JSON is decoded.
    Object.entries<any>(NodeNameToVictims).map(([node, { Pods, NumPDBViolations }]) => [
      node,
      // biome-ignore lint/suspicious/noExplicitAny: the edge where JSON is decoded.
      { Pods: Pods.map((pod: any) => ({ UID: pod.metadata.uid })), NumPDBViolations },
    ]),
  );
}

const CASES: readonly Case[] = [
  {
    name: 'scores decide among the nodes that are left',
    extender: 'cached',
    answers: {
      filter: failsFor({ 'free-2': 'no' }, ['free-0', 'free-1']),
      prioritize: () => [
        { Host: 'free-1', Score: 10 },
        { Host: 'free-2', Score: 10 },
      ],
    },
    ends: 'bound',
    expected: { node: 'free-1' },
  },
  {
    name: 'whole nodes are sent, and come back',
    extender: 'whole',
    answers: {
      filter: ({ body }) => ({
        // biome-ignore lint/suspicious/noExplicitAny: the edge where JSON is decoded.
        Nodes: { items: body.Nodes.items.filter((node: any) => node.metadata.name !== 'free-1') },
      }),
      prioritize: () => [{ Host: 'free-2', Score: 10 }],
    },
    ends: 'bound',
    expected: { node: 'free-2' },
  },
  {
    name: 'all nodes are refused, with reasons',
    extender: 'cached',
    answers: {
      filter: () => ({
        NodeNames: [],
        FailedNodes: { 'free-0': 'no licence', 'free-1': 'both' },
        FailedAndUnresolvableNodes: { 'free-1': 'never' },
      }),
    },
    ends: 'refused',
    expected: { reason: 'Unschedulable' },
  },
  {
    name: 'all nodes are refused, without a word',
    extender: 'cached',
    answers: { filter: () => ({}) },
    ends: 'refused',
    expected: { reason: 'Unschedulable' },
  },
  {
    name: 'an error is told',
    extender: 'cached',
    answers: { filter: () => ({ Error: 'out of order' }) },
    ends: 'refused',
    expected: { reason: 'SchedulerError', refusal: 'out of order' },
  },
  {
    name: 'a status other than 200 is an error',
    extender: 'cached',
    answers: { filter: answersStatus(500) },
    ends: 'refused',
    expected: { reason: 'SchedulerError' },
  },
  {
    name: 'a node that was made up is an error',
    extender: 'cached',
    answers: { filter: () => ({ NodeNames: ['made-up'] }) },
    ends: 'refused',
    expected: { reason: 'SchedulerError' },
  },
  {
    name: 'failed scores are not missed',
    extender: 'cached',
    answers: { filter: failsFor({}, ['free-1', 'free-2']), prioritize: answersStatus(500) },
    ends: 'bound',
    expected: {},
  },
  {
    name: 'an ignorable extender may fail',
    extender: 'spare',
    answers: { filter: answersStatus(500), prioritize: () => [{ Host: 'free-2', Score: 10 }] },
    ends: 'bound',
    expected: { node: 'free-2' },
  },
  {
    name: 'an extender that may not be done without is asked before one that may, about what it leaves',
    extender: 'spare',
    answers: {
      'cached-filter': failsFor({}, ['free-0', 'free-2']),
      'cached-prioritize': () => [],
      'spare-filter': failsFor({}, ['free-2']),
    },
    requests: { cpu: '1', 'example.com/cached': '1' },
    ends: 'bound',
    expected: { node: 'free-2' },
  },
  {
    name: 'an extender says that pods are in the way where the filters see none',
    extender: 'cached',
    answers: {
      filter: () => ({
        FailedNodes: { 'full-0': 'in the way' },
        FailedAndUnresolvableNodes: { 'full-1': 'hopeless' },
      }),
    },
    requests: {},
    ends: 'refused',
    spec: full('urgent'),
    expected: { reason: 'Unschedulable' },
  },
  {
    name: 'an extender binds',
    extender: 'binder',
    answers: {},
    ends: 'bound',
    spec: { nodeSelector: { 'kubernetes.io/hostname': 'free-0' } },
    expected: { node: 'free-0' },
  },
  {
    name: 'an extender chooses whom to preempt',
    extender: 'cached',
    answers: { filter: passesAll, preempt: victimsOf((victims) => ({ 'full-1': victims['full-1'] })) },
    ends: 'bound',
    spec: full('urgent'),
    expected: { node: 'full-1' },
  },
  {
    name: 'an extender that is sent whole victims chooses whom to preempt',
    extender: 'whole',
    answers: { filter: passesAll, preempt: victimsOf((victims) => ({ 'full-0': victims['full-0'] })) },
    ends: 'bound',
    spec: full('urgent'),
    expected: { node: 'full-0' },
  },
  {
    name: 'an extender lets nobody be preempted',
    extender: 'cached',
    answers: { filter: passesAll, preempt: victimsOf(() => ({})) },
    ends: 'refused',
    spec: full('urgent'),
    expected: { reason: 'Unschedulable' },
  },
  {
    name: 'an extender names a node to preempt on, and no victim',
    extender: 'cached',
    answers: { filter: passesAll, preempt: victimsOf(() => ({ 'full-0': { Pods: [] } })) },
    ends: 'refused',
    spec: full('urgent'),
    expected: { reason: 'Unschedulable' },
  },
  {
    name: 'an extender makes up a victim',
    extender: 'cached',
    answers: { filter: passesAll, preempt: victimsOf(() => ({ 'full-0': { Pods: [{ UID: 'made-up' }] } })) },
    ends: 'refused',
    spec: full('urgent'),
    expected: { reason: 'Unschedulable' },
  },
  {
    name: 'an ignorable extender that makes up a victim is passed over, and one that names none drops the node',
    extender: 'spare',
    answers: {
      filter: passesAll,
      preempt: victimsOf((victims) => ({ 'full-0': { Pods: [] }, 'full-1': victims['full-1'] })),
    },
    ends: 'bound',
    spec: full('urgent'),
    expected: { node: 'full-1' },
  },
];

describe('kube-scheduler and Berth with the same extenders', () => {
  let server: ExtenderServer;
  let cluster: TestCluster;
  let api: ApiClient;
  let told = 0;

  beforeAll(async () => {
    server = await ExtenderServer.start();
    const config = configuration(server.url, 'kube', 'default-scheduler');
    const nodes = [
      ...nodeGroup(3, { name: 'free' }),
      ...nodeGroup(2, { name: 'full', labels: { group: 'full' }, taints: [] }),
    ];
    cluster = await startCluster(nodes, { components: { scheduler: { config } } });
    ({ api } = cluster.plane);
    for (const [name, value] of [
      ['urgent', 1_000],
      ['humble', -10],
    ] as const)
      await api.create('/apis/scheduling.k8s.io/v1/priorityclasses', {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name },
        value,
      });
    const file = join(cluster.plane.dir, 'berth-extenders.yaml');
    await writeFile(file, configuration(server.url, 'berth', 'berth'));
    await BerthProcess.start(cluster.plane, { kubeconfig: cluster.kubeconfig, args: ['--config', file] });
    await fill();
  }, 120_000);

  afterAll(async () => {
    await cluster?.plane.stop();
    await server?.stop();
  });

  it.each(CASES)(
    '$name',
    async (it) => {
      const stories: Story[] = [];
      for (const scheduler of SCHEDULERS) stories.push(await tell(it, scheduler));
      const [theirs, ours] = stories;
      expect(theirs).toMatchObject(it.expected);
      // Where scores do not decide, one of several nodes is as good as the other.
      const node = it.ends === 'bound' && it.expected.node === undefined ? { node: theirs?.node } : {};
      expect({ ...ours, ...node }).toEqual(theirs);
    },
    60_000,
  );

  async function tell(
    { extender, answers, ends, spec, requests = { cpu: '1' } }: Case,
    scheduler: (typeof SCHEDULERS)[number],
  ): Promise<Story> {
    server.requests.length = 0;
    // Whoever ends pods on nodes that exist on paper does so by name, and may be late.
    const name = `told-${++told}`;
    for (const [verb, behaviour] of Object.entries(answers))
      server.on(verb.includes('-') ? verb : `${extender}-${verb}`, behaviour);
    server.on('binder-bind', bindIt);
    const all = { ...requests, [`example.com/${extender}`]: '1' };
    const limits = Object.fromEntries(Object.entries(all).filter(([name]) => name.includes('/')));
    const pod = await api.create<Pod>(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        schedulerName: scheduler.name,
        nodeSelector: { type: 'kwok' },
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                {
                  matchExpressions: [
                    {
                      key: 'group',
                      operator: spec !== undefined && 'priorityClassName' in spec ? 'Exists' : 'DoesNotExist',
                    },
                  ],
                },
              ],
            },
          },
        },
        containers: [
          {
            name: 'app',
            image: 'registry.example/app:1',
            resources: { requests: all, limits },
          },
        ],
        ...spec,
      },
    });
    const { uid } = pod.metadata;
    try {
      await until(`${scheduler.name} to have done with it`, async () => {
        const now = await api.get<Pod>(`${PODS}/${name}`);
        return ends === 'bound'
          ? (now.spec.nodeName ?? '') !== ''
          : (await failures(uid)).length > 0 && conditionOf(now) !== '';
      });
      const now = await api.get<Pod>(`${PODS}/${name}`);
      const [first = ''] = await failures(uid);
      return {
        node: now.spec.nodeName ?? '',
        refusal: comparable(first, scheduler.prefix, uid),
        reason: ends === 'bound' ? '' : conditionOf(now),
        asked: firstQuestions(scheduler.prefix, uid),
      };
    } finally {
      await remove(name);
      await fill();
    }
  }

  const bindIt: ExtenderBehaviour = async ({ body: { PodName, PodNamespace, PodUID, Node } }) => {
    await api.create(`/api/v1/namespaces/${PodNamespace}/pods/${PodName}/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: PodName, namespace: PodNamespace, uid: PodUID },
      target: { kind: 'Node', name: Node },
    });
    return { Error: '' };
  };

  /** One pod of little importance takes up each of the full nodes. */
  async function fill(): Promise<void> {
    for (const node of ['full-0', 'full-1']) {
      const name = `fills-${node}`;
      if ((await api.get<Pod>(`${PODS}/${name}`).catch(() => undefined)) !== undefined) {
        const { metadata } = await api.get<Pod>(`${PODS}/${name}`);
        if (metadata.deletionTimestamp === undefined) continue;
        await gone(name);
      }
      await api.create(PODS, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name },
        spec: {
          nodeName: node,
          priorityClassName: 'humble',
          terminationGracePeriodSeconds: 0,
          automountServiceAccountToken: false,
          containers: [
            { name: 'app', image: 'registry.example/app:1', resources: { requests: { cpu: '8' } } },
          ],
        },
      });
      await until(
        `${name} to run`,
        async () => (await api.get<Pod>(`${PODS}/${name}`)).status.phase === 'Running',
      );
    }
  }

  async function remove(name: string): Promise<void> {
    await api.delete(`${PODS}/${name}`, { gracePeriodSeconds: 0 });
    await gone(name);
  }

  const gone = (name: string): Promise<void> =>
    until(`${name} to be gone`, () =>
      api.get(`${PODS}/${name}`).then(
        () => false,
        () => true,
      ),
    );

  /** What was told of failed attempts for a pod, the first one first. */
  async function failures(uid: string): Promise<string[]> {
    interface Told {
      readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
      readonly reason: string;
      readonly note: string;
      readonly eventTime: string;
      readonly regarding: { readonly uid?: string };
    }
    const { items } = await api.list<Told>('/apis/events.k8s.io/v1/namespaces/default/events');
    return items
      .filter(({ reason, regarding }) => reason === 'FailedScheduling' && regarding.uid === uid)
      .sort((a, b) => (a.eventTime < b.eventTime ? -1 : 1))
      .map(({ note }) => note);
  }

  /** The first request for each verb, without what differs from pod to pod and from moment to moment. */
  function firstQuestions(prefix: string, uid: string): Record<string, unknown> {
    const questions: Record<string, unknown> = {};
    for (const { path, text } of server.requests) {
      // The last try for the pod before may still be under way.
      if (!text.includes(uid)) continue;
      const verb = path.slice(path.lastIndexOf('/') + 1);
      questions[verb] ??= settled(JSON.parse(comparable(text, prefix, uid)));
    }
    return questions;
  }
});

function conditionOf({ status }: Pod): string {
  const condition = status.conditions?.find(({ type }) => type === 'PodScheduled');
  return condition?.status === 'False' ? (condition.reason ?? '') : '';
}

function comparable(text: string, prefix: string, uid: string): string {
  return text
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, 'http://extender')
    .replaceAll(`http://extender/${prefix}`, 'http://extender')
    .replaceAll(uid, '<uid>')
    .replace(/"told-\d+"/g, '"<pod>"')
    .replace(/"schedulerName":"[^"]*"/g, '"schedulerName":"<name>"');
}

const VOLATILE = new Set([
  // Berth leaves it out of nodes as well: it is half of what a node is, and tells an extender nothing.
  'managedFields',
  'resourceVersion',
  'creationTimestamp',
  'lastHeartbeatTime',
  'lastTransitionTime',
  'startTime',
  'startedAt',
  'uid',
  'UID',
  'podIP',
  'podIPs',
  // What was written of an earlier attempt may have come back by the watch, or not yet.
  'conditions',
  'nominatedNodeName',
]);

/** Lists sorted, and without what changes by itself. */
function settled(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(settled);
    const textOf = (item: unknown): string => JSON.stringify(item);
    return items.sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !VOLATILE.has(key))
      .map(([key, item]) => [key, settled(item)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

async function until(what: string, condition: () => Promise<boolean>, withinMs = 40_000): Promise<void> {
  for (const deadline = Date.now() + withinMs; !(await condition()); await sleep(50)) {
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
  }
}
