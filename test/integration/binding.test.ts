import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.js';
import { isBinding, statusAnswer, type Treatment } from './fault-proxy.js';
import { SchedulingCluster } from './scheduling-cluster.js';

let cluster: SchedulingCluster;

beforeEach(async () => {
  cluster = await SchedulingCluster.start();
});
afterEach(() => cluster.stop());

/** Ten nodes with room for four pods each, and more pods than that. */
async function overfill(): Promise<void> {
  await cluster.fleet(10);
  for (let index = 0; index < 50; index++) cluster.pod({ requests: { cpu: '1' } });
  await eventually(
    '40 pods to be bound and 10 refused',
    () => {
      const bound = cluster.pods().filter(({ spec }) => spec.nodeName !== undefined).length;
      return bound === 40 && cluster.berth.queue.counts.unschedulable === 10;
    },
    { state: () => [cluster.berth.queue.counts, cluster.requested().size] },
  );
  await cluster.settled();
}

function expectFullAndNotOver(): void {
  expect([...cluster.requested().values()]).toEqual(Array(10).fill(4000));
  const { believed, stored } = cluster.views();
  expect(believed).toEqual(stored);
}

/** The first binding of every pod, or of so many, is treated so; later ones go through. */
function firstBindings(
  treatment: Parameters<typeof statusAnswer> | 'lose-answer',
  pods = Number.POSITIVE_INFINITY,
): void {
  const treated = new Set<string>();
  cluster.proxy.treat = (request) => {
    if (!isBinding(request) || treated.has(request.path) || treated.size >= pods) return 'forward';
    treated.add(request.path);
    return treatment === 'lose-answer' ? treatment : statusAnswer(...treatment);
  };
}

function bindingsPerPod(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { path } of cluster.proxy.seen.filter(isBinding)) counts.set(path, (counts.get(path) ?? 0) + 1);
  return counts;
}

describe('every pod that fits is bound, no node is overfilled', () => {
  it('when the answers to bindings are lost after the server has acted; no binding is posted twice', async () => {
    firstBindings('lose-answer');
    await overfill();
    expectFullAndNotOver();
    expect([...bindingsPerPod().values()]).toEqual(Array(40).fill(1));
    expect(await cluster.attempts('error')).toBe(0);
    expect(await cluster.attempts('scheduled')).toBe(40);
  });

  it('when the server asks to come back later', async () => {
    firstBindings(
      [429, 'TooManyRequests', 'too many requests, please try again later', { 'retry-after': '1' }],
      5,
    );
    await overfill();
    expectFullAndNotOver();
    expect(await cluster.attempts('error')).toBe(0);
    expect(await cluster.metric('berth_binder_throttled_total', { reason: '429' })).toBe(5);
    expect([...bindingsPerPod().values()].sort()).toEqual([...Array(35).fill(1), ...Array(5).fill(2)]);
  });

  it('when the server fails once for each pod, without another attempt', async () => {
    firstBindings([500, 'InternalError', 'etcdserver: leader changed']);
    await overfill();
    expectFullAndNotOver();
    expect([...bindingsPerPod().values()]).toEqual(Array(40).fill(2));
    expect(await cluster.attempts('error')).toBe(0);
  });

  it('when the server fails for long: the pod goes back, its room is free again, and it is tried later', async () => {
    let failing = true;
    cluster.proxy.treat = (request) =>
      isBinding(request) && failing ? statusAnswer(500, 'InternalError', 'etcdserver: no leader') : 'forward';
    await cluster.node();
    cluster.pod({ name: 'web', requests: { cpu: '3' } });
    await eventually('the failure to be told', () => cluster.condition('web')?.reason === 'SchedulerError');
    expect(cluster.condition('web')?.message).toContain('etcdserver: no leader');
    expect(cluster.berth.cluster.podCount).toBe(0);
    failing = false;
    await cluster.bound('web');
    await cluster.settled();
    expect(cluster.condition('web')).toMatchObject({ status: 'True' });
    expect(await cluster.attempts('scheduled')).toBe(1);
  });

  it('when the first try is refused for a time by authorization', async () => {
    firstBindings([
      403,
      'Forbidden',
      'pods "x" is forbidden: User "berth" cannot create resource "pods/binding"',
    ]);
    await cluster.node();
    cluster.pod({ name: 'web' });
    await eventually('the refusal to be told', () => cluster.condition('web')?.reason === 'SchedulerError');
    await cluster.bound('web');
  });
});

/** Holds bindings back until they are let go; resolves `arrived` when the first is there. */
function holdBindings(): { readonly arrived: Promise<void>; readonly letGo: () => void } {
  let letGo!: () => void;
  let hasArrived!: () => void;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const arrived = new Promise<void>((resolve) => {
    hasArrived = resolve;
  });
  cluster.proxy.treat = async (request): Promise<Treatment> => {
    if (isBinding(request)) {
      hasArrived();
      await held;
    }
    return 'forward';
  };
  return { arrived, letGo };
}

