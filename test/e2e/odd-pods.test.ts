import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createKwokNode } from '../controlplane/kwok-node.js';
import { schedulingEvents } from './audit.js';
import { BerthProcess } from './berth-process.js';
import { nodeGroup, startCluster, type TestCluster } from './cluster-setup.js';
import { PodWatch } from './pod-watch.js';
import { until } from './until.js';
import { createPods, PODS, type PodOrder, podManifest, replicas } from './workload.js';

const affinity = (expression: object, field = 'matchExpressions') => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ [field]: [expression] }] },
    },
  },
});

interface OddPod extends PodOrder {
  readonly runs: boolean | 'unforeseeable';
}

/** Pods that the API server accepts and that make no sense, and whether they can run all the same. */
const ODD: readonly OddPod[] = [
  // In thousandths this is beyond 64 bits; kube-scheduler's sums overflow, and what follows is chance.
  { name: 'cpu-beyond-int64', requests: { cpu: '9223372036854775807' }, runs: 'unforeseeable' },
  { name: 'cpu-with-exponent', requests: { cpu: '1e15' }, runs: false },
  { name: 'memory-beyond-doubles', requests: { memory: '9007199254740993Ti' }, runs: false },
  { name: 'memory-in-exa', requests: { memory: '8E' }, runs: false },
  { name: 'memory-of-a-thousandth', requests: { memory: '1m' }, runs: true },
  { name: 'unknown-resource', requests: { 'no.such/thing': '9223372036854775807' }, runs: false },
  { name: 'none-of-an-unknown-resource', requests: { 'no.such/thing': '0' }, runs: true },
  { name: 'huge-pages', requests: { 'hugepages-2Mi': '2Mi', cpu: '100m' }, runs: false },
  {
    name: 'greater-than-words',
    spec: affinity({ key: 'kubernetes.io/hostname', operator: 'Gt', values: ['many'] }),
    runs: false,
  },
  {
    name: 'greater-than-anything',
    spec: affinity({ key: 'number', operator: 'Gt', values: ['99999999999999999999999999'] }),
    runs: false,
  },
  {
    name: 'not-in-nothing-known',
    spec: affinity({ key: 'no-such-label', operator: 'NotIn', values: ['x'.repeat(63)] }),
    runs: true,
  },
  {
    name: 'named-node-that-is-none',
    spec: affinity({ key: 'metadata.name', operator: 'In', values: ['no-such-node'] }, 'matchFields'),
    runs: false,
  },
  {
    name: 'terms-of-nothing',
    spec: {
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{}] } },
      },
    },
    runs: false,
  },
  { name: 'selector-with-odd-key', spec: { nodeSelector: { 'a.b/C_d.e-f': '' } }, runs: false },
  { name: 'label-named-like-a-method', spec: { nodeSelector: { constructor: 'x' } }, runs: false },
  { name: 'resource-named-like-a-method', requests: { 'x.y/constructor': '1' }, runs: false },
  {
    name: 'tolerates-a-thousand-things',
    spec: {
      tolerations: Array.from({ length: 1000 }, (_, index) => ({ key: `k${index}`, operator: 'Exists' })),
    },
    runs: true,
  },
  { name: 'gated-for-ever', spec: { schedulingGates: [{ name: 'example.com/never' }] }, runs: false },
  {
    name: 'many-containers',
    spec: {
      containers: Array.from({ length: 200 }, (_, index) => ({
        name: `c${index}`,
        image: 'x',
        resources: { requests: { cpu: '1m' } },
      })),
    },
    runs: true,
  },
  { name: 'lowest-priority-there-is', spec: { priorityClassName: 'lowest' }, runs: true },
];

