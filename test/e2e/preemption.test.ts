import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiClient } from '../controlplane/api-client.js';
import {
  berthAnswers,
  bindersByPod,
  placementFaults,
  type SchedulingEvent,
  schedulingEvents,
} from './audit.js';
import { BERTH_USER } from './berth-installation.js';
import { BerthProcess } from './berth-process.js';
import { nodeGroup, startCluster, type TestCluster } from './cluster-setup.js';
import { HELD, HeldDeletions } from './held-deletions.js';
import { NodeLoad } from './node-load.js';
import { PodWatch } from './pod-watch.js';
import { letGo, SLOW, SlowLeaving } from './slow-leaving.js';
import {
  CLAIMS,
  type Claim,
  createBoundPair,
  createClaim,
  createStorageClass,
  createVolume,
  HOSTNAME,
  SELECTED_NODE,
  withClaims,
} from './storage-objects.js';
import { until } from './until.js';
import { volumeFaults } from './volume-audit.js';
import { createPods, PODS, type PodOrder, replicas } from './workload.js';

/** How many nodes each case has to itself: pods choose them by the label `case`. */
const CASES = {
  budgets: 2,
  forced: 1,
  never: 1,
  withdrawn: 1,
  vanishing: 2,
  several: 4,
  swarm: 4,
  gate: 1,
  killed: 2,
  interrupted: 1,
  race: 1,
  prebind: 1,
  local: 2,
  exclusive: 2,
  storm: 6,
} as const;
type Case = keyof typeof CASES;
const NODES = Object.values(CASES).reduce((sum, count) => sum + count, 0);
const CPUS = 4;

const PRIORITIES = { low: 10, middle: 100, high: 1000, proud: 1000 } as const;
/** Whatever wakes a pod, it does not take longer; a poll or a flush would. */
const SOON_MS = 10_000;
/** What nothing but a fault of Berth's would have it write. */
const COMPLAINTS = /TypeError|RangeError|ReferenceError|Warning:/;
const ELSEWHERE = "node(s) didn't match Pod's node affinity/selector";

interface DisruptionBudget {
  readonly status?: {
    readonly currentHealthy: number;
    readonly expectedPods: number;
    readonly disruptionsAllowed: number;
  };
}

