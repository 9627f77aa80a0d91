/** How often a deed was done, found nothing to be done to, and was refused. */
export interface Count {
  readonly done: number;
  readonly idle: number;
  readonly refused: number;
  /** Of those, how often the API server was away, or the object was no more what it was. */
  readonly excused: number;
}

const nothing: Count = { done: 0, idle: 0, refused: 0, excused: 0 };
/** The object is gone, or has changed; the API server is starting. */
const excusedStatuses: ReadonlySet<number> = new Set([404, 409, 429, 503]);
/** With status 403, for as long as an API server that is starting has not seen all that its admission goes by. */
const notReadyYet = 'not yet ready to handle request';

/** Keeps count of deeds. */
export class Tally<Deed extends string> {
  readonly #counts = new Map<Deed, Count>();
  /** By deed and what was answered: a status, the code of a broken connection. */
  readonly #refusals = new Map<string, number>();

  /** Every kind is listed, also one that never comes up. */
  constructor(deeds: readonly Deed[]) {
    for (const deed of deeds) this.#counts.set(deed, nothing);
  }

  get counts(): ReadonlyMap<Deed, Count> {
    return this.#counts;
  }

  get refusals(): ReadonlyMap<string, number> {
    return this.#refusals;
  }

  /** `wasDone` is false when there was nothing to do it to. */
  ended(deed: Deed, wasDone: boolean): void {
    this.#add(deed, wasDone ? { done: 1 } : { idle: 1 });
  }

  failed(deed: Deed, error: unknown): void {
    const { status, code } = error as { readonly status?: number; readonly code?: string };
    const answer = String(status ?? code ?? error);
    const isExcused =
      status === undefined
        ? code !== undefined
        : excusedStatuses.has(status) || (status === 403 && String(error).includes(notReadyYet));
    this.#add(deed, { refused: 1, excused: isExcused ? 1 : 0 });
    const what = `${deed} ${answer}`;
    this.#refusals.set(what, (this.#refusals.get(what) ?? 0) + 1);
  }

  #add(deed: Deed, more: Partial<Count>): void {
    const { done, idle, refused, excused } = this.#counts.get(deed) ?? nothing;
    this.#counts.set(deed, {
      done: done + (more.done ?? 0),
      idle: idle + (more.idle ?? 0),
      refused: refused + (more.refused ?? 0),
      excused: excused + (more.excused ?? 0),
    });
  }
}

/** Sentences on kinds of deeds that did not come about, so that a run says nothing of how Berth bears them. */
export function faultsIn(counts: ReadonlyMap<string, Count>): string[] {
  return [...counts].flatMap(([deed, { done, refused, excused }]) => {
    if (done === 0) return [`${deed}: was never done`];
    const unexcused = refused - excused;
    return unexcused === 0 ? [] : [`${deed}: was refused ${unexcused} times, and done ${done} times`];
  });
}