describe('pods and nodes that make no sense', () => {
  let cluster: TestCluster;
  let watch: PodWatch;
  let berth: BerthProcess;
  let accepted: readonly OddPod[];
  let told: Promise<ReadonlyMap<string, number>>;

  beforeAll(async () => {
    cluster = await startCluster(nodeGroup(3, { name: 'node' }), { components: { scheduler: false } });
    const { api } = cluster.plane;
    await api.create('/apis/scheduling.k8s.io/v1/priorityclasses', {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'lowest' },
      value: -2147483648,
    });
    const taint = { key: 'odd', effect: 'NoSchedule' } as const;
    await createKwokNode(api, { name: 'odd-zero', taints: [taint], allocatable: { cpu: '0', pods: '0' } });
    await createKwokNode(api, {
      name: 'odd-huge',
      taints: [taint],
      allocatable: { cpu: '9223372036854775807', memory: '9007199254740993Ti', 'example.com/x': '1e30' },
    });
    watch = await PodWatch.start(api);
    berth = await BerthProcess.start(cluster.plane, cluster);
    // From then on it is at work: what is measured is not its start.
    await api.create(PODS, podManifest({ name: 'first', requests: { cpu: '100m' } }));
    await watch.bound('first', 20_000);
    const createdAt = new Map<string, number>();
    const answers = await Promise.all(
      ODD.map((odd) =>
        api.create(PODS, podManifest(odd)).then(
          () => {
            createdAt.set(odd.name, performance.now());
            return odd;
          },
          (error: Error) => error,
        ),
      ),
    );
    accepted = answers.filter((answer): answer is OddPod => !(answer instanceof Error));
    for (const answer of answers) if (answer instanceof Error) console.log(answer.message);
    told = firstEvents(createdAt);
    // Asked for later, by a test.
    told.catch(() => undefined);
    await createPods(api, replicas(20, { name: 'ordinary', requests: { cpu: '100m' } }));
  }, 120_000);

  afterAll(async () => {
    await watch?.stop();
    await cluster?.plane.stop();
  });

  it('are many, by the standards of the API server', () => {
    expect(accepted.length).toBeGreaterThanOrEqual(12);
  });

  it('do not keep ordinary pods from being bound', async () => {
    const ordinary = () => watch.pods().filter(({ pod }) => pod.metadata.name.startsWith('ordinary-'));
    await watch.until(
      'ordinary pods bound',
      () => ordinary().filter(({ boundAt }) => boundAt !== undefined).length === 20,
      20_000,
    );
    expect(ordinary()).toHaveLength(20);
  });

  it('are each bound, refused with a reason, or left at their gate', async () => {
    for (const { name, runs, spec = {} } of accepted) {
      if (runs === true) await watch.bound(name, 20_000);
      if (runs !== false || 'schedulingGates' in spec) continue;
      expect(await watch.refused(name, 20_000)).not.toBe('');
    }
    expect(
      accepted.filter(({ name, runs }) => runs === false && watch.get(name)?.boundAt !== undefined),
    ).toEqual([]);
  });

  it('have each an event that says what becomes of them', async () => {
    const after = await told;
    const waits = accepted.map(({ name }) => after.get(name) ?? Number.NaN);
    expect(Math.max(...waits)).toBeGreaterThan(0);
    const within = waits.filter((ms) => ms <= 1_000).length;
    console.log(
      `${within} of ${waits.length} odd pods had an event within a second; the slowest after ${Math.max(...waits).toFixed(0)} ms`,
    );
  });

  /** By pod, when its first event was seen: milliseconds after its creation was answered. */
  async function firstEvents(createdAt: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>> {
    const seen = new Map<string, number>();
    await until(`events on ${[...createdAt.keys()].join(', ')}`, async () => {
      for (const { regarding } of await schedulingEvents(cluster.plane)) {
        const created = createdAt.get(regarding.name);
        if (created !== undefined && !seen.has(regarding.name))
          seen.set(regarding.name, performance.now() - created);
      }
      return seen.size === createdAt.size;
    });
    return seen;
  }

  it('do not end Berth, nor fill its log with stack traces', () => {
    expect(berth.child.running).toBe(true);
    expect(berth.child.stderr()).not.toMatch(/TypeError|RangeError|ReferenceError|\\n {4}at /);
  });
});
