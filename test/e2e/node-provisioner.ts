import { setTimeout as sleep } from 'node:timers/promises';
import { ApiAnswerError, type ApiClient } from '../controlplane/api-client.js';
import { CLAIMS, type Claim, createVolume, SELECTED_NODE } from './storage-objects.js';

const PROVISIONER = 'volume.kubernetes.io/storage-provisioner';

/** What a provisioner does about a claim for which a node was selected. */
export type Provisioning =
  | 'make'
  /** It cannot: the scheduler has to select again. */
  | 'refuse';

export type ProvisioningRule = (claim: Claim, node: string) => Promise<Provisioning>;

/**
 * Makes volumes that can be used on one node alone, as provisioners of real storage do: it acts on claims that the volume
 * controller has handed to it and for which the scheduler has selected a node, and leaves the binding to that controller.
 */
export class NodeProvisioner {
  /** `<claim> on <node>` for all that was asked of it, each once. */
  readonly asked = new Set<string>();
  readonly name: string;
  readonly #api: ApiClient;
  readonly #rule: ProvisioningRule;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(api: ApiClient, name: string, rule: ProvisioningRule = async () => 'make') {
    this.#api = api;
    this.name = name;
    this.#rule = rule;
  }

  start(): this {
    this.#running = this.#follow();
    return this;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const { items, resourceVersion } = await this.#api.list<Claim>(CLAIMS);
        for (const claim of items) await this.#consider(claim);
        for await (const { type, object } of this.#api.watch<Claim>(CLAIMS, resourceVersion, signal)) {
          if (type === 'ERROR') break;
          if (type === 'ADDED' || type === 'MODIFIED') await this.#consider(object);
        }
      } catch {
        await sleep(100);
      }
    }
  }

  async #consider(claim: Claim): Promise<void> {
    const { [PROVISIONER]: provisioner, [SELECTED_NODE]: node } = claim.metadata.annotations ?? {};
    if (provisioner !== this.name || node === undefined || claim.spec.volumeName !== undefined) return;
    this.asked.add(`${claim.metadata.name} on ${node}`);
    const answer = await this.#rule(claim, node);
    await (answer === 'make' ? this.#make(claim, node) : this.#refuse(claim)).catch(unlessTooLate);
  }

  async #make({ metadata, spec }: Claim, node: string): Promise<void> {
    await createVolume(this.#api, {
      name: `made-${metadata.uid}`,
      storageClass: spec.storageClassName ?? '',
      storage: spec.resources.requests.storage,
      accessMode: spec.accessModes[0] ?? '',
      claim: { name: metadata.name, uid: metadata.uid },
      driver: this.name,
      provisionedBy: this.name,
      node,
    });
  }

  async #refuse({ metadata: { name, resourceVersion } }: Claim): Promise<void> {
    await this.#api.patch(`${CLAIMS}/${name}`, {
      metadata: { resourceVersion, annotations: { [SELECTED_NODE]: null } },
    });
  }
}

/** The claim was changed, or its volume made, since this version of it was sent: a later one follows. */
function unlessTooLate(error: unknown): void {
  if (!(error instanceof ApiAnswerError && error.status === 409)) throw error;
}
