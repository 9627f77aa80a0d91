import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/clock.js';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { createNodeProjector } from '../../../src/cluster/project-node.js';
import { createPodProjector } from '../../../src/cluster/project-pod.js';
import type { ExtenderConfiguration } from '../../../src/config/scheduler-configuration.js';
import { Extender } from '../../../src/extenders/extender.js';
import { Extenders } from '../../../src/extenders/extenders.js';
import type { Consultation, PodExtenders } from '../../../src/extenders/pod-extenders.js';
import { unresolvable, unschedulable } from '../../../src/framework/status.js';
import type { Candidate } from '../../../src/plugins/default-preemption/candidate.js';
import { type PodParts, rawNode, rawPod } from '../../build-objects.js';
import { answersStatus, ExtenderServer, hangs, passesAll } from '../../extender-server.js';
import { until } from '../kube/until.js';

const projectPod = createPodProjector();
const projectNode = createNodeProjector();

let server: ExtenderServer;
let cluster: ClusterState;
let latest: Map<string, Pod>;
let extenders: Extenders;
/** `verb extender: message` of each failure that was passed over, and `verb result` of each exchange. */
let passedOver: string[];
let exchanges: string[];
const { signal } = new AbortController();

beforeEach(async () => {
  server = await ExtenderServer.start();
  cluster = new ClusterState();
  latest = new Map();
  passedOver = [];
  exchanges = [];
  configure({});
});
afterEach(async () => {
  await extenders.close();
  await server.stop();
});

/** Extenders at `/0`, `/1` and so on, with a filter each unless told otherwise. */
function configure(...configurations: readonly Partial<ExtenderConfiguration>[]): void {
  const made = configurations.map(
    (configuration, index) =>
      new Extender({
        configuration: {
          urlPrefix: `${server.url}/${index}`,
          filterVerb: `filter${index}`,
          preemptVerb: '',
          prioritizeVerb: '',
          bindVerb: '',
          weight: 1,
          enableHTTPS: false,
          tlsConfig: undefined,
          httpTimeoutMs: 5_000,
          nodeCacheCapable: true,
          managedResources: [],
          ignorable: false,
          ...configuration,
        },
        tls: {},
        clock: systemClock,
        exchanged: (_extender, verb, result) => exchanges.push(`${verb} ${result}`),
      }),
  );
  extenders = new Extenders(made, {
    cluster,
    latest: (uid) => latest.get(uid),
    isOurs: (name) => name === 'berth',
    observer: {
      passedOver: (extender, verb, _pod, message) =>
        passedOver.push(`${verb} ${extender.replace(server.url, '')}: ${message.replaceAll(server.url, '')}`),
    },
  });
}

/** A pod as the watch delivers it. */
function show(parts: PodParts = {}): Pod {
  const raw = rawPod({ name: 'web', uid: 'web', ...parts });
  const pod = projectPod(raw);
  extenders.kept.pod(pod, raw);
  latest.set(pod.uid, pod);
  if (pod.nodeName !== '') cluster.setBoundPod(pod);
  return pod;
}

function nodes(...names: readonly string[]): void {
  for (const name of names) {
    const raw = rawNode({ name });
    const node = projectNode(raw);
    extenders.kept.node(node, raw);
    cluster.setNode(node);
  }
}

const concerned = (pod: Pod): PodExtenders => extenders.forPod(pod)!;

function consult(pod: Pod, names: readonly string[], scored = true): Promise<Consultation> {
  return concerned(pod).consult(pod, names, { signal, scored });
}

/** What was answered, as plain data. */
async function answers(pod: Pod, names: readonly string[], scored = true) {
  const consultation = await consult(pod, names, scored);
  if (consultation.kind !== 'answered') return consultation;
  const { nodeNames, refusals, narrowed, scores } = consultation.answers;
  return {
    nodeNames,
    narrowed,
    refusals: Object.fromEntries(refusals),
    scores: scores.map(({ pointWeight, scores: points }) => [pointWeight, Object.fromEntries(points)]),
  };
}

