import type { Pod } from './workload.js';

/** A pod that its node refused, and the one that came in its place. */
export interface Succession {
  readonly refused: Pod;
  /** As it was seen last; undefined while none has come. */
  readonly successor: Pod | undefined;
}

/** Pairs each pod that failed with the next one that its ReplicaSet creates. */
export class Successions {
  readonly #known = new Set<string>();
  /** As they were seen last, by UID: also those that are gone since. */
  readonly #latest = new Map<string, Pod>();
  readonly #failed = new Set<string>();
  readonly #pairs: { readonly refused: string; successor: string | undefined }[] = [];

  /** To be called after every change, with all pods that are there. */
  see(pods: readonly Pod[]): void {
    for (const pod of pods) {
      const { uid } = pod.metadata;
      this.#latest.set(uid, pod);
      if (!this.#known.has(uid)) this.#place(pod);
      if (pod.status.phase !== 'Failed' || this.#failed.has(uid)) continue;
      this.#failed.add(uid);
      this.#pairs.push({ refused: uid, successor: undefined });
    }
  }

  /** Of pods that one scheduler was to place. */
  of(schedulerName: string): Succession[] {
    return this.#pairs.flatMap(({ refused, successor }) => {
      const pod = this.#latest.get(refused);
      if (pod === undefined || pod.spec.schedulerName !== schedulerName) return [];
      return [{ refused: pod, successor: successor === undefined ? undefined : this.#latest.get(successor) }];
    });
  }

  #place(pod: Pod): void {
    this.#known.add(pod.metadata.uid);
    const owner = ownerOf(pod);
    const open = this.#pairs.find(
      ({ refused, successor }) =>
        successor === undefined && owner !== undefined && ownerOf(this.#latest.get(refused)) === owner,
    );
    if (open !== undefined) open.successor = pod.metadata.uid;
  }
}

/** How a conflict ended, from the one who came in the place of the refused pod. */
export function resolutionOf({ refused, successor }: Succession): string {
  if (successor === undefined) return 'nobody came in its place';
  const [from, to] = [refused.spec.nodeName, successor.spec.nodeName];
  if (to === undefined) return 'its successor found no room';
  const where = to === from ? 'on the same node' : 'elsewhere';
  return successor.status.phase === 'Failed'
    ? `its successor was refused ${where}`
    : `its successor ran ${where}`;
}

function ownerOf(pod: Pod | undefined): string | undefined {
  const owners = pod?.metadata.ownerReferences as readonly { readonly uid: string }[] | undefined;
  return owners?.[0]?.uid;
}
