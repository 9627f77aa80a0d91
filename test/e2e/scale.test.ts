import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { KwokNode } from '../controlplane/kwok-node.js';
import {
  berthAnswers,
  berthRequests,
  bindersOfAll,
  placementFaults,
  type SchedulingEvent,
  schedulingEvents,
} from './audit.js';
import { BERTH_USER } from './berth-installation.js';
import { BerthProcess } from './berth-process.js';
import { nodeGroup, startCluster, type TestCluster } from './cluster-setup.js';
import { PodWatch } from './pod-watch.js';
import { createPods, type PodOrder, replicas } from './workload.js';

const BATCH_TAINT = { key: 'dedicated', value: 'batch', effect: 'NoSchedule' } as const;

const NODES: readonly KwokNode[] = [
  ...['a', 'b', 'c'].flatMap((zone) => nodeGroup(20, { name: `general-${zone}`, labels: { zone } })),
  ...nodeGroup(20, { name: 'ssd', labels: { zone: 'a', disktype: 'ssd' } }),
  ...nodeGroup(10, { name: 'batch', labels: { zone: 'b', dedicated: 'batch' }, taints: [BATCH_TAINT] }),
  ...nodeGroup(10, { name: 'dongle', labels: { zone: 'c' }, allocatable: { 'example.com/dongle': '8' } }),
];

const SMALL = { cpu: '100m', memory: '128Mi' };

const ZONE_A_OR_B = {
  requiredDuringSchedulingIgnoredDuringExecution: {
    nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] }],
  },
  preferredDuringSchedulingIgnoredDuringExecution: [
    { weight: 50, preference: { matchExpressions: [{ key: 'disktype', operator: 'In', values: ['ssd'] }] } },
  ],
};

/** 2,000 pods of Berth's; the 80 dongles are just as many as there are. */
const BERTH_PODS: readonly PodOrder[] = [
  ...replicas(800, { name: 'plain', requests: SMALL }),
  ...replicas(300, { name: 'ssd', requests: SMALL, spec: { nodeSelector: { disktype: 'ssd' } } }),
  ...replicas(300, { name: 'zonal', requests: SMALL, spec: { affinity: { nodeAffinity: ZONE_A_OR_B } } }),
  ...replicas(200, {
    name: 'batch',
    requests: SMALL,
    spec: {
      nodeSelector: { dedicated: 'batch' },
      tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'batch', effect: 'NoSchedule' }],
    },
  }),
  ...replicas(80, { name: 'hostport', requests: SMALL, hostPort: 8080 }),
  ...replicas(80, { name: 'dongle', requests: { ...SMALL, 'example.com/dongle': '1' } }),
  ...replicas(240, { name: 'besteffort' }),
];

const OTHERS_PODS: readonly PodOrder[] = replicas(500, {
  name: 'others',
  requests: SMALL,
  spec: { schedulerName: 'default-scheduler' },
});

/** Pods that ask for what no node has, and what is to be said of them. */
const REFUSED: ReadonlyMap<string, { readonly order: Omit<PodOrder, 'name'>; readonly message: string }> =
  new Map([
    [
      'too-much-cpu',
      {
        order: { requests: { cpu: '1000' } },
        message: '0/100 nodes are available: 10 node(s) had untolerated taint(s), 90 Insufficient cpu.',
      },
    ],
    [
      'too-many-dongles',
      {
        order: { requests: { 'example.com/dongle': '9' } },
        message:
          '0/100 nodes are available: 10 node(s) had untolerated taint(s), 90 Insufficient example.com/dongle.',
      },
    ],
    [
      'no-such-label',
      {
        order: { spec: { nodeSelector: { disktype: 'tape' } } },
        message:
          "0/100 nodes are available: 10 node(s) had untolerated taint(s), 90 node(s) didn't match Pod's node affinity/selector.",
      },
    ],
  ]);

