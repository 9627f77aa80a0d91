import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import type { Cycle } from '../../../src/framework/cycle.js';
import { failure, type Status } from '../../../src/framework/status.js';
import type { VolumeWriteResult, VolumeWriter } from '../../../src/plugins/volume-binding/volume-writer.js';
import { createVolumeBinding, type VolumeBinding } from '../../../src/plugins/volume-binding.js';
import { makeNode } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';
import {
  boundClaim,
  type ClaimParts,
  claim,
  clusterWith,
  csiNode,
  filtered,
  podUsing,
  storageClass,
  type VolumeParts,
  volume,
  type World,
  where,
} from './volume-binding-objects.js';

/** Writes down what it is told, and hands out versions as an API server would. */
class NotedWrites implements VolumeWriter {
  readonly calls: object[] = [];
  version = 100;
  /** Answers instead, once. */
  failure: Status | undefined;

  async bindVolume(
    ...[{ name, resourceVersion }, to, { byController }]: Parameters<VolumeWriter['bindVolume']>
  ): Promise<VolumeWriteResult> {
    return this.#answer({ volume: name, resourceVersion, claim: to.name, byController });
  }

  async selectNode(
    ...[{ name, resourceVersion }, node]: Parameters<VolumeWriter['selectNode']>
  ): Promise<VolumeWriteResult> {
    return this.#answer({ claim: name, resourceVersion, node });
  }

  #answer(call: object): VolumeWriteResult {
    this.calls.push(call);
    if (this.failure !== undefined) return { kind: 'failed', status: this.failure };
    return { kind: 'written', resourceVersion: String(++this.version) };
  }
}

const making = storageClass('made', { provisioner: 'csi.example.com' });
const nodes = [
  makeNode({ name: 'a', labels: { zone: 'a' } }),
  makeNode({ name: 'b', labels: { zone: 'b' } }),
];
const ref = (name: string, uid = `uid-of-${name}`) => ({ namespace: 'default', name, uid });
const timeoutMs = 20_000;

let clock: ManualClock;
let writes: NotedWrites;

beforeEach(() => {
  clock = new ManualClock();
  writes = new NotedWrites();
});

/** A pod on its way to node a. */
class Trip {
  readonly cluster: ClusterState;
  readonly plugin: VolumeBinding;
  readonly pod: Pod;
  readonly cycle: Cycle;

  constructor(world: World, pod: Pod) {
    this.cluster = clusterWith({ nodes, classes: [storageClass(), making], ...world });
    const args = { bindTimeoutSeconds: timeoutMs / 1_000, shape: [{ utilization: 0, score: 0 }] };
    this.plugin = createVolumeBinding(args, this, { writer: writes, clock });
    this.pod = { ...pod, nodeName: 'a' };
    this.cycle = this.begin(pod);
  }

  begin(pod: Pod): Cycle {
    const cycle = filtered(this.plugin, pod, this.cluster);
    if (typeof cycle === 'string') throw new Error(cycle);
    return cycle;
  }

  reserve(): Status | undefined {
    this.cluster.assume(this.pod);
    return this.plugin.reserve(this.cycle, this.pod, 'a');
  }

  /** Begins PreBind; the status when it has ended, 'waiting' until then. */
  preBind(signal?: AbortSignal): { now: Status | undefined | 'waiting' } {
    const state: { now: Status | undefined | 'waiting' } = { now: 'waiting' };
    void this.plugin
      .preBind(this.cycle, this.pod, 'a', signal === undefined ? {} : { signal })
      .then((status) => {
        state.now = status;
      });
    return state;
  }

  /** The watch delivers objects. */
  showVolume(name: string, parts: VolumeParts): void {
    this.cluster.storage.volumes.set(volume(name, parts));
  }

  showClaim(name: string, parts: ClaimParts): void {
    this.cluster.storage.claims.set(claim(name, parts));
  }
}

const failing = (text: string) => ({ code: 'Error', reasons: [`binding volumes: ${text}`] });

/** One claim that takes a volume, one whose volume is made. */
function mixedTrip(parts: VolumeParts = {}): Trip {
  const trip = new Trip(
    { claims: [claim('data'), claim('scratch', { class: 'made' })], volumes: [volume('pv', parts)] },
    podUsing('data', 'scratch'),
  );
  expect(trip.reserve()).toBeUndefined();
  return trip;
}