describe('a pod that is more important than others', () => {
  const load = new NodeLoad(CPUS);
  let cluster: TestCluster;
  let api: ApiClient;
  let watch: PodWatch;
  let berth: BerthProcess;
  let deletions: HeldDeletions;

  beforeAll(async () => {
    const nodes = Object.entries(CASES).flatMap(([name, count]) =>
      nodeGroup(count, { name, labels: { case: name }, allocatable: { cpu: String(CPUS) } }),
    );
    cluster = await startCluster(nodes, { components: { scheduler: false } });
    api = cluster.plane.api;
    await Promise.all(
      Object.entries(PRIORITIES).map(([name, value]) =>
        api.create('/apis/scheduling.k8s.io/v1/priorityclasses', {
          apiVersion: 'scheduling.k8s.io/v1',
          kind: 'PriorityClass',
          metadata: { name },
          value,
          ...(name === 'proud' ? { preemptionPolicy: 'Never' } : {}),
        }),
      ),
    );
    deletions = await HeldDeletions.start(api);
    // Each of a storm has its own time, so that they leave in another order than they were told to.
    const leaving = new SlowLeaving(api, (name) =>
      name.startsWith('storm-') ? (Number(name.split('-').at(-1)) * 137) % 600 : undefined,
    );
    watch = await PodWatch.start(api, {
      onChange: (pods) => {
        load.see(pods);
        leaving.see(pods);
      },
    });
    berth = await startBerth();
  }, 120_000);

  afterEach(async () => {
    // A pod that still waits would be tried again by what the next case does.
    const waiting = watch.pods().filter(({ boundAt }) => boundAt === undefined);
    const names = waiting.map(({ pod }) => pod.metadata.name);
    await Promise.all(names.map((name) => api.delete(`${PODS}/${name}`).catch(() => undefined)));
    await release(...names);
  });

  afterAll(async () => {
    await watch?.stop();
    await deletions?.stop();
    await cluster?.plane.stop();
  });

  function startBerth(): Promise<BerthProcess> {
    return BerthProcess.start(cluster.plane, { ...cluster, args: ['--leader-elect=false'] });
  }

  const nodeOf = (name: string) => watch.get(name)?.pod.spec.nodeName;
  const isLeaving = (name: string) => watch.get(name)?.pod.metadata.deletionTimestamp !== undefined;
  const conditionOf = (name: string, type: string) =>
    watch.get(name)?.pod.status.conditions?.find((condition) => condition.type === type);

  /** Puts pods on a node and returns when they run. */
  async function occupy(
    node: string,
    orders: readonly PodOrder[],
    priority: keyof typeof PRIORITIES = 'low',
  ) {
    const spec = { priorityClassName: priority, nodeSelector: { [HOSTNAME]: node } };
    await createPods(
      api,
      orders.map((order) => ({ ...order, spec: { ...spec, ...order.spec } })),
    );
    await watch.until(`${node} occupied`, () =>
      orders.every(({ name }) => watch.get(name)?.pod.status.phase === 'Running'),
    );
  }

  function want(
    where: Case,
    cpu: number,
    order: PodOrder,
    priority: keyof typeof PRIORITIES = 'high',
  ): PodOrder {
    const spec = { priorityClassName: priority, nodeSelector: { case: where }, ...order.spec };
    return { ...order, requests: { cpu: String(cpu) }, spec };
  }

  /** Lets slow pods go. */
  async function release(...names: readonly string[]): Promise<void> {
    for (const name of names) await letGo(api, name);
    await watch.gone(...names);
  }

  async function budget(app: string, pods: number, minAvailable: number): Promise<void> {
    const path = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
    await api.create(path, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: app },
      spec: { minAvailable, selector: { matchLabels: { app } } },
    });
    await until(`budget ${app} computed`, async () => {
      const { status } = await api.get<DisruptionBudget>(`${path}/${app}`);
      return status?.currentHealthy === pods && status.disruptionsAllowed === pods - minAvailable;
    });
    // What was computed came before it by the same watch.
    await berth.hears('poddisruptionbudgets', () =>
      api.patch(`${path}/${app}`, { metadata: { annotations: { told: 'yes' } } }),
    );
  }

  async function preemptedEvents(...names: readonly string[]): Promise<SchedulingEvent[]> {
    let found: SchedulingEvent[] = [];
    await until(`${names.join(', ')}: events`, async () => {
      const events = await schedulingEvents(cluster.plane);
      found = events.filter(
        ({ reason, regarding }) => reason === 'Preempted' && names.includes(regarding.name),
      );
      return found.length >= names.length;
    });
    return found;
  }

  it('takes the room where it violates the fewest budgets, and keeps it while its victims leave slowly', async () => {
    // Were it not for the budgets, the less important ones would have to leave.
    await occupy('budgets-0', replicas(2, { name: 'guarded', requests: { cpu: '2' }, ...SLOW }), 'low');
    await occupy('budgets-1', replicas(2, { name: 'lenient', requests: { cpu: '2' }, ...SLOW }), 'middle');
    await budget('guarded', 2, 2);
    await budget('lenient', 2, 1);
    await createPods(api, [want('budgets', 4, { name: 'important' })]);
    expect(await watch.nominated('important')).toBe('budgets-1');
    await watch.leaving('lenient-0', 'lenient-1');

    await watch.refusedWith(
      'important',
      `${unavailable('2 Insufficient cpu', `${NODES - 2} ${ELSEWHERE}`)} ` +
        'preemption: found a potential placement for pod on node budgets-1, preempting 2 victims',
    );
    for (const victim of ['lenient-0', 'lenient-1']) {
      expect(conditionOf(victim, 'DisruptionTarget')).toMatchObject({
        status: 'True',
        reason: 'PreemptionByScheduler',
        message: 'berth: preempting to accommodate a higher priority pod',
      });
    }
    const { uid } = watch.get('important')?.pod.metadata ?? {};
    for (const event of await preemptedEvents('lenient-0', 'lenient-1')) {
      expect(event).toMatchObject({
        type: 'Normal',
        action: 'Preempting',
        note: `Preempted by pod ${uid} on node budgets-1`,
        reportingController: 'berth',
      });
    }

    // Half of the room is free now, and promised.
    await release('lenient-0');
    await createPods(api, [want('budgets', 2, { name: 'latecomer' }, 'low')]);
    expect(await watch.refused('latecomer')).toContain('2 Insufficient cpu');
    expect(nodeOf('important')).toBeUndefined();
    await release('lenient-1');
    await watch.bound('important', SOON_MS);
    expect(nodeOf('important')).toBe('budgets-1');
    expect(nodeOf('latecomer')).toBeUndefined();
    expect(['guarded-0', 'guarded-1'].filter(isLeaving)).toEqual([]);
  });

  it('violates a budget when there is no other way', async () => {
    const spec = { terminationGracePeriodSeconds: 30 };
    await occupy('forced-0', replicas(2, { name: 'forced', requests: { cpu: '2' }, spec }));
    await budget('forced', 2, 2);
    await createPods(api, [want('forced', 3, { name: 'forcing' })]);
    await watch.bound('forcing', SOON_MS);
    await watch.gone('forced-0', 'forced-1');
  });

  it('waits for its turn when its policy is Never', async () => {
    await occupy('never-0', [{ name: 'undisturbed', requests: { cpu: '4' } }]);
    await createPods(api, [want('never', 4, { name: 'patient' }, 'proud')]);
    await watch.refusedWith(
      'patient',
      `${unavailable('1 Insufficient cpu', `${NODES - 1} ${ELSEWHERE}`)} ` +
        'preemption: not eligible due to preemptionPolicy=Never.',
    );
    expect(isLeaving('undisturbed')).toBe(false);
    await api.delete(`${PODS}/undisturbed`);
    await watch.bound('patient', SOON_MS);
    expect(conditionOf('patient', 'PodScheduled')?.status).toBe('True');
  });

  it('leaves its room to others when it is deleted before its victims are gone', async () => {
    await occupy('withdrawn-0', replicas(2, { name: 'leaves', requests: { cpu: '2' }, ...SLOW }));
    await createPods(api, [want('withdrawn', 4, { name: 'withdrawn' })]);
    await watch.nominated('withdrawn');
    await watch.leaving('leaves-0', 'leaves-1');
    await release('leaves-0');
    await createPods(api, [want('withdrawn', 2, { name: 'heir' }, 'low')]);
    await watch.refused('heir');

    await api.delete(`${PODS}/withdrawn`);
    await watch.bound('heir', SOON_MS);
    await release('leaves-1');
  });

  it('finds another node when the one promised to it vanishes', async () => {
    await occupy('vanishing-0', [{ name: 'first-choice', requests: { cpu: '4' }, ...SLOW }]);
    await occupy('vanishing-1', [{ name: 'second-choice', requests: { cpu: '4' } }], 'middle');
    await createPods(api, [want('vanishing', 4, { name: 'homeless' })]);
    expect(await watch.nominated('homeless')).toBe('vanishing-0');
    await watch.leaving('first-choice');

    await api.delete('/api/v1/nodes/vanishing-0');
    // News of nodes and of pods come by separate ways: a binding that overtakes the first is nobody's fault.
    await until(
      'the node is forgotten',
      async () => (await berth.metric('scheduler_cache_size', { type: 'nodes' })) === NODES - 1,
    );
    await release('first-choice');
    await watch.bound('homeless', SOON_MS);
    expect(nodeOf('homeless')).toBe('vanishing-1');
    await watch.gone('second-choice');
  });

  it('evicts nobody for whom there is room, also when four come at once and their victims are slow', async () => {
    const victims = [0, 1, 2, 3].flatMap((node) => [`several-${node}-0`, `several-${node}-1`]);
    for (const node of [0, 1, 2, 3]) {
      await occupy(
        `several-${node}`,
        replicas(2, { name: `several-${node}`, requests: { cpu: '2' }, ...SLOW }),
      );
    }
    const preemptors = replicas(4, { name: 'together' }).map((order) => want('several', 2, order));
    await createPods(api, preemptors);
    const nominations = await Promise.all(preemptors.map(({ name }) => watch.nominated(name)));
    expect(new Set(nominations).size).toBe(4);
    await watch.until('four on the way out', () => victims.filter(isLeaving).length === 4);

    await release(...victims.filter(isLeaving));
    for (const { name } of preemptors) await watch.bound(name, SOON_MS);
    expect(preemptors.map(({ name }) => nodeOf(name))).toEqual(nominations);
    const left = victims.filter((name) => watch.get(name) !== undefined);
    expect(left).toHaveLength(4);
    expect(left.filter(isLeaving)).toEqual([]);
  });

  it('is bound also when its victims vanish before the answer to their deletion arrives', async () => {
    const victims = [0, 1, 2, 3].flatMap((node) => [`swarm-${node}-0`, `swarm-${node}-1`]);
    for (const node of [0, 1, 2, 3])
      await occupy(`swarm-${node}`, replicas(2, { name: `swarm-${node}`, requests: { cpu: '2' } }));
    const preemptors = replicas(4, { name: 'swarming' }).map((order) => want('swarm', 2, order));
    await createPods(api, preemptors);
    for (const { name } of preemptors) await watch.bound(name, SOON_MS);
    expect(victims.filter((name) => watch.get(name) !== undefined && !isLeaving(name))).toHaveLength(4);
  });

  it('is not tried again before the deletion of its victim is visible', async () => {
    await occupy('gate-0', [{ name: 'held', requests: { cpu: '3' }, labels: HELD }]);
    await occupy('gate-0', [{ name: 'bystander', requests: { cpu: '1' } }], 'high');
    await createPods(api, [want('gate', 3, { name: 'gated' })]);
    await until('the deletion is held', async () => deletions.isHeld('held'));
    expect(isLeaving('held')).toBe(false);
    const attempts = await berth.metric('scheduler_schedule_attempts_total');

    // Would have it tried again, were it not held back.
    await api.delete(`${PODS}/bystander`);
    await until(
      'the pod is held back',
      async () => (await berth.metric('scheduler_pending_pods', { queue: 'gated' })) === 1,
    );
    expect(await berth.metric('scheduler_schedule_attempts_total')).toBe(attempts);
    expect(nodeOf('gated')).toBeUndefined();
    deletions.letGo('held');
    await watch.bound('gated', SOON_MS);
    expect(await berth.metric('scheduler_pending_pods', { queue: 'gated' })).toBe(0);
  });

  it('gets the room that was made for it although Berth was killed while its victims left', async () => {
    await occupy('killed-0', [{ name: 'killed-0', requests: { cpu: '4' }, ...SLOW }]);
    await occupy('killed-1', [{ name: 'killed-1', requests: { cpu: '4' }, ...SLOW }]);
    await createPods(api, [want('killed', 4, { name: 'survivor' })]);
    const node = await watch.nominated('survivor');
    await watch.leaving(node);
    await berth.child.kill();
    berth = await startBerth();

    await watch.until('the successor waits for the same victim', () =>
      Boolean(
        watch.refusal('survivor')?.endsWith('not eligible due to a terminating pod on the nominated node.'),
      ),
    );
    await release(node);
    await watch.bound('survivor', SOON_MS);
    expect(nodeOf('survivor')).toBe(node);
    expect(['killed-0', 'killed-1'].filter((name) => watch.get(name) !== undefined).some(isLeaving)).toBe(
      false,
    );
  });

  it('gets its room although Berth was killed between telling a victim and deleting it', async () => {
    await occupy('interrupted-0', [{ name: 'told', requests: { cpu: '4' }, labels: HELD }]);
    await createPods(api, [want('interrupted', 4, { name: 'interrupted' })]);
    await until('the deletion is held', async () => deletions.isHeld('told'));
    await watch.until(
      'the victim is told why',
      () => conditionOf('told', 'DisruptionTarget')?.status === 'True',
    );
    await berth.child.kill();
    expect(isLeaving('told')).toBe(false);
    deletions.letGo('told');
    berth = await startBerth();
    await watch.bound('interrupted', SOON_MS);
  });

  it('wins a node against one that is less important and came at the same time', async () => {
    await occupy('race-0', [{ name: 'contested', requests: { cpu: '4' }, ...SLOW }]);
    await createPods(api, [
      want('race', 4, { name: 'loser' }, 'middle'),
      want('race', 4, { name: 'winner' }),
    ]);
    expect(await watch.nominated('winner')).toBe('race-0');
    await watch.refused('loser');
    await watch.leaving('contested');
    await release('contested');
    await watch.bound('winner', SOON_MS);
    await watch.until(
      'the loser gives up the node',
      () => watch.get('loser')?.pod.status.nominatedNodeName === undefined,
      SOON_MS,
    );
    expect(nodeOf('loser')).toBeUndefined();
  });

  it('takes the place of one that waits for a volume which nobody makes, and deletes nothing', async () => {
    await createStorageClass(api, { name: 'nobody', provisioner: 'nobody.example.com' });
    await createClaim(api, { name: 'never-made', storageClass: 'nobody' });
    const order = { name: 'waits-for-nothing', spec: withClaims('never-made') };
    await createPods(api, [want('prebind', 4, order, 'low')]);
    await until('the volume is asked for', async () => {
      const { metadata } = await api.get<Claim>(`${CLAIMS}/never-made`);
      return metadata.annotations?.[SELECTED_NODE] === 'prebind-0';
    });
    expect(await watch.nominated(order.name)).toBe('prebind-0');

    await createPods(api, [want('prebind', 4, { name: 'steps-in' })]);
    await watch.bound('steps-in', SOON_MS);
    const { uid } = watch.get('steps-in')?.pod.metadata ?? {};
    const [event] = await preemptedEvents(order.name);
    expect(event?.note).toBe(`Preempted by pod ${uid} on node prebind-0 (in kube-scheduler memory).`);
    await watch.refusedFor(order.name, '1 Insufficient cpu');
    expect(isLeaving(order.name)).toBe(false);
    expect(conditionOf(order.name, 'DisruptionTarget')).toBeUndefined();
  });

  it('makes room on the node where its volume is, and nowhere else, also when it came before the volume', async () => {
    for (const node of ['local-0', 'local-1'])
      await occupy(node, [{ name: `beside-${node}`, requests: { cpu: '4' }, ...SLOW }]);
    await createStorageClass(api, { name: 'local' });
    await createClaim(api, { name: 'local', storageClass: 'local' });
    await createPods(api, [want('local', 4, { name: 'with-volume', spec: withClaims('local') })]);
    await watch.refusedFor(
      'with-volume',
      "preemption: 0/30 nodes are available: 2 node(s) didn't find available persistent volumes to bind",
    );
    await createVolume(api, { name: 'local', storageClass: 'local', node: 'local-1' });
    expect(await watch.nominated('with-volume')).toBe('local-1');
    await watch.leaving('beside-local-1');
    await release('beside-local-1');
    await watch.bound('with-volume', SOON_MS);
    expect(isLeaving('beside-local-0')).toBe(false);
    expect(await volumeFaults(cluster.plane)).toEqual([]);
  });

  it('takes over a claim that only one may have', async () => {
    await createBoundPair(api, { name: 'exclusive', accessMode: 'ReadWriteOncePod' });
    await occupy('exclusive-1', [{ name: 'has-it', spec: withClaims('exclusive') }]);
    await createPods(api, [want('exclusive', 1, { name: 'wants-it', spec: withClaims('exclusive') })]);
    await watch.bound('wants-it', SOON_MS);
    expect(nodeOf('wants-it')).toBe('exclusive-1');
    expect(watch.get('has-it')).toBeUndefined();
  });

  it('finds its room in a storm of preemptions, also when Berth is killed in it', async () => {
    const storm = (priority: keyof typeof PRIORITIES, count: number) =>
      replicas(count, { name: `storm-${priority}`, ...SLOW }).map((order) =>
        want('storm', 1, order, priority),
      );
    const there = (priority: keyof typeof PRIORITIES) =>
      watch.pods().filter(({ pod }) => pod.metadata.name.startsWith(`storm-${priority}-`));
    const bound = (priority: keyof typeof PRIORITIES) =>
      there(priority).filter(({ boundAt }) => boundAt !== undefined).length;
    // Full to the last CPU.
    await createPods(api, storm('low', 24));
    await watch.until('the low ones bound', () => bound('low') === 24);
    await createPods(api, storm('middle', 24));
    await watch.until('some of the middle bound', () => bound('middle') >= 6);
    await berth.child.kill();
    berth = await startBerth();
    await watch.until('all of the middle bound', () => bound('middle') === 24, 3 * SOON_MS);
    expect(there('low')).toEqual([]);

    await createPods(api, storm('high', 20));
    await watch.until('the high ones bound', () => bound('high') === 20, 3 * SOON_MS);
    // One whose promised room is taken into account for another may look for a second one, in kube-scheduler too: no count.
    expect(there('middle').every(({ boundAt }) => boundAt !== undefined)).toBe(true);
  }, 90_000);

  it('is bound once, to a node that has room at every moment, and nothing that Berth asked for was forbidden', async () => {
    expect(load.overloads).toEqual([]);
    expect(await placementFaults(cluster.plane)).toEqual([]);
    expect(watch.moved).toEqual([]);
    const binders = [...(await bindersByPod(cluster.plane))];
    expect(binders.length).toBeGreaterThan(40);
    expect(binders.filter(([, users]) => users.join() !== BERTH_USER)).toEqual([]);
    expect(await berthAnswers(cluster.plane, 403)).toEqual({});
    const lines = berth.child.stderr().split('\n');
    expect(lines.filter((line) => COMPLAINTS.test(line))).toEqual([]);
  });
});

/** The beginning of a message; kube-scheduler sorts the reasons as strings. */
function unavailable(...reasons: readonly string[]): string {
  return `0/${NODES} nodes are available: ${reasons.toSorted().join(', ')}.`;
}
