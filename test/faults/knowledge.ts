interface Note {
  readonly at: number;
  readonly version: number;
}

interface Gap {
  readonly version: number;
  /** When a list made up for it. */
  until: number;
}

/** What a client had been told of one kind of object at some moment. */
export interface Known {
  /** Everything up to this version, */
  readonly version: number;
  /** but for the changes of these versions. */
  readonly missing: ReadonlySet<number>;
}

/**
 * What a client has been told, and when, as the proxy in front of it saw it: only what it was told can be held against it. Times are
 * milliseconds of one clock.
 */
export class Knowledge {
  readonly #notes = new Map<string, Note[]>();
  readonly #gaps = new Map<string, Gap[]>();
  readonly #pauses: { readonly from: number; readonly until: number }[] = [];

  /** The client was given a frame of this version, or a list. */
  told(resource: string, note: Note, options: { readonly byList?: boolean } = {}): void {
    if (options.byList)
      for (const gap of this.#gapsOf(resource))
        if (gap.version <= note.version) gap.until = Math.min(gap.until, note.at);
    const notes = this.#notesOf(resource);
    if (note.version > (notes.at(-1)?.version ?? 0)) notes.push(note);
  }

  /** A change was kept from the client, although it is told of later ones. */
  withheld(resource: string, version: number): void {
    this.#gapsOf(resource).push({ version, until: Number.POSITIVE_INFINITY });
  }

  /** The client could not take in anything meanwhile. */
  paused(from: number, until: number): void {
    this.#pauses.push({ from, until });
  }

  /** Newest version told; 0 before anything was. */
  newest(resource: string): number {
    return this.#notesOf(resource).at(-1)?.version ?? 0;
  }

  at(resource: string, time: number): Known {
    const pause = this.#pauses.find(({ from, until }) => time >= from && time <= until);
    const moment = pause?.from ?? time;
    const notes = this.#notesOf(resource);
    // Before its first list a client decides nothing.
    const version = (notes.findLast(({ at }) => at <= moment) ?? notes[0])?.version ?? 0;
    const missing = this.#gapsOf(resource)
      .filter(({ until }) => until > moment)
      .map((gap) => gap.version);
    return { version, missing: new Set(missing) };
  }

  #notesOf(resource: string): Note[] {
    return entry(this.#notes, resource);
  }

  #gapsOf(resource: string): Gap[] {
    return entry(this.#gaps, resource);
  }
}

function entry<T>(map: Map<string, T[]>, key: string): T[] {
  let found = map.get(key);
  if (found === undefined) {
    found = [];
    map.set(key, found);
  }
  return found;
}
