import type { ControlPlane } from '../controlplane/control-plane.js';
import { berthRequests } from '../e2e/audit.js';
import { NodeProvisioner } from '../e2e/node-provisioner.js';
import type { PodWatch } from '../e2e/pod-watch.js';
import { CLAIMS, createClaim, createStorageClass, createVolume } from '../e2e/storage-objects.js';
import { until } from '../e2e/until.js';
import { createPods } from '../e2e/workload.js';
import { addFakeNodes, ON_FAKE_NODES } from './fake-nodes.js';

/** Pods for which Berth needs what it may do beside reading and binding; each returns when it has done that. */
export class RightsInUse {
  readonly #plane: ControlPlane;
  readonly #watch: PodWatch;

  constructor(plane: ControlPlane, watch: PodWatch) {
    this.#plane = plane;
    this.#watch = watch;
  }

  /** An important pod takes the place of another on a node with room for one. */
  async preempt(): Promise<void> {
    const { api } = this.#plane;
    const labels = { room: 'one' };
    await addFakeNodes(this.#plane, 1, { name: 'narrow', labels, allocatable: { cpu: '1' } });
    await api.create('/apis/scheduling.k8s.io/v1/priorityclasses', {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'important' },
      value: 1000,
    });
    const spec = { ...ON_FAKE_NODES.spec, nodeSelector: labels };
    const requests = { cpu: '800m' };
    await createPods(api, [{ name: 'lesser', requests, spec }]);
    await this.#watch.bound('lesser');
    await createPods(api, [{ name: 'greater', requests, spec: { ...spec, priorityClassName: 'important' } }]);
    await this.#watch.bound('greater');
  }

  /** One claim gets a volume that is there, another one that is made for it. */
  async bindVolumes(): Promise<void> {
    const { api } = this.#plane;
    const provisioner = new NodeProvisioner(api, 'fast.example.com').start();
    try {
      await createStorageClass(api, { name: 'present' });
      await createStorageClass(api, { name: 'made', provisioner: provisioner.name });
      await createVolume(api, { name: 'present', storageClass: 'present', node: 'fake-0' });
      await createClaim(api, { name: 'present', storageClass: 'present' });
      await createClaim(api, { name: 'made', storageClass: 'made' });
      await createPods(api, ['present', 'made'].map(withClaim));
      for (const name of ['present', 'made']) await this.#watch.bound(`with-${name}`);
    } finally {
      await provisioner.stop();
    }
  }

  /** A pod is refused for the same reason again and again, which is one event that is counted. */
  async repeatRefusal(): Promise<void> {
    const { api } = this.#plane;
    await createStorageClass(api, { name: 'at-once', provisioner: 'nobody.example.com', immediate: true });
    await createClaim(api, { name: 'never', storageClass: 'at-once' });
    await createPods(api, [withClaim('never')]);
    await this.#watch.refused('with-never');
    let touched = 0;
    await until('an event that is counted', async () => {
      touched += 1;
      await api.patch(`${CLAIMS}/never`, { metadata: { annotations: { touched: String(touched) } } });
      await new Promise((resolve) => setTimeout(resolve, 500));
      const requests = await berthRequests(this.#plane);
      return requests.some(({ verb, objectRef }) => verb === 'patch' && objectRef?.resource === 'events');
    });
  }
}

function withClaim(claim: string): Parameters<typeof createPods>[1][number] {
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: claim } }];
  return { name: `with-${claim}`, spec: { ...ON_FAKE_NODES.spec, volumes } };
}