const requested = (name: string, amount = '1') => ({ requests: { [name]: amount } });
const managed = (...names: readonly string[]) => ({
  managedResources: names.map((name) => ({ name, ignoredByScheduler: false })),
});

describe('an extender is interested', () => {
  it('in every pod when it manages no resource of its own', () => {
    expect(extenders.forPod(show())).toBeDefined();
  });

  it('else in pods that ask for one of its resources, be it none of it', () => {
    configure(managed('example.com/a', 'example.com/b'));
    expect(extenders.forPod(show())).toBeUndefined();
    expect(extenders.forPod(show(requested('example.com/c')))).toBeUndefined();
    expect(extenders.forPod(show(requested('example.com/b')))).toBeDefined();
    expect(extenders.forPod(show(requested('example.com/a', '0')))).toBeDefined();
    const container = { name: 'init', image: 'x', resources: { requests: { 'example.com/a': '1' } } };
    const spec = { schedulerName: 'berth', containers: [], initContainers: [container] };
    expect(extenders.forPod(show({ spec }))).toBeDefined();
  });

  it('with the verbs that it has', () => {
    configure({ filterVerb: '', bindVerb: 'bind' });
    expect(concerned(show())).toMatchObject({ areAsked: false, filters: false, prioritizes: false });
    expect(concerned(show()).binder).toBeDefined();
    configure({ filterVerb: '', preemptVerb: 'preempt' });
    expect(concerned(show())).toMatchObject({ areAsked: true, preempts: true, binder: undefined });
  });
});

describe('extenders that filter', () => {
  it('are given the whole pod, without what only the API server needs', async () => {
    nodes('a');
    server.on('filter0', passesAll);
    const pod = show({
      metadata: { name: 'web', uid: 'web', namespace: 'default', managedFields: [{ manager: 'kubectl' }] },
      spec: { schedulerName: 'berth', containers: [{ name: 'app', image: 'x', command: ['run'] }] },
    });
    await consult(pod, ['a']);
    const [{ Pod, Nodes, NodeNames }] = server.asked('filter0');
    expect([Nodes, NodeNames]).toEqual([null, ['a']]);
    expect(Object.keys(Pod)).toEqual(['metadata', 'spec', 'status']);
    expect(Pod.spec.containers).toEqual([{ name: 'app', image: 'x', command: ['run'] }]);
    expect(Pod.metadata).toMatchObject({ name: 'web', uid: 'web', namespace: 'default' });
    expect(Pod.metadata.managedFields).toBeUndefined();
  });

  it('are given whole nodes when they keep none', async () => {
    configure({ nodeCacheCapable: false });
    nodes('a', 'b');
    server.on('filter0', passesAll);
    expect(await answers(show(), ['a', 'b', 'gone'])).toMatchObject({ nodeNames: ['a', 'b'] });
    const [{ Nodes, NodeNames }] = server.asked('filter0');
    expect(NodeNames).toBeNull();
    const { apiVersion: _a, kind: _k, ...whole } = rawNode({ name: 'b' });
    expect(Nodes.items[1]).toEqual({ ...whole, metadata: Nodes.items[1].metadata });
    expect(Nodes.items[1].metadata).toMatchObject({ name: 'b', labels: { 'kubernetes.io/hostname': 'b' } });
  });

  it('are asked one after the other about what is left, until nothing is', async () => {
    configure({}, {}, {});
    server.on('filter0', () => ({ NodeNames: ['b', 'c'], FailedNodes: { a: 'no' } }));
    server.on('filter1', () => ({
      NodeNames: [],
      FailedNodes: { b: 'no' },
      FailedAndUnresolvableNodes: { c: 'never' },
    }));
    expect(await answers(show(), ['a', 'b', 'c'])).toEqual({
      nodeNames: [],
      narrowed: true,
      refusals: { a: unschedulable('no'), b: unschedulable('no'), c: unresolvable('never') },
      scores: [],
    });
    expect(server.asked('filter1')).toMatchObject([{ NodeNames: ['b', 'c'] }]);
    expect(server.asked('filter2')).toEqual([]);
  });

  it('come last when they may be done without', async () => {
    configure({ ignorable: true }, {}, { ignorable: true }, {});
    for (const verb of ['filter0', 'filter1', 'filter2', 'filter3']) server.on(verb, passesAll);
    expect(await answers(show(), ['a'])).toMatchObject({ nodeNames: ['a'], narrowed: false });
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/1/filter1',
      '/3/filter3',
      '/0/filter0',
      '/2/filter2',
    ]);
  });

  it('fail the attempt, unless they may be done without', async () => {
    configure({}, { ignorable: true });
    server.on('filter0', passesAll).on('filter1', answersStatus(500));
    expect(await answers(show(), ['a', 'b'])).toMatchObject({ nodeNames: ['a', 'b'], narrowed: false });
    expect(passedOver).toEqual(['filter /1: failed filter1 with extender at URL /1/filter1, code 500']);
    server.on('filter0', () => ({ NodeNames: ['z'] }));
    expect(await consult(show(), ['a', 'b'])).toMatchObject({
      kind: 'failed',
      message: `extender "${server.url}/0" claims a filtered node "z" which is not found in the input node list`,
    });
    expect(exchanges).toEqual(['filter success', 'filter status', 'filter error']);
  });

  it('count a node once that an extender names twice', async () => {
    server.on('filter0', () => ({ NodeNames: ['a', 'a'] }));
    expect(await answers(show(), ['a', 'b'])).toMatchObject({ nodeNames: ['a'], narrowed: true });
  });

  it('are not asked on behalf of a pod of which nothing is known', async () => {
    const pod = projectPod(rawPod({ name: 'web' }));
    expect(await consult(pod, ['a'])).toEqual({ kind: 'failed', message: 'pod "default/web" not found' });
  });

  it('may take their time until nobody wants to know', async () => {
    server.on('filter0', hangs);
    const stop = new AbortController();
    const pod = show();
    const consultation = concerned(pod).consult(pod, ['a'], { signal: stop.signal, scored: true });
    await until(() => server.requests.length === 1);
    stop.abort();
    expect(await consultation).toEqual({ kind: 'aborted' });
    expect(exchanges).toEqual([]);
  });
});

