import type { ClusterHistory } from './cluster-history.js';
import type { Knowledge } from './knowledge.js';
import type { RequestRecord } from './request-log.js';

/** One place where a Berth runs, and what was seen of those that ran there one after the other. */
export interface ClientEvidence {
  readonly name: string;
  readonly log: readonly RequestRecord[];
  /** By lease holder: which generation it was. */
  readonly identities: ReadonlyMap<string, number>;
  /** What a generation had been told. */
  knowledge(generation: number): Knowledge;
  /** Things done to its connections as a whole. */
  readonly incidents: number;
}

/** Everything that is judged. Times are milliseconds of one clock. */
export interface Evidence {
  readonly history: ClusterHistory;
  readonly clients: readonly ClientEvidence[];
  /** UIDs of pods that somebody else bound. */
  readonly boundByOther: ReadonlySet<string>;
  readonly schedulerName: string;
  readonly leaderElection: LeaseTerms | undefined;
  /** How many of Berth's minutes the trial lasted. */
  readonly minutes: number;
  /** Decisions may be this much older than the request that they led to, beside what waiting requests explain. */
  readonly slackMs: number;
}

export interface LeaseTerms {
  readonly name: string;
  /** In the time of the records. */
  readonly durationMs: number;
}

/** How one invariant fared. */
export interface Verdict {
  readonly invariant: string;
  /** A sentence for each breach; none when it held. */
  readonly breaches: readonly string[];
  /** How many things it was judged by: one that was never tried would hold as well. */
  readonly cases: number;
  /** What was looked at, for the report. */
  readonly note: string;
}
