import type { ClientEvidence, Evidence, Verdict } from './evidence.js';
import { type Term, termsOf } from './leadership.js';
import type { RequestRecord } from './request-log.js';

/** Between a write's arrival at the proxy and what the checker hears of the lease, at most. */
const noticeMs = 150;
/** List and watch requests of one kind of object that nobody has to explain, each minute. */
const readsPerMinute = 12;
/** …and at the start. */
const firstReads = 12;
/** What one disturbance may cost in requests. */
const readsPerDisturbance = 4;
const writesPerDisturbance = 8;
/** Bindings, conditions and evictions of one pod that nobody has to explain, in five minutes or less. */
const writesPerPod = 12;
/** Events about it, and about the lease, likewise: each refusal with another version of the pod is one, and its first repetition another. */
const eventsPerPod = 16;

/** Says whether Berth kept to its lease and was modest, whatever happened. */
export function auditConduct(evidence: Evidence): Verdict[] {
  return [leadershipVerdict(evidence), requestsVerdict(evidence)];
}

function isWrite({ class: kind }: RequestRecord): boolean {
  return kind === 'bind' || kind === 'status' || kind === 'evict';
}

function leadershipVerdict(evidence: Evidence): Verdict {
  const invariant = 'nothing is written after the lease is lost';
  const { leaderElection, clients } = evidence;
  if (leaderElection === undefined) return { invariant, breaches: [], cases: 0, note: 'no leader election' };
  const terms = termsOf(evidence);
  const breaches: string[] = [];
  let writes = 0;
  for (const client of clients) {
    for (const record of client.log.filter(isWrite)) {
      writes += 1;
      const term = termAt(terms, record.at);
      const own = term !== undefined && client.identities.get(term.holder) === record.generation;
      if (own || nearOwnTerm(terms, client, record)) continue;
      const by =
        term === undefined || term.holder === '' ? 'nobody leads' : `${ownerOf(clients, term.holder)} leads`;
      breaches.push(
        `${client.name}#${record.generation} sent ${record.method} ${record.name} (${record.class}) while ${by}`,
      );
    }
  }
  return { invariant, breaches, cases: writes, note: `${writes} writes in ${terms.length} terms` };
}

/** Which process a holder was. */
function ownerOf(clients: readonly ClientEvidence[], holder: string): string {
  const owner = clients.find(({ identities }) => identities.has(holder));
  return owner === undefined ? holder : `${owner.name}#${owner.identities.get(holder)}`;
}

function termAt(terms: readonly Term[], at: number): Term | undefined {
  return terms.findLast(({ from }) => from <= at);
}

/** The lease may have changed hands a moment ago, or be about to be seen as ours. */
function nearOwnTerm(terms: readonly Term[], client: ClientEvidence, record: RequestRecord): boolean {
  return terms.some(
    ({ holder, from, until }) =>
      client.identities.get(holder) === record.generation &&
      record.at >= from - noticeMs &&
      record.at <= until + noticeMs,
  );
}

function requestsVerdict(evidence: Evidence): Verdict {
  const breaches: string[] = [];
  let total = 0;
  for (const client of evidence.clients) {
    total += client.log.length;
    const generations = Math.max(1, new Set(client.log.map(({ generation }) => generation)).size);
    const reads = grouped(
      client.log.filter((record) => record.class === 'list' || record.class === 'watch'),
      ({ resource }) => resource,
    );
    for (const [resource, records] of reads) {
      const disturbed = records.filter(({ fault }) => fault !== undefined).length + client.incidents;
      const allowed =
        (firstReads + readsPerMinute * evidence.minutes) * generations +
        readsPerDisturbance * (disturbed + brokenWatches(records));
      if (records.length > allowed)
        breaches.push(
          `${client.name} listed and watched ${resource} ${records.length} times, ${Math.round(allowed)} are explained`,
        );
    }
    const writes = client.log.filter(isWrite);
    const written = new Set(writes.map(({ namespace, name }) => `${namespace}/${name}`));
    const spans = Math.max(1, evidence.minutes / 5);
    const events = client.log.filter((record) => record.class === 'event');
    // A new leader that refuses a pod for the reason that its status names already writes an event and no status.
    const toldOf = new Set(written);
    for (const { namespace, about } of events) if (about !== '') toldOf.add(`${namespace}/${about}`);
    for (const [what, records, perPod, { size: pods }] of [
      ['wrote', writes, writesPerPod, written],
      ['wrote events', events, eventsPerPod, toldOf],
    ] as const) {
      const disturbed = records.filter(({ fault, code }) => fault !== undefined || code === 409).length;
      const allowed =
        perPod * (pods + 1) * spans * (what === 'wrote' ? 1 : generations) + writesPerDisturbance * disturbed;
      if (records.length > allowed)
        breaches.push(
          `${client.name} ${what} ${records.length} times for ${pods} pods, ${Math.round(allowed)} are explained`,
        );
    }
  }
  const invariant = 'requests are bounded';
  return {
    invariant,
    breaches,
    cases: total,
    note: `${total} requests in ${evidence.minutes.toFixed(1)} of Berth's minutes`,
  };
}

/** Watches that ended, which takes one more request each. */
function brokenWatches(records: readonly RequestRecord[]): number {
  return (
    records.filter(({ class: kind, endedAt }) => kind === 'watch' && endedAt !== undefined).length /
    readsPerDisturbance
  );
}

function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