describe('extenders that prioritize', () => {
  beforeEach(() => nodes('a', 'b', 'c'));

  it('are asked at once, about the nodes that all let pass, and weigh ten times their weight', async () => {
    configure(
      { prioritizeVerb: 'prioritize', weight: 2 },
      { filterVerb: '', prioritizeVerb: 'rank', weight: 3 },
    );
    server.on('filter0', () => ({ NodeNames: ['a', 'c'] }));
    let asked = 0;
    let highest = 0;
    const together = async (answer: unknown) => {
      asked += 1;
      highest = Math.max(highest, extenders.prioritizing);
      await until(() => asked === 2);
      return answer;
    };
    server.on('prioritize', () => together([{ Host: 'a', Score: 10 }]));
    server.on('rank', () =>
      together([
        { Host: 'c', Score: 1 },
        { Host: 'z', Score: 9 },
      ]),
    );
    expect(await answers(show(), ['a', 'b', 'c'])).toMatchObject({
      scores: [
        [20, { a: 10 }],
        [30, { c: 1, z: 9 }],
      ],
    });
    expect(server.asked('rank')).toMatchObject([{ NodeNames: ['a', 'c'] }]);
    expect([highest, extenders.prioritizing]).toEqual([2, 0]);
  });

  it('are not asked about a single node, nor when no scores are wanted', async () => {
    configure({ prioritizeVerb: 'prioritize' });
    server.on('filter0', passesAll).on('prioritize', () => []);
    await answers(show(), ['a']);
    await answers(show(), ['a', 'b'], false);
    expect(server.asked('prioritize')).toEqual([]);
  });

  it('are not missed when they fail, whether they may be done without or not', async () => {
    configure({ filterVerb: '', prioritizeVerb: 'prioritize' }, { filterVerb: '', prioritizeVerb: 'rank' });
    server.on('prioritize', answersStatus(500)).on('rank', () => [{ Host: 'b', Score: 1 }]);
    expect(await answers(show(), ['a', 'b'])).toMatchObject({
      nodeNames: ['a', 'b'],
      narrowed: false,
      scores: [[10, { b: 1 }]],
    });
    expect(passedOver).toHaveLength(1);
  });
});