describe('2,500 pods on 100 nodes, with kube-scheduler beside Berth', () => {
  let cluster: TestCluster;
  let berth: BerthProcess;
  let watch: PodWatch;

  beforeAll(async () => {
    cluster = await startCluster(NODES);
    watch = await PodWatch.start(cluster.plane.api);
    berth = await BerthProcess.start(cluster.plane, cluster);
    const refused = [...REFUSED].map(([name, { order }]) => ({ ...order, name }));
    const begin = performance.now();
    // The two schedulers' pods arrive mixed, so that both work at the same time.
    await createPods(cluster.plane.api, [...refused, ...mixed(BERTH_PODS, OTHERS_PODS)]);
    const created = performance.now();
    await watch.until('all pods bound', () => watch.boundCount() === 2500, 180_000);
    console.log(
      `2,500 pods created in ${seconds(created - begin)}, all bound ${seconds(performance.now() - begin)} after the first was created`,
    );
  }, 300_000);

  afterAll(async () => {
    await watch?.stop();
    await cluster?.plane.stop();
  });

  it('binds every pod by the scheduler it names, and exactly once', async () => {
    const placed = watch.pods().filter(({ pod }) => !REFUSED.has(pod.metadata.name));
    const binders = await bindersOfAll(
      cluster.plane,
      placed.map(({ pod }) => pod.metadata.name),
    );
    const wrong = placed
      .map(({ pod }) => ({
        pod: pod.metadata.name,
        expected: [pod.spec.schedulerName === 'berth' ? BERTH_USER : 'system:kube-scheduler'],
        actual: binders.get(pod.metadata.name) ?? [],
      }))
      .filter(({ expected, actual }) => expected.join() !== actual.join());
    expect(wrong).toEqual([]);
    expect(watch.moved).toEqual([]);
  });

  it('overloads no node, and heeds host ports, taints and selectors', async () => {
    expect(await placementFaults(cluster.plane)).toEqual([]);
  });

  it('is never refused for want of a right, and copes with being told to slow down', async () => {
    expect(await berthAnswers(cluster.plane, 401, 403)).toEqual({});
    expect(await berth.metric('rest_client_requests_total', { code: '403' })).toBeUndefined();
    expect(await berth.metric('rest_client_requests_total', { code: '201' })).toBeGreaterThan(0);
    console.log('answers 429 to Berth:', await berthAnswers(cluster.plane, 429));
  });

  it('touches no pod of another scheduler', async () => {
    const names = (await berthRequests(cluster.plane))
      .filter(({ verb }) => verb !== 'get' && verb !== 'list' && verb !== 'watch')
      .filter(({ objectRef }) => objectRef?.resource === 'pods')
      .map(({ objectRef }) => objectRef?.name ?? '');
    expect(names.length).toBeGreaterThanOrEqual(2000);
    expect(names.filter((name) => name.startsWith('others-'))).toEqual([]);
  });

  it.each([...REFUSED])('tells why %s waits, in its condition and in an event', async (name, { message }) => {
    // What preemption has to say follows after a blank, where there is preemption.
    const expected = new RegExp(`^${message.replace(/[.()/]/g, '\\$&')}( preemption: .*)?$`);
    // The condition of the first attempt may speak of fewer nodes in reach only if a node was not yet known.
    expect(await watch.refused(name)).toMatch(expected);

    const event = await eventually(async () =>
      (await schedulingEvents(cluster.plane)).find(
        ({ regarding, reason }) => regarding.name === name && reason === 'FailedScheduling',
      ),
    );
    expect(event).toMatchObject({ type: 'Warning', action: 'Scheduling', reportingController: 'berth' });
    expect(event.note).toMatch(expected);
  });

  it('announces what it placed as kube-scheduler does', async () => {
    const uids = new Map(watch.pods().map(({ pod }) => [pod.metadata.uid, pod]));
    const events = (await schedulingEvents(cluster.plane)).filter(
      ({ reason, reportingController }) => reason === 'Scheduled' && reportingController === 'berth',
    );
    console.log(`${events.length} Scheduled events of Berth's for 2,000 pods`);
    expect(events.length).toBeGreaterThan(0);
    const wrong = events.filter((event) => {
      const pod = uids.get(event.regarding.uid);
      return event.note !== scheduledNote(pod?.metadata.name, pod?.spec.nodeName) || !wellFormed(event);
    });
    expect(wrong).toEqual([]);
  });
});

function scheduledNote(name?: string, node?: string): string {
  return `Successfully assigned default/${name} to ${node}`;
}

function wellFormed({ type, action }: SchedulingEvent): boolean {
  return type === 'Normal' && action === 'Binding';
}

/** Four of the first to one of the second. */
function mixed(first: readonly PodOrder[], second: readonly PodOrder[]): PodOrder[] {
  return second.flatMap((order, index) => [...first.slice(index * 4, index * 4 + 4), order]);
}

async function eventually<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const value = await read();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('what was waited for did not appear within 10 s');
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
