import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Berth } from '../../src/berth.js';
import { systemClock } from '../../src/clock.js';
import { loadConfiguration } from '../../src/config/load.js';
import { ApiClient } from '../../src/kube/api-client.js';
import { loadCredentials } from '../../src/kube/credentials.js';
import {
  type EmbeddedApiServer,
  startEmbeddedApiServer,
} from '../../src/kube/embedded/embedded-api-server.js';
import { openFence } from '../../src/kube/write-fence.js';
import { silentLogger } from '../../src/observe/logger.js';
import { Metrics } from '../../src/observe/metrics.js';
import { seededRandom } from '../../src/random.js';
import type { Outcome } from '../../src/scheduler/scheduler.js';
import { rawNode, rawPod } from '../build-objects.js';
import { until } from '../unit/kube/until.js';

/* Volumes from end to end: the whole scheduler over HTTP against the embedded API server; the test plays the volume controllers. */

type Raw = Readonly<Record<string, unknown>>;
interface Seen {
  readonly metadata: {
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly claimRef?: { readonly name: string; readonly uid: string };
  };
}

const selectedNode = 'volume.kubernetes.io/selected-node';

let api: EmbeddedApiServer;
let berth: Berth;
let outcomes: Outcome[];
let end: () => Promise<void>;

beforeEach(async () => {
  api = await startEmbeddedApiServer();
  const client = new ApiClient(loadCredentials({ server: api.url }), { qps: -1 });
  outcomes = [];
  berth = new Berth({
    transport: client,
    configuration: loadConfiguration(undefined, { schedulerName: 'berth', leaderElect: false }),
    fence: openFence,
    metrics: new Metrics({ process: false }),
    logger: silentLogger,
    clock: systemClock,
    random: seededRandom(1),
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  const stop = new AbortController();
  const { signal } = stop;
  const running = Promise.all([berth.watch({ signal }), berth.schedule({ signal })]);
  end = async () => {
    stop.abort();
    await running;
    await berth.flushEvents();
    await client.close();
    await api.close();
  };
  await until(() => berth.synced);
  for (const name of ['n1', 'n2']) api.create(rawNode({ name }) as never);
  storageClass('local', 'kubernetes.io/no-provisioner');
  storageClass('made', 'csi.example.com');
  const { nodes, storage } = berth.cluster;
  await until(() => nodes.nodeCount === 2 && storage.classes.size === 2);
});
afterEach(() => end());

function storageClass(name: string, provisioner: string): void {
  api.create({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner,
    volumeBindingMode: 'WaitForFirstConsumer',
  } as never);
}

/** Resolves when the scheduler knows of it: kinds come by watches of their own, in any order. */
async function claim(name: string, storageClassName: string): Promise<void> {
  api.create({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'default' },
    spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  } as never);
  await until(() => berth.cluster.storage.claims.get(name, 'default') !== undefined);
}

/** On one node, as local volumes are. */
async function volume(name: string, storageClassName: string, node: string, spec: Raw = {}): Promise<void> {
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }];
  const object = {
    ...kinds.volume,
    metadata: { name },
    spec: {
      storageClassName,
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      local: { path: '/data' },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } },
      ...spec,
    },
    status: { phase: 'Available' },
  };
  api.create(object as never, { keepStatus: true });
  await until(() => berth.cluster.storage.volumes.get(name) !== undefined);
}

const kinds = {
  volume: { apiVersion: 'v1', kind: 'PersistentVolume' },
  claim: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'default' },
  pod: { apiVersion: 'v1', kind: 'Pod', namespace: 'default' },
} as const;
const find = (kind: keyof typeof kinds, name: string): Seen | undefined =>
  api.get({ ...kinds[kind], name }) as Seen | undefined;
const nodeOf = (pod: string): string => find('pod', pod)?.spec.nodeName ?? '';

function pod(name: string, ...claims: string[]): void {
  const volumes = claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
  const raw = rawPod({ name, spec: { volumes } });
  const { uid: _uid, resourceVersion: _version, ...metadata } = raw.metadata as Raw;
  api.create({ ...raw, metadata } as never);
}