describe('extenders that have a say in preemption', () => {
  let preemptor: Pod;

  beforeEach(() => {
    configure({ preemptVerb: 'preempt0' }, { preemptVerb: 'preempt1', ignorable: true });
    nodes('a', 'b');
    for (const [uid, nodeName, priority] of [
      ['a1', 'a', 1],
      ['a2', 'a', 2],
      ['b1', 'b', 1],
      ['b9', 'b', 9],
    ] as const)
      show({ name: uid, uid, nodeName, priority });
    preemptor = show({ name: 'urgent', uid: 'urgent', priority: 5 });
    server.on('preempt0', ({ body }) => body).on('preempt1', ({ body }) => body);
  });

  const candidate = (nodeName: string, ...uids: readonly string[]): Candidate => ({
    slot: cluster.nodes.slotOf(nodeName)!,
    nodeName,
    victims: uids.map((uid) => cluster.pod(uid)!),
    budgetViolations: 0,
  });

  /** Node, victims and violations of each candidate that is left. */
  async function advise(...candidates: readonly Candidate[]) {
    const advice = await concerned(preemptor).advise(preemptor, candidates, { signal });
    if (advice.kind !== 'candidates') return advice;
    return advice.candidates.map(({ nodeName, victims, budgetViolations }) => [
      nodeName,
      victims.map(({ uid }) => uid),
      budgetViolations,
    ]);
  }

  const says =
    (victims: Record<string, readonly string[] | null>, violations = 0) =>
    () => ({
      NodeNameToMetaVictims: Object.fromEntries(
        Object.entries(victims).map(([name, uids]) => [
          name,
          uids && { Pods: uids.map((UID) => ({ UID })), NumPDBViolations: violations },
        ]),
      ),
    });

  it('may take nodes away and change victims, one after the other', async () => {
    server.on('preempt0', says({ a: ['a2'] }, 3));
    expect(await advise(candidate('a', 'a2', 'a1'), candidate('b', 'b1'))).toEqual([['a', ['a2'], 3]]);
    expect(server.asked('preempt0')).toMatchObject([
      {
        Pod: { metadata: { name: 'urgent' } },
        NodeNameToVictims: null,
        NodeNameToMetaVictims: {
          a: { Pods: [{ UID: 'a2' }, { UID: 'a1' }] },
          b: { Pods: [{ UID: 'b1' }] },
        },
      },
    ]);
    expect(server.asked('preempt1')).toMatchObject([
      { NodeNameToMetaVictims: { a: { NumPDBViolations: 3 } } },
    ]);
  });

  it('are given whole victims when they keep no pods', async () => {
    configure({ preemptVerb: 'preempt0', nodeCacheCapable: false });
    const victim = show({ name: 'a3', uid: 'a3', nodeName: 'a', priority: 1 });
    preemptor = show({ name: 'urgent', uid: 'urgent', priority: 5 });
    server.on('preempt0', says({ a: ['a3'] }));
    expect(await advise({ ...candidate('a'), victims: [victim] })).toEqual([['a', ['a3'], 0]]);
    const [{ NodeNameToVictims, NodeNameToMetaVictims }] = server.asked('preempt0');
    expect(NodeNameToMetaVictims).toBeNull();
    expect(NodeNameToVictims.a.Pods).toMatchObject([{ metadata: { uid: 'a3' }, spec: { nodeName: 'a' } }]);
  });

  it('may refuse everything, and nobody is asked after that', async () => {
    server.on('preempt0', says({}));
    expect(await advise(candidate('a', 'a1'))).toEqual([]);
    expect(server.asked('preempt1')).toEqual([]);
  });

  it.each([
    [
      'an unknown victim',
      { a: ['a1', 'zz'] },
      'claims to preempt pod (UID: &{zz}) on node: a, but the pod is not found on that node',
    ],
    [
      'a victim on another node',
      { a: ['b1'] },
      'claims to preempt pod (UID: &{b1}) on node: a, but the pod is not found on that node',
    ],
    [
      'an unknown node',
      { z: ['a1'] },
      'claims to preempt pod (UID: &{a1}) on node: z, but the pod is not found on that node',
    ],
    [
      'a victim that is more important',
      { b: ['b9'] },
      'claims to preempt pod (UID: &{b9}) on node: b, but the pod is not less important',
    ],
    ['no victim', { a: [] }, 'expected at least one victim pod on node "a"'],
    ['a node and nothing about it', { a: null }, 'expected at least one victim pod on node "a"'],
  ])('fail when they name %s', async (_what, victims, message) => {
    server.on('preempt0', says(victims));
    const text = message.startsWith('claims') ? `extender: ${server.url}/0 ${message}` : message;
    expect(await advise(candidate('a', 'a1'), candidate('b', 'b1'))).toEqual({
      kind: 'failed',
      message: text,
    });
  });

  it('are passed over when they fail and may be done without; a node without victims is then left out', async () => {
    server.on('preempt1', answersStatus(500));
    expect(await advise(candidate('a', 'a1'))).toEqual([['a', ['a1'], 0]]);
    server.on('preempt1', says({ a: ['zz'] }));
    expect(await advise(candidate('a', 'a1'))).toEqual([['a', ['a1'], 0]]);
    expect(passedOver).toHaveLength(2);
    server.on('preempt1', says({ a: [], b: ['b1'] }));
    expect(await advise(candidate('a', 'a1'), candidate('b', 'b1'))).toEqual([['b', ['b1'], 0]]);
    expect(passedOver).toHaveLength(2);
  });

  it('tell no lie about victims and nodes that have left in the meantime', async () => {
    server.on('preempt0', ({ body }) => {
      cluster.removePod('a1');
      cluster.removeNode('b');
      return body;
    });
    expect(await advise(candidate('a', 'a2', 'a1'), candidate('b', 'b1'))).toEqual([['a', ['a2'], 0]]);
    cluster.removePod('a2');
    expect(await advise({ ...candidate('a'), victims: [makeVictim('a2')] })).toMatchObject({
      kind: 'failed',
    });
  });

  const makeVictim = (uid: string): Pod => projectPod(rawPod({ uid, nodeName: 'a' }));

  it('leave, when passed over, what is still there', async () => {
    server.on('preempt1', (request, response) => {
      cluster.removePod('a1');
      cluster.removePod('b1');
      return answersStatus(500)(request, response);
    });
    expect(await advise(candidate('a', 'a2', 'a1'), candidate('b', 'b1'))).toEqual([['a', ['a2'], 0]]);
  });
});

