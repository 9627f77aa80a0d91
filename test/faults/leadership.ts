import type { ClientEvidence, Evidence } from './evidence.js';

/** A time during which a lease named one holder. */
export interface Term {
  readonly holder: string;
  readonly from: number;
  readonly until: number;
  /** Last time the lease was renewed. */
  readonly renewedAt: number;
}

/** Who led when, by the lease as the API server showed it. */
export function termsOf({ history, leaderElection }: Evidence): Term[] {
  const terms: { holder: string; from: number; until: number; renewedAt: number }[] = [];
  for (const { object, at } of history.leases.changes) {
    if (object !== undefined && object.metadata.name !== leaderElection?.name) continue;
    const holder = object?.spec?.holderIdentity ?? '';
    const last = terms.at(-1);
    if (last !== undefined && last.holder === holder) {
      last.renewedAt = at;
      continue;
    }
    if (last !== undefined) last.until = at;
    terms.push({ holder, from: at, until: Number.POSITIVE_INFINITY, renewedAt: at });
  }
  return terms;
}

/** When a generation began to decide: its election, or its first request where there is none. */
export function ledFrom(evidence: Evidence, client: ClientEvidence, generation: number): number {
  const first = client.log.find((record) => record.generation === generation)?.at ?? 0;
  if (evidence.leaderElection === undefined) return first;
  const own = termsOf(evidence).find(
    ({ holder }) => holder !== '' && client.identities.get(holder) === generation,
  );
  return own?.from ?? Number.POSITIVE_INFINITY;
}
