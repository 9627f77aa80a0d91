import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiClient } from '../controlplane/api-client.js';
import { berthAnswers, bindersByPod, placementFaults, schedulingEvents } from './audit.js';
import { BERTH_USER } from './berth-installation.js';
import { BerthProcess } from './berth-process.js';
import { nodeGroup, startCluster, type TestCluster } from './cluster-setup.js';
import { NodeProvisioner } from './node-provisioner.js';
import { PodWatch } from './pod-watch.js';
import {
  CAPACITIES,
  CLAIMS,
  type Claim,
  claimSpec,
  createAttachment,
  createBoundPair,
  createCapacity,
  createCapacityDriver,
  createClaim,
  createCsiNode,
  createStorageClass,
  createVolume,
  HOSTNAME,
  SELECTED_NODE,
  withClaims,
} from './storage-objects.js';
import { until } from './until.js';
import { volumeFaults } from './volume-audit.js';
import { createPods, PODS, type PodOrder } from './workload.js';

const NODES = 12;
const ZONE = 'topology.kubernetes.io/zone';
/** Whatever wakes a pod, it does not take longer; a poll or a flush would. */
const SOON_MS = 10_000;
/** What nothing but a fault of Berth's would have it write. */
const COMPLAINTS = /TypeError|RangeError|ReferenceError|Warning:/;
const NOT_HELPFUL = `preemption: 0/${NODES} nodes are available: ${NODES} Preemption is not helpful for scheduling.`;

const on = (node: string) => ({ nodeSelector: { [HOSTNAME]: node } });