describe('VolumeBinding reserves', () => {
  it('nothing for a pod whose claims have their volumes: PreBind is not needed', async () => {
    const trip = new Trip({ claims: [boundClaim('data', 'pv')], volumes: [volume('pv')] }, podUsing('data'));
    expect(trip.reserve()).toBeUndefined();
    expect(trip.plugin.preBindPreFlight(trip.cycle)).toBe('skip');
    await expect(trip.plugin.preBind(trip.cycle, trip.pod, 'a')).resolves.toBeUndefined();
    trip.plugin.unreserve(trip.cycle);
    expect(writes.calls).toEqual([]);
  });

  it('volumes and nodes for claims, seen by the pods after it, until it is taken back', () => {
    const trip = mixedTrip();
    const { volumes, claims } = trip.cluster.storage;
    expect(trip.plugin.preBindPreFlight(trip.cycle)).toBeUndefined();
    expect(volumes.get('pv')?.claim).toEqual(ref('data'));
    expect(volumes.delivered('pv')?.claim).toBeUndefined();
    expect(claims.get('scratch', 'default')?.selectedNode).toBe('a');
    expect(claims.isAssumed('data', 'default')).toBe(false);
    trip.plugin.unreserve(trip.cycle);
    expect(volumes.get('pv')?.claim).toBeUndefined();
    expect(claims.get('scratch', 'default')?.selectedNode).toBe('');
    trip.plugin.unreserve(trip.cycle);
  });

  it('nothing at all when something has changed since it was chosen', () => {
    const trip = new Trip(
      { claims: [claim('data'), claim('more')], volumes: [volume('pv'), volume('pv2')] },
      podUsing('data', 'more'),
    );
    const { volumes } = trip.cluster.storage;
    const rows = trip.cluster.nodes.rows();
    trip.plugin.filterRows(trip.cycle, trip.pod, rows, new Int32Array(rows.length));
    trip.showVolume('pv2', { version: '2' });
    expect(trip.reserve()).toEqual({ code: 'Error', reasons: ['persistentvolume "pv2" has changed'] });
    expect(volumes.isAssumed('pv')).toBe(false);
    expect(trip.plugin.preBindPreFlight(trip.cycle)).toBe('skip');
  });

  it('what another pod then finds held: the same claim keeps the volume, others look elsewhere', () => {
    const trip = new Trip(
      {
        claims: [claim('data'), claim('more')],
        volumes: [volume('pv'), volume('zb', { nodes: [where('zone', 'b')] })],
      },
      podUsing('data'),
    );
    trip.reserve();
    const judge = (pod: Pod) => {
      const verdicts = new Int32Array(2);
      const rows = trip.cluster.nodes.rows();
      trip.plugin.filterRows(trip.begin(pod), pod, rows, verdicts);
      return [...verdicts].map((verdict) => verdict === 0);
    };
    expect(judge({ ...podUsing('data'), uid: 'second' })).toEqual([true, true]);
    expect(judge({ ...podUsing('more'), uid: 'third' })).toEqual([false, true]);
    trip.plugin.unreserve(trip.cycle);
    expect(judge({ ...podUsing('more'), uid: 'third' })).toEqual([true, true]);
  });

  it('one volume for a claim that the pod uses twice', () => {
    const trip = new Trip(
      { claims: [claim('data')], volumes: [volume('pv'), volume('pv2')] },
      podUsing('data', 'data'),
    );
    trip.reserve();
    const { volumes } = trip.cluster.storage;
    expect([volumes.isAssumed('pv'), volumes.isAssumed('pv2')]).toEqual([true, false]);
  });

  it('and leaves alone what was assumed anew after its own assumption ended', () => {
    const trip = mixedTrip();
    trip.showVolume('pv', { version: '2' });
    const { volumes } = trip.cluster.storage;
    const theirs = { ...volumes.get('pv')!, claim: ref('theirs') };
    expect(volumes.assume(theirs)).toBe(true);
    trip.plugin.unreserve(trip.cycle);
    expect(volumes.get('pv')).toBe(theirs);
  });
});

