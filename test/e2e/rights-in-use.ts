import type { ControlPlane } from '../controlplane/control-plane.js';
import { berthRequests } from './audit.js';
import { addFakeNodes, ON_FAKE_NODES } from './fake-nodes.js';
import { HeldBindings } from './held-bindings.js';
import { NodeProvisioner } from './node-provisioner.js';
import type { Outages } from './outages.js';
import type { PodWatch } from './pod-watch.js';
import { CLAIMS, createClaim, createStorageClass, createVolume } from './storage-objects.js';
import { until } from './until.js';
import { createPods, type PodOrder, replicas } from './workload.js';

/** Pods for which Berth needs what it may do beside reading and binding; each returns when it has done that. */
export class RightsInUse {
  readonly #plane: ControlPlane;
  readonly #watch: PodWatch;
  readonly #spec: object;

  /** Of the pods, all have what `spec` says, such as the name of their scheduler; they go to fake nodes, of which `fake-0` has to be there. */
  constructor(plane: ControlPlane, watch: PodWatch, spec: object = {}) {
    this.#plane = plane;
    this.#watch = watch;
    this.#spec = { ...ON_FAKE_NODES.spec, ...spec };
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
    const spec = { ...this.#spec, nodeSelector: labels };
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
      await createPods(
        api,
        ['present', 'made'].map((claim) => this.#withClaim(claim)),
      );
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
    await createPods(api, [this.#withClaim('never')]);
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

  /** The API server crashes while it holds bindings back: no answer comes to them, and Berth reads the pods again. */
  async loseAnswers(outages: Outages): Promise<void> {
    const { api } = this.#plane;
    const held = await HeldBindings.start(api);
    await this.#untilBindingsAreHeld(held);
    const pods = replicas(5, { name: 'unanswered', spec: this.#spec });
    await createPods(api, pods);
    await until('bindings on their way', async () => held.count > pods.length);
    await outages.during(async () => {
      await this.#plane.stopApiServer({ crash: true });
      held.letGo();
      await this.#plane.startApiServer();
    });
    for (const { name } of pods) await this.#watch.bound(name);
    await held.stop();
  }

  /** The API server hears of its own webhooks a little later than whoever made one. */
  async #untilBindingsAreHeld(held: HeldBindings): Promise<void> {
    for (let index = 0; held.count === 0; index += 1) {
      const name = `tries-${index}`;
      await createPods(this.#plane.api, [{ name, spec: this.#spec }]);
      await until(
        `${name} bound or held`,
        async () => held.count > 0 || this.#watch.get(name)?.boundAt !== undefined,
      );
    }
  }

  #withClaim(claim: string): PodOrder {
    const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: claim } }];
    return { name: `with-${claim}`, spec: { ...this.#spec, volumes } };
  }
}
