import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.js';
import { isBinding, statusAnswer } from './fault-proxy.js';
import { SchedulingCluster } from './scheduling-cluster.js';

let cluster: SchedulingCluster;

beforeEach(async () => {
  cluster = await SchedulingCluster.start();
});
afterEach(() => cluster.stop());

describe('failure-03: bindings that fail', () => {
  it('leave nothing behind, be it every third one: what is believed equals a fresh list', async () => {
    let bindings = 0;
    cluster.proxy.treat = (request) => {
      if (!isBinding(request)) return 'forward';
      bindings += 1;
      return bindings % 3 === 0 ? statusAnswer(403, 'Forbidden', 'pods/binding is forbidden') : 'forward';
    };
    await cluster.fleet(10);
    for (let index = 0; index < 60; index += 1) cluster.pod({ requests: { cpu: '1' } });
    const bound = () => cluster.pods().filter(({ spec }) => spec.nodeName !== undefined).length;
    await eventually(
      '40 pods to be bound and 20 refused',
      () => bound() === 40 && cluster.berth.queue.counts.unschedulable === 20,
      { state: () => [bound(), cluster.berth.queue.counts] },
    );
    await cluster.settled();
    expect(bindings).toBeGreaterThan(40);
    expect([...cluster.requested().values()]).toEqual(Array(10).fill(4_000));
    const { believed, stored } = cluster.views();
    expect(believed).toEqual(stored);
    expect(cluster.berth.cluster.assumedCount).toBe(0);
  });
});

const claimKind = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'default' } as const;
const selectedNode = 'volume.kubernetes.io/selected-node';

interface StoredClaim {
  readonly metadata: { readonly uid: string; readonly annotations?: Readonly<Record<string, string>> };
}

function storedClaim(name: string): StoredClaim {
  return cluster.api.get({ ...claimKind, name }) as unknown as StoredClaim;
}

const nodeOfClaim = (name: string) => storedClaim(name).metadata.annotations?.[selectedNode];

/** Does what a provisioner and the volume controller do for a claim that was brought to a node. */
function provision(name: string): void {
  const hostname = {
    key: 'kubernetes.io/hostname',
    operator: 'In',
    values: [nodeOfClaim(name)],
  };
  cluster.api.create(
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `for-${name}` },
      spec: {
        storageClassName: 'made',
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        csi: { driver: 'csi.example.com', volumeHandle: name },
        claimRef: { namespace: 'default', name, uid: storedClaim(name).metadata.uid },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
      },
      status: { phase: 'Bound' },
    } as never,
    { keepStatus: true },
  );
  const metadata = { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } };
  cluster.api.patch(
    { ...claimKind, name },
    { metadata, spec: { volumeName: `for-${name}` } },
    { type: 'merge' },
  );
}

describe('failure-23: a pod with two claims', () => {
  it('is bound in the end although the write of the second met a conflict after that of the first', async () => {
    cluster.api.create({
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'made' },
      provisioner: 'csi.example.com',
      volumeBindingMode: 'WaitForFirstConsumer',
    } as never);
    const names = ['first', 'second'];
    for (const name of names) {
      cluster.api.create({
        ...claimKind,
        metadata: { name, namespace: 'default' },
        spec: {
          storageClassName: 'made',
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: '1Gi' } },
        },
      } as never);
    }
    await cluster.fleet(3);
    const { claims } = cluster.berth.cluster.storage;
    await eventually('the claims to be known', () => names.every((name) => claims.get(name, 'default')));

    const writes: string[] = [];
    cluster.proxy.treat = ({ method, path }) => {
      if (method === 'GET' || !path.includes('/persistentvolumeclaims/')) return 'forward';
      writes.push(path);
      return writes.length === 2 ? statusAnswer(409, 'Conflict', 'the object has been modified') : 'forward';
    };
    const volumes = names.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
    cluster.pod({ name: 'web', spec: { volumes } });
    await eventually('the conflict', () => writes.length >= 2);
    await eventually('both claims to be brought to a node', () => names.every((name) => nodeOfClaim(name)), {
      state: () => [cluster.condition('web'), writes],
    });
    expect(nodeOfClaim('second')).toBe(nodeOfClaim('first'));
    for (const name of names) provision(name);
    await cluster.bound('web');
    expect(cluster.nodeOf('web')).toBe(nodeOfClaim('first'));
  });
});
