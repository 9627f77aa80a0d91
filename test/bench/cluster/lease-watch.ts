import type { ApiClient } from '../../controlplane/api-client.js';

interface Lease {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly renewTime?: string };
}

const leasesPath = '/apis/coordination.k8s.io/v1/leases';
/** Of whoever is under measurement. */
const leaseNames: ReadonlySet<string> = new Set(['berth', 'kube-scheduler']);

/** When a scheduler renewed its Lease, as the Lease itself says. */
export class LeaseWatch {
  /** Times of renewal, in milliseconds of the wall clock, in order. */
  readonly #renewals: number[] = [];
  readonly #stop = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  private constructor() {}

  static async start(api: ApiClient): Promise<LeaseWatch> {
    const watch = new LeaseWatch();
    const { resourceVersion } = await api.list(leasesPath);
    watch.#ended = watch.#follow(api, resourceVersion).catch(() => {});
    return watch;
  }

  /** Longest time between two renewals, in seconds; 0 where there were not two. */
  async stop(): Promise<number> {
    this.#stop.abort();
    await this.#ended;
    return longestGap(this.#renewals) / 1000;
  }

  async #follow(api: ApiClient, resourceVersion: string): Promise<void> {
    for await (const { object } of api.watch<Lease>(leasesPath, resourceVersion, this.#stop.signal)) {
      if (!leaseNames.has(object.metadata.name) || object.spec.renewTime === undefined) continue;
      this.#renewals.push(Date.parse(object.spec.renewTime));
    }
  }
}

/** The longest distance between two neighbours; 0 where there are not two. */
export function longestGap(times: readonly number[]): number {
  return Math.max(0, ...times.slice(1).map((time, index) => time - times[index]!));
}
