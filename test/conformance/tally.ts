/** What is compared, in the order of reporting. */
export const subjects = [
  'plugin lists',
  'node accounting',
  'requests',
  'pods',
  'narrowing',
  'skipped plugins',
  'node verdicts',
  'reasons',
  'rejectors',
  'raw scores',
  'norm scores',
  'weighted scores',
  'totals',
  'best sets',
  'messages',
  'preemption',
  'victims',
  'pod classes',
] as const;

export type Subject = (typeof subjects)[number];

export interface Count {
  agree: number;
  disagree: number;
}

export interface Disagreement {
  readonly file: string;
  readonly profile: string;
  readonly subject: Subject;
  readonly pod?: string | undefined;
  readonly node?: string | undefined;
  readonly detail?: string | undefined;
  readonly expected: unknown;
  readonly got: unknown;
}

export interface Place {
  readonly pod?: string;
  readonly node?: string;
  readonly detail?: string;
}

/** Counts of one run, by profile and subject, with every disagreement in full. */
export class Tally {
  readonly counts = new Map<string, Map<Subject, Count>>();
  readonly disagreements: Disagreement[] = [];
  files = 0;
}

/** Where the comparisons of one file are entered. */
export class FileTally {
  readonly #tally: Tally;
  readonly #file: string;
  readonly #profile: string;

  constructor(tally: Tally, file: string, profile: string) {
    this.#tally = tally;
    this.#file = file;
    this.#profile = profile;
    if (!tally.counts.has(profile)) {
      tally.counts.set(profile, new Map(subjects.map((subject) => [subject, { agree: 0, disagree: 0 }])));
    }
    tally.files += 1;
  }

  /** Equal as JSON with sorted keys: agreement. */
  compare(subject: Subject, expected: unknown, got: unknown, place: Place = {}): boolean {
    const equal = canonical(expected) === canonical(got);
    if (equal) this.#count(subject).agree += 1;
    else this.disagree(subject, expected, got, place);
    return equal;
  }

  disagree(subject: Subject, expected: unknown, got: unknown, place: Place = {}): void {
    this.#count(subject).disagree += 1;
    this.#tally.disagreements.push({
      file: this.#file,
      profile: this.#profile,
      subject,
      ...place,
      expected,
      got,
    });
  }

  #count(subject: Subject): Count {
    return this.#tally.counts.get(this.#profile)!.get(subject)!;
  }
}

function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