/** What the volume controller does once the two name each other. */
function bind(claimName: string, volumeName: string): void {
  const metadata = { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } };
  api.patch({ ...kinds.claim, name: claimName }, { metadata, spec: { volumeName } }, { type: 'merge' });
}

/** What provisioner and controller do for a claim that was brought to a node, which they answer with. */
async function make(claimName: string): Promise<string> {
  const { uid, annotations } = find('claim', claimName)!.metadata;
  const node = annotations![selectedNode]!;
  await volume('made', 'made', node, { claimRef: { namespace: 'default', name: claimName, uid } });
  bind(claimName, 'made');
  return node;
}

describe('a pod whose claim waits for it', () => {
  it('goes where a volume is, has the two joined, and is bound when that is done', async () => {
    await volume('pv', 'local', 'n2');
    await claim('data', 'local');
    pod('web', 'data');
    await until(() => find('volume', 'pv')?.spec.claimRef !== undefined);
    const { metadata, spec } = find('volume', 'pv')!;
    expect(spec.claimRef).toEqual({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      namespace: 'default',
      name: 'data',
      uid: find('claim', 'data')!.metadata.uid,
    });
    expect(metadata.annotations).toMatchObject({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
    expect(nodeOf('web')).toBe('');
    bind('data', 'pv');
    await until(() => nodeOf('web') === 'n2');
  });

  it('has its claim brought to its node, where the volume is made', async () => {
    await claim('scratch', 'made');
    pod('web', 'scratch');
    await until(() => find('claim', 'scratch')?.metadata.annotations?.[selectedNode] !== undefined);
    const chosen = await make('scratch');
    await until(() => nodeOf('web') === chosen);
  });

  it('is tried again elsewhere when the provisioner gives its node back', async () => {
    await claim('scratch', 'made');
    pod('web', 'scratch');
    await until(() => find('claim', 'scratch')?.metadata.annotations?.[selectedNode] !== undefined);
    api.patch(
      { ...kinds.claim, name: 'scratch' },
      { metadata: { annotations: { [selectedNode]: null } } },
      { type: 'merge' },
    );
    await until(() => outcomes.some(({ kind }) => kind === 'pending'));
    expect(outcomes.find(({ kind }) => kind === 'pending')).toMatchObject({
      reason: 'SchedulerError',
      message: expect.stringContaining('binding volumes: provisioning failed for PVC "scratch"'),
    });
    await until(() => find('claim', 'scratch')?.metadata.annotations?.[selectedNode] !== undefined);
    expect(nodeOf('web')).toBe('');
    await make('scratch');
    await until(() => nodeOf('web') !== '');
  });

  it('leaves nothing assumed when it is deleted meanwhile', async () => {
    await volume('pv', 'local', 'n1');
    await claim('data', 'local');
    pod('web', 'data');
    await until(() => find('volume', 'pv')?.spec.claimRef !== undefined);
    api.delete({ ...kinds.pod, name: 'web' }, { gracePeriodSeconds: 0 });
    await until(() => outcomes.some(({ kind }) => kind === 'overtaken'));
    expect(berth.cluster.storage.volumes.isAssumed('pv')).toBe(false);
    expect(berth.cluster.podCount).toBe(0);
  });
});

describe('two pods that want the last volume', () => {
  it('do not both get it', async () => {
    await volume('pv', 'local', 'n1');
    for (const name of ['one', 'two']) await claim(name, 'local');
    for (const name of ['one', 'two']) pod(name, name);
    await until(() => outcomes.some(({ kind }) => kind === 'pending'));
    expect(outcomes.find(({ kind }) => kind === 'pending')).toMatchObject({
      message: expect.stringContaining("2 node(s) didn't find available persistent volumes to bind"),
    });
    await until(() => find('volume', 'pv')?.spec.claimRef !== undefined);
    const winner = find('volume', 'pv')!.spec.claimRef!.name;
    bind(winner, 'pv');
    await until(() => nodeOf(winner) === 'n1');
    expect(nodeOf(winner === 'one' ? 'two' : 'one')).toBe('');
  });
});