describe('what is kept whole', () => {
  const keptFor = (...configurations: readonly Partial<ExtenderConfiguration>[]) => {
    configure(...configurations);
    const pending = show({ uid: 'pending', ...requested('example.com/a') });
    const bound = show({ uid: 'bound', nodeName: 'n' });
    const raw = rawNode({ name: 'n' });
    const node = projectNode(raw);
    extenders.kept.node(node, raw);
    const { kept } = extenders;
    return [kept.podText(pending), kept.podText(bound), kept.nodeText(node)].map(
      (text) => text !== undefined,
    );
  };

  it('is what some extender wants to see, and nothing else', () => {
    const none = { filterVerb: '' };
    expect(keptFor({ ...none, bindVerb: 'bind' })).toEqual([false, false, false]);
    expect(keptFor({})).toEqual([true, false, false]);
    expect(keptFor(managed('example.com/b'))).toEqual([false, false, false]);
    expect(keptFor({ nodeCacheCapable: false })).toEqual([true, false, true]);
    expect(keptFor({ ...none, nodeCacheCapable: false, prioritizeVerb: 'p' })).toEqual([true, false, true]);
    expect(keptFor({ ...none, nodeCacheCapable: false, preemptVerb: 'p' })).toEqual([true, true, false]);
    expect(keptFor({ ...none, preemptVerb: 'p' })).toEqual([true, false, false]);
  });

  it('is not kept of pods that another scheduler is to place', () => {
    expect(extenders.kept.podText(show({ schedulerName: 'default-scheduler' }))).toBeUndefined();
  });
});