describe('a pod with volumes', () => {
  let cluster: TestCluster;
  let api: ApiClient;
  let watch: PodWatch;
  let berth: BerthProcess;
  const provisioners: NodeProvisioner[] = [];

  beforeAll(async () => {
    const nodes = nodeGroup(NODES, { name: 'node' }).map((node, index) => ({
      ...node,
      labels: { [ZONE]: `zone-${'abc'[index % 3]}`, ...(index < 2 ? { limited: 'yes' } : {}) },
    }));
    cluster = await startCluster(nodes, {
      components: { scheduler: false },
      // A volume that appears is offered to claims at the next round only.
      controllerManagerArgs: ['--pvclaimbinder-sync-period=1s'],
    });
    api = cluster.plane.api;
    watch = await PodWatch.start(api);
    berth = await startBerth();
  }, 120_000);

  afterAll(async () => {
    await Promise.all(provisioners.map((provisioner) => provisioner.stop()));
    await watch?.stop();
    await cluster?.plane.stop();
  });

  function startBerth(): Promise<BerthProcess> {
    return BerthProcess.start(cluster.plane, { ...cluster, args: ['--leader-elect=false'] });
  }

  function provisioner(...args: ConstructorParameters<typeof NodeProvisioner>): NodeProvisioner {
    const started = new NodeProvisioner(...args).start();
    provisioners.push(started);
    return started;
  }

  /** Creates pods, each with a claim of its name and class. */
  async function createWithClaims(pods: readonly PodOrder[], storageClass: string): Promise<void> {
    await Promise.all(pods.map(({ name }) => createClaim(api, { name, storageClass })));
    await createPods(
      api,
      pods.map(({ name, ...rest }) => ({ ...rest, name, spec: { ...withClaims(name), ...rest.spec } })),
    );
  }

  const nodeOf = (name: string) => watch.get(name)?.pod.spec.nodeName;
  const claim = (name: string) => api.get<Claim>(`${CLAIMS}/${name}`);
  const selectedNode = async (name: string) => (await claim(name)).metadata.annotations?.[SELECTED_NODE];

  async function bound(...pods: readonly string[]): Promise<void> {
    for (const pod of pods) await watch.bound(pod, SOON_MS);
  }

  it('goes where a local volume is, and the claim gets that volume', async () => {
    await createStorageClass(api, { name: 'local' });
    await Promise.all(
      [3, 4, 5, 6, 7].map((index) =>
        createVolume(api, { name: `local-${index}`, storageClass: 'local', node: `node-${index}` }),
      ),
    );
    const pods = [0, 1, 2, 3, 4].map((index) => ({ name: `local-${index}` }));
    await createWithClaims(pods, 'local');
    await bound(...pods.map(({ name }) => name));
    expect(new Set(pods.map(({ name }) => nodeOf(name))).size).toBe(5);
    expect(await volumeFaults(cluster.plane)).toEqual([]);
  });

  it('waits when all volumes are taken, and is bound when one more appears', async () => {
    await createStorageClass(api, { name: 'scarce' });
    await createVolume(api, { name: 'scarce-0', storageClass: 'scarce', node: 'node-8' });
    await createWithClaims([{ name: 'just-in-time' }], 'scarce');
    await bound('just-in-time');
    await createWithClaims([{ name: 'one-too-many' }], 'scarce');
    await watch.refusedWith(
      'one-too-many',
      `0/12 nodes are available: 12 node(s) didn't find available persistent volumes to bind. ${NOT_HELPFUL}`,
    );
    await createVolume(api, { name: 'scarce-1', storageClass: 'scarce', node: 'node-8' });
    await bound('one-too-many');
    expect(nodeOf('one-too-many')).toBe('node-8');
  });

  it('gets a volume of its own also when 30 come at once for 30 volumes', async () => {
    await createStorageClass(api, { name: 'burst' });
    const indices = Array.from({ length: 30 }, (_, index) => index);
    await Promise.all(
      indices.map((index) =>
        createVolume(api, {
          name: `burst-${index}`,
          storageClass: 'burst',
          storage: `${1 + (index % 3)}Gi`,
          node: `node-${index % 10}`,
        }),
      ),
    );
    const pods = indices.map((index) => ({ name: `burst-${index}`, requests: { cpu: '100m' } }));
    await createWithClaims(pods, 'burst');
    await bound(...pods.map(({ name }) => name));
    expect(await volumeFaults(cluster.plane)).toEqual([]);
  });

  it('is bound when the provisioner has made its volume on the node selected', async () => {
    const { name, asked } = provisioner(api, 'making.example.com');
    await createStorageClass(api, { name: 'made', provisioner: name });
    const pods = [0, 1, 2, 3].map((index) => ({ name: `made-${index}` }));
    await createWithClaims(pods, 'made');
    await bound(...pods.map((pod) => pod.name));
    expect([...asked].toSorted()).toEqual(pods.map((pod) => `${pod.name} on ${nodeOf(pod.name)}`));
    expect(await volumeFaults(cluster.plane)).toEqual([]);
  });

  it('goes elsewhere when the provisioner gives the claim back', async () => {
    const storageClass = 'short';
    const { name, asked } = provisioner(api, 'short.example.com', async (_, node) => {
      if (node !== 'node-4') return 'make';
      // It had believed to have more than it has.
      await api.patch(`${CAPACITIES}/${storageClass}-node-4`, { capacity: '0' });
      return 'refuse';
    });
    await createStorageClass(api, { name: storageClass, provisioner: name });
    await berth.hears('csidrivers', () => createCapacityDriver(api, name));
    // The emptier one is better, so node-4 comes first.
    await createCapacity(api, { storageClass, node: 'node-4', capacity: '100Gi' });
    await createCapacity(api, { storageClass, node: 'node-9', capacity: '2Gi' });
    await createWithClaims([{ name: 'given-back' }], storageClass);
    await bound('given-back');

    expect([...asked]).toEqual(['given-back on node-4', 'given-back on node-9']);
    expect(nodeOf('given-back')).toBe('node-9');
    expect(await volumeFaults(cluster.plane)).toEqual([]);
    await until('the failure was told of', async () => {
      const notes = await notesOn('given-back');
      return notes.some((note) => note.includes('provisioning failed for PVC "given-back"'));
    });
  });

  it('is told of on its pod while it takes long to be made', async () => {
    const { name } = provisioner(api, 'lengthy.example.com', async () => {
      await until('the pod was told', async () => (await notesOn('lengthy', 'WaitingToBind')).length > 0);
      return 'make';
    });
    await createStorageClass(api, { name: 'lengthy', provisioner: name });
    await createWithClaims([{ name: 'lengthy' }], 'lengthy');
    await bound('lengthy');
    expect(await notesOn('lengthy', 'WaitingToBind')).toEqual([
      `Placed on ${nodeOf('lengthy')}; waiting for plugin(s) [VolumeBinding] before it is bound`,
    ]);
  });

  async function notesOn(pod: string, ofReason = 'FailedScheduling'): Promise<string[]> {
    const events = await schedulingEvents(cluster.plane);
    return events
      .filter(({ regarding, reason }) => regarding.name === pod && reason === ofReason)
      .map(({ note }) => note);
  }

  it('goes where its driver has room enough, or waits until there is some', async () => {
    const storageClass = 'roomy';
    const { name } = provisioner(api, 'roomy.example.com');
    await createStorageClass(api, { name: storageClass, provisioner: name });
    await berth.hears('csidrivers', () => createCapacityDriver(api, name));
    await createCapacity(api, { storageClass, node: 'node-2', capacity: '10Gi' });
    await createCapacity(api, { storageClass, node: 'node-3', capacity: '30Gi' });
    await createClaim(api, { name: 'medium', storageClass, storage: '20Gi' });
    await createClaim(api, { name: 'large', storageClass, storage: '50Gi' });
    await createPods(api, [{ name: 'medium', spec: withClaims('medium') }]);
    await bound('medium');
    expect(nodeOf('medium')).toBe('node-3');

    await createPods(api, [{ name: 'large', spec: withClaims('large') }]);
    await watch.refusedWith(
      'large',
      `0/12 nodes are available: 12 node(s) did not have enough free storage. ${NOT_HELPFUL}`,
    );
    await createCapacity(api, { storageClass, node: 'node-7', capacity: '50Gi' });
    await bound('large');
    expect(nodeOf('large')).toBe('node-7');
  });

  it('waits while another has the same claim to itself', async () => {
    await createBoundPair(api, { name: 'exclusive', accessMode: 'ReadWriteOncePod' });
    await createPods(api, [{ name: 'has-it', spec: withClaims('exclusive') }]);
    await bound('has-it');
    await createPods(api, [{ name: 'wants-it', spec: withClaims('exclusive') }]);
    await watch.refusedWith(
      'wants-it',
      '0/12 nodes are available: 12 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode ' +
        'already in-use by another pod. ' +
        'preemption: 0/12 nodes are available: 12 No preemption victims found for incoming pod.',
    );
    await api.delete(`${PODS}/has-it`);
    await bound('wants-it');
  });

  it('goes to the zone of its volume', async () => {
    await createBoundPair(api, { name: 'in-b', labels: { [ZONE]: 'zone-b' } });
    await createBoundPair(api, { name: 'in-a-or-c', labels: { [ZONE]: 'zone-a__zone-c' } });
    await createBoundPair(api, { name: 'in-none', labels: { [ZONE]: 'zone-x' } });
    await createBoundPair(api, { name: 'on-one', node: 'node-10' });
    const names = ['in-b', 'in-a-or-c', 'in-none', 'on-one'];
    await createPods(
      api,
      names.map((name) => ({ name, spec: withClaims(name) })),
    );
    await createPods(api, [{ name: 'in-both', spec: withClaims('in-b', 'on-one') }]);
    await createPods(api, [{ name: 'torn', spec: withClaims('in-a-or-c', 'on-one') }]);
    await bound('in-b', 'in-a-or-c', 'on-one', 'in-both');
    expect(await volumeFaults(cluster.plane)).toEqual([]);
    expect(nodeOf('in-both')).toBe('node-10');
    await watch.refusedWith(
      'in-none',
      `0/12 nodes are available: 12 node(s) had no available volume zone. ${NOT_HELPFUL}`,
    );
    // Node-10 is in zone b.
    await watch.refusedWith(
      'torn',
      "0/12 nodes are available: 1 node(s) had no available volume zone, 11 node(s) didn't match PersistentVolume's " +
        `node affinity. ${NOT_HELPFUL}`,
    );
  });

  it('goes to no node that has as many volumes as it can', async () => {
    const driver = 'limited.example.com';
    await createCsiNode(api, 'node-0', { driver, limit: 1 });
    await createCsiNode(api, 'node-1', { driver, limit: 2 });
    await Promise.all(
      [0, 1, 2, 3, 4].map((index) =>
        createBoundPair(api, { name: `limited-${index}`, accessMode: 'ReadWriteMany', driver }),
      ),
    );
    // Used by no pod, and in the way all the same.
    let attachment = '';
    await berth.hears('volumeattachments', async () => {
      attachment = await createAttachment(api, { volume: 'limited-4', node: 'node-1', driver });
    });
    const limited = (index: number, name = `limited-${index}`) => ({
      name,
      spec: { nodeSelector: { limited: 'yes' }, ...withClaims(`limited-${index}`) },
    });
    const full =
      "0/12 nodes are available: 10 node(s) didn't match Pod's node affinity/selector, 2 node(s) exceed max volume count. " +
      'preemption: 0/12 nodes are available: 10 Preemption is not helpful for scheduling, ' +
      '2 No preemption victims found for incoming pod.';

    await createPods(api, [limited(0), limited(1)]);
    await bound('limited-0', 'limited-1');
    expect([nodeOf('limited-0'), nodeOf('limited-1')].toSorted()).toEqual(['node-0', 'node-1']);
    await createPods(api, [limited(2)]);
    await watch.refusedWith('limited-2', full);
    // The volume is on the node already.
    await createPods(api, [limited(0, 'limited-shares')]);
    await bound('limited-shares');
    expect(nodeOf('limited-shares')).toBe(nodeOf('limited-0'));

    await api.delete(attachment);
    await bound('limited-2');
    expect(nodeOf('limited-2')).toBe('node-1');
    await createPods(api, [limited(3)]);
    await watch.refusedWith('limited-3', full);
    await api.delete(`${PODS}/limited-2`);
    await bound('limited-3');
  });

  it('waits for a claim that does not exist yet', async () => {
    await createBoundPair(api, { name: 'in-time' });
    await createVolume(api, { name: 'late', claim: { name: 'late' } });
    await createPods(api, [{ name: 'waits-for-claim', spec: withClaims('in-time', 'late') }]);
    await watch.refusedWith(
      'waits-for-claim',
      '0/12 nodes are available: persistentvolumeclaim "late" not found. not found',
    );
    await createClaim(api, { name: 'late', volume: 'late' });
    await bound('waits-for-claim');
  });

  it('waits for a claim that is not for the scheduler to bind', async () => {
    await createStorageClass(api, { name: 'immediate', immediate: true });
    await createWithClaims([{ name: 'immediate' }], 'immediate');
    await watch.refusedWith(
      'immediate',
      '0/12 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found',
    );
    await createVolume(api, { name: 'immediate', storageClass: 'immediate', node: 'node-6' });
    await bound('immediate');
    expect(nodeOf('immediate')).toBe('node-6');
  });

  it('has a claim made for it when it brings a template', async () => {
    await createStorageClass(api, { name: 'passing' });
    await createVolume(api, { name: 'for-a-while', storageClass: 'passing', node: 'node-11' });
    const ephemeral = { volumeClaimTemplate: { spec: claimSpec({ storageClass: 'passing' }) } };
    await createPods(api, [{ name: 'ephemeral', spec: { volumes: [{ name: 'scratch', ephemeral }] } }]);
    await bound('ephemeral');
    expect(nodeOf('ephemeral')).toBe('node-11');
    expect((await claim('ephemeral-scratch')).spec.volumeName).toBe('for-a-while');
  });

  it('is bound to the node for which its volume was asked, although Berth was killed meanwhile', async () => {
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const slow = provisioner(api, 'slow.example.com', async () => {
      await opened;
      return 'make';
    });
    await createStorageClass(api, { name: 'slow', provisioner: slow.name });
    await createWithClaims([{ name: 'slow-0' }, { name: 'slow-1', spec: on('node-5') }], 'slow');
    const selected = async () => [await selectedNode('slow-0'), await selectedNode('slow-1')];
    await until('nodes selected', async () => (await selected()).every((node) => node !== undefined));
    const before = await selected();
    await berth.child.kill();
    berth = await startBerth();
    open();

    await bound('slow-0', 'slow-1');
    expect([nodeOf('slow-0'), nodeOf('slow-1')]).toEqual(before);
    expect(slow.asked.size).toBe(2);
  });

  it('is bound once, with its claims, and nothing that Berth asked for was forbidden', async () => {
    expect(await volumeFaults(cluster.plane)).toEqual([]);
    expect(await placementFaults(cluster.plane)).toEqual([]);
    expect(watch.moved).toEqual([]);
    const binders = [...(await bindersByPod(cluster.plane))];
    expect(binders.length).toBeGreaterThan(50);
    expect(binders.filter(([, users]) => users.join() !== BERTH_USER)).toEqual([]);
    expect(await berthAnswers(cluster.plane, 403)).toEqual({});
    const lines = berth.child.stderr().split('\n');
    expect(lines.filter((line) => COMPLAINTS.test(line))).toEqual([]);
  });
});