describe('while a binding is under way', () => {
  it('the deletion of its pod frees the room at once', async () => {
    await cluster.node();
    const { arrived, letGo } = holdBindings();
    cluster.pod({ name: 'web', requests: { cpu: '3' } });
    await arrived;
    cluster.deletePod('web');
    await eventually('the room to be free', () => cluster.berth.cluster.podCount === 0);
    cluster.pod({ name: 'next', requests: { cpu: '3' } });
    letGo();
    await cluster.bound('next');
    await cluster.settled();
    expect(cluster.outcomes.map(({ kind, pod }) => `${pod.name} ${kind}`).sort()).toEqual([
      'next bound',
      'web overtaken',
    ]);
    const { believed, stored } = cluster.views();
    expect(believed).toEqual(stored);
    expect(cluster.berth.queue.has(cluster.outcomes[0]!.pod.uid)).toBe(false);
  });

  it('a pod made again under its name is another pod: the old binding does not touch it', async () => {
    await cluster.node({ name: 'a', labels: { kind: 'a' } });
    await cluster.node({ name: 'b', labels: { kind: 'b' } });
    const { arrived, letGo } = holdBindings();
    cluster.pod({ name: 'web', spec: { nodeSelector: { kind: 'a' } } });
    const old = cluster.read('web').metadata.uid;
    await arrived;
    cluster.deletePod('web');
    cluster.pod({ name: 'web', spec: { nodeSelector: { kind: 'b' } } });
    letGo();
    await cluster.bound('web');
    await cluster.settled();
    expect(cluster.nodeOf('web')).toBe('b');
    expect(cluster.read('web').metadata.uid).not.toBe(old);
    const { believed, stored } = cluster.views();
    expect(believed).toEqual(stored);
    expect(cluster.berth.queue.has(old)).toBe(false);
  });

  it('another scheduler may be faster: its decision counts, and nothing more is tried', async () => {
    await cluster.node({ name: 'a', labels: { kind: 'a' } });
    await cluster.node({ name: 'b' });
    const { arrived, letGo } = holdBindings();
    cluster.pod({ name: 'web', requests: { cpu: '3' }, spec: { nodeSelector: { kind: 'a' } } });
    await arrived;
    cluster.api.bind({ name: 'web' }, 'b');
    letGo();
    await cluster.settled();
    await eventually('the attempt to end', () => cluster.outcomes.length === 1);
    expect(cluster.outcomes).toEqual([expect.objectContaining({ kind: 'overtaken', by: 'b' })]);
    const { believed, stored } = cluster.views();
    expect(believed).toEqual(stored);
    expect(cluster.condition('web')).toMatchObject({ status: 'True' });
    cluster.pod({ name: 'next', requests: { cpu: '3' }, spec: { nodeSelector: { kind: 'a' } } });
    await cluster.bound('next');
  });
});

describe('a node that is deleted between decision and binding', () => {
  it('gets no pod: those that wait for their binding go elsewhere', async () => {
    await cluster.node({ name: 'doomed', labels: { tier: 'fast' } });
    // A throttled server makes every other binding wait its turn, after their decision.
    let throttled = true;
    cluster.proxy.treat = (request) =>
      isBinding(request) && throttled
        ? statusAnswer(429, 'TooManyRequests', 'too many requests', { 'retry-after': '1' })
        : 'forward';
    const names = ['web-1', 'web-2', 'web-3'];
    for (const name of names) cluster.pod({ name, requests: { cpu: '1' } });
    await eventually('the bindings to be turned away', () => cluster.proxy.count('POST', /\/binding$/) >= 3);
    cluster.deleteNode('doomed');
    await eventually('the deletion to be known', () => cluster.berth.cluster.nodes.nodeCount === 0);
    await cluster.node({ name: 'other' });
    throttled = false;
    await cluster.bound(...names);
    await cluster.settled();
    expect(names.map((name) => cluster.nodeOf(name))).toEqual(['other', 'other', 'other']);
    const { believed, stored } = cluster.views();
    expect(believed).toEqual(stored);
  });
});

describe('a pod that the kubelet does not take', () => {
  it('is noticed also when the kubelet was quicker than the answer to the binding', async () => {
    await cluster.node({ name: 'crowded' });
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    cluster.proxy.treat = async (request) => {
      if (isBinding(request)) return 'lose-answer';
      if (request.method === 'GET' && request.path.endsWith('/pods/first')) await answered;
      return 'forward';
    };
    cluster.pod({ name: 'first', requests: { cpu: '3' } });
    await eventually('the pod to be seen on its node', () => {
      const { podCount, assumedCount } = cluster.berth.cluster;
      return podCount === 1 && assumedCount === 0;
    });
    const first = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'first' } as const;
    cluster.api.patch(first, { status: { phase: 'Failed', reason: 'OutOfcpu' } }, { subresource: 'status' });
    // Its room counts as taken until it is known why.
    await eventually('the pod to be known to have left', () => cluster.berth.cluster.assumedCount === 1);
    answer();
    await eventually(
      'the refusal to be noticed',
      async () => (await cluster.metric('berth_kubelet_refusals_total', { reason: 'OutOfcpu' })) === 1,
    );
  });

  it('is followed by one that goes elsewhere, though its node seems the better one', async () => {
    await cluster.node({ name: 'crowded' });
    cluster.pod({ name: 'resident', nodeName: 'other', requests: { cpu: '1' } });
    await cluster.node({ name: 'other' });
    cluster.pod({ name: 'first', requests: { cpu: '3' } });
    await cluster.bound('first');
    expect(cluster.nodeOf('first')).toBe('crowded');
    await cluster.settled();
    const first = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'first' } as const;
    cluster.api.patch(first, { status: { phase: 'Failed', reason: 'OutOfcpu' } }, { subresource: 'status' });
    await eventually(
      'the refusal to be noticed',
      async () => (await cluster.metric('berth_kubelet_refusals_total', { reason: 'OutOfcpu' })) === 1,
    );
    cluster.pod({ name: 'second', requests: { cpu: '3' } });
    await cluster.bound('second');
    expect(cluster.nodeOf('second')).toBe('other');
  });
});