describe('VolumeBinding, before the pod is bound,', () => {
  it('writes volumes, then claims, and waits until the controllers have bound all', async () => {
    const trip = mixedTrip();
    const state = trip.preBind();
    await clock.advance(0);
    expect(writes.calls).toEqual([
      { volume: 'pv', resourceVersion: '1', claim: 'data', byController: true },
      { claim: 'scratch', resourceVersion: '1', node: 'a' },
    ]);
    await clock.advance(3_000);
    expect(state.now).toBe('waiting');
    trip.showVolume('pv', { claimRef: ref('data'), phase: 'Bound', version: '110' });
    trip.showClaim('data', { volumeName: 'pv', bound: true, version: '111' });
    await clock.advance(1_000);
    expect(state.now).toBe('waiting');
    trip.showVolume('made', { class: 'made', claimRef: ref('scratch'), version: '112' });
    trip.showClaim('scratch', {
      class: 'made',
      selectedNode: 'a',
      volumeName: 'made',
      bound: true,
      version: '113',
    });
    await clock.advance(1_000);
    expect(state.now).toBeUndefined();
  });

  it('lets a volume be that a user held for the claim', async () => {
    const trip = mixedTrip({ claimRef: ref('data', '') });
    trip.preBind();
    await clock.advance(0);
    expect(writes.calls[0]).toMatchObject({ volume: 'pv', byController: false });
  });

  it('writes nothing that is so already', async () => {
    const trip = new Trip(
      {
        claims: [claim('data'), claim('scratch', { class: 'made', selectedNode: 'a' })],
        volumes: [volume('pv', { claimRef: ref('data') })],
      },
      podUsing('data', 'scratch'),
    );
    trip.reserve();
    const state = trip.preBind();
    await clock.advance(1_000);
    expect(writes.calls).toEqual([]);
    expect(trip.plugin.preBindPreFlight(trip.cycle)).toBeUndefined();
    trip.showClaim('data', { volumeName: 'pv', bound: true, version: '2' });
    trip.showVolume('made', { class: 'made' });
    trip.showClaim('scratch', {
      class: 'made',
      selectedNode: 'a',
      volumeName: 'made',
      bound: true,
      version: '3',
    });
    await clock.advance(1_000);
    expect(state.now).toBeUndefined();
  });

  it('stops at the first write that fails', async () => {
    const trip = mixedTrip();
    writes.failure = failure('the object has been modified');
    const state = trip.preBind();
    await clock.advance(0);
    expect(state.now).toEqual(writes.failure);
    expect(writes.calls).toHaveLength(1);
  });

  it('believes nothing older than what it wrote', async () => {
    const trip = mixedTrip();
    const state = trip.preBind();
    await clock.advance(0);
    // On their way since before: the volume without its claim, the claim without its node.
    trip.showVolume('pv', { version: '99' });
    trip.showClaim('scratch', { class: 'made', version: '99' });
    await clock.advance(2_000);
    expect(state.now).toBe('waiting');
  });

  it('is told soon of volumes that are bound at once', async () => {
    const trip = new Trip({ claims: [claim('data')], volumes: [volume('pv')] }, podUsing('data'));
    trip.reserve();
    const state = trip.preBind();
    await clock.advance(0);
    trip.showVolume('pv', { claimRef: ref('data'), version: '101' });
    trip.showClaim('data', { volumeName: 'pv', bound: true, version: '102' });
    await clock.advance(100);
    expect(state.now).toBeUndefined();
  });

  it.each<[string, (trip: Trip) => void, string]>([
    ['the node is gone', ({ cluster }) => cluster.removeNode('a'), 'node "a" not found'],
    [
      'the pod is gone',
      ({ cluster, pod }) => cluster.forget(pod.uid),
      'pod does not exist any more: pod "default/web" not found',
    ],
    [
      'the volume is gone',
      ({ cluster }) => cluster.storage.volumes.delete({ name: 'pv' }),
      'persistentvolume "pv" not found',
    ],
    [
      'the volume is another one',
      (trip) => trip.showVolume('pv', { uid: 'other', claimRef: ref('data'), version: '300' }),
      'persistentvolume "pv" not found',
    ],
    [
      'a claim is gone',
      ({ cluster }) => cluster.storage.claims.delete({ namespace: 'default', name: 'data' }),
      'persistentvolumeclaim "data" not found',
    ],
    [
      'a claim is another one',
      (trip) => trip.showClaim('data', { uid: 'other', version: '300' }),
      'persistentvolumeclaim "data" not found',
    ],
    [
      'the volume cannot be used on the node any more',
      (trip) => trip.showVolume('pv', { claimRef: ref('data'), nodes: [where('zone', 'b')], version: '300' }),
      'pv "pv" node affinity doesn\'t match node "a": no matching NodeSelectorTerms',
    ],
    [
      'the node has a CSI driver take over, which the volume cannot be told to',
      ({ cluster }) => {
        cluster.storage.csiNodes.set(csiNode('a', 'kubernetes.io/azure-disk'));
        cluster.storage.volumes.set(
          volume('pv', {
            claimRef: ref('data'),
            spec: { azureDisk: { diskURI: 'd', kind: 'Shared' } },
            version: '300',
          }),
        );
      },
      'could not translate pv: kind(Shared) is not supported in csi migration',
    ],
    [
      'the volume lost its claim',
      (trip) => trip.showVolume('pv', { version: '300' }),
      'ClaimRef got reset for pv "pv"',
    ],
    [
      'the volume is only held by name',
      (trip) => trip.showVolume('pv', { claimRef: ref('data', ''), version: '300' }),
      'ClaimRef got reset for pv "pv"',
    ],
  ])('gives up when %s', async (_case, happen, text) => {
    const trip = mixedTrip();
    const state = trip.preBind();
    await clock.advance(0);
    trip.showVolume('pv', { claimRef: ref('data'), version: '200' });
    await clock.advance(5_000);
    expect(state.now).toBe('waiting');
    happen(trip);
    await clock.advance(1_000);
    expect(state.now).toEqual(failing(text));
  });

  it.each<[string, (trip: Trip) => void, string | undefined]>([
    [
      'has lost its node',
      (trip) => trip.showClaim('scratch', { class: 'made', version: '300' }),
      'provisioning failed for PVC "scratch"',
    ],
    [
      'was brought to another node',
      (trip) => trip.showClaim('scratch', { class: 'made', selectedNode: 'b', version: '300' }),
      'provisioning failed for PVC "scratch"',
    ],
    [
      'is gone',
      ({ cluster }) => cluster.storage.claims.delete({ namespace: 'default', name: 'scratch' }),
      'persistentvolumeclaim "scratch" not found',
    ],
    [
      'got a volume that has not been seen',
      (trip) =>
        trip.showClaim('scratch', {
          class: 'made',
          selectedNode: 'a',
          volumeName: 'new',
          bound: true,
          version: '300',
        }),
      undefined,
    ],
    [
      'got a volume elsewhere',
      (trip) => {
        trip.showVolume('new', { class: 'made', nodes: [where('zone', 'b')] });
        trip.showClaim('scratch', { class: 'made', selectedNode: 'a', volumeName: 'new', version: '300' });
      },
      'pv "new" node affinity doesn\'t match node "a": no matching NodeSelectorTerms',
    ],
    [
      'got a volume and is not bound to it yet',
      (trip) => {
        trip.showVolume('new', { class: 'made' });
        trip.showClaim('scratch', { class: 'made', selectedNode: 'a', volumeName: 'new', version: '300' });
      },
      undefined,
    ],
  ])('looks after a claim that %s', async (_case, happen, text) => {
    const trip = new Trip({ claims: [claim('scratch', { class: 'made' })] }, podUsing('scratch'));
    trip.reserve();
    const state = trip.preBind();
    await clock.advance(0);
    happen(trip);
    await clock.advance(2_000);
    expect(state.now).toEqual(text === undefined ? 'waiting' : failing(text));
  });

  it('waits as long as configured and no longer', async () => {
    const state = mixedTrip().preBind();
    await clock.advance(timeoutMs - 1);
    expect(state.now).toBe('waiting');
    await clock.advance(1);
    expect(state.now).toEqual(failing('context deadline exceeded'));
  });

  it('stops at once when it is interrupted, and hands on the reason', async () => {
    const trip = mixedTrip();
    const interrupt = new AbortController();
    const state = trip.preBind(interrupt.signal);
    await clock.advance(1_500);
    const reason = new Error('preempted by DefaultPreemption');
    interrupt.abort(reason);
    await clock.advance(0);
    expect(state.now).toEqual({ ...failing('preempted by DefaultPreemption'), cause: reason });
  });

  it('writes nothing when it was interrupted before', async () => {
    const state = mixedTrip().preBind(AbortSignal.abort('over'));
    await clock.advance(0);
    expect(state.now).toEqual({ ...failing('interrupted'), cause: 'over' });
    expect(writes.calls).toEqual([]);
  });

  it('refuses to write where nobody said how', async () => {
    const { cluster } = mixedTrip();
    const plugin = createVolumeBinding(undefined, { cluster });
    const other = { ...podUsing('more'), uid: 'other', nodeName: 'a' };
    cluster.storage.claims.set(claim('more', { class: 'made' }));
    const cycle = filtered(plugin, other, cluster) as Cycle;
    cluster.assume(other);
    expect(plugin.reserve(cycle, other, 'a')).toBeUndefined();
    await expect(plugin.preBind(cycle, other, 'a')).resolves.toEqual({
      code: 'Error',
      reasons: ['volumes are not written here'],
    });
  });
});
