interface Recording {
  readonly version: number;
  readonly body: Buffer;
}

const kept = 8;

/** Lists as they were answered, to be answered once more when they are out of date. */
export class ListRecordings {
  readonly #byQuery = new Map<string, Recording[]>();

  /** Takes in a list that came in one piece; returns its version, 0 for anything else. */
  record(url: URL, body: Buffer): number {
    const { version, continues } = readList(body);
    if (version === 0 || continues || url.searchParams.has('continue')) return version;
    const recordings = this.#byQuery.get(keyOf(url)) ?? [];
    recordings.push({ version, body });
    if (recordings.length > kept) recordings.splice(1, 1);
    this.#byQuery.set(keyOf(url), recordings);
    return version;
  }

  /** A list older than `version`; `draw`, between 0 and 1, says which. */
  olderThan(url: URL, version: number, draw: number): Buffer | undefined {
    const older = (this.#byQuery.get(keyOf(url)) ?? []).filter((recording) => recording.version < version);
    return older[Math.floor(draw * older.length)]?.body;
  }
}

function keyOf(url: URL): string {
  return `${url.pathname}?${url.searchParams.get('fieldSelector') ?? ''}`;
}

function readList(body: Buffer): { readonly version: number; readonly continues: boolean } {
  try {
    const { metadata } = JSON.parse(body.toString('utf8')) as {
      metadata?: { resourceVersion?: string; continue?: string };
    };
    return { version: Number(metadata?.resourceVersion ?? 0), continues: (metadata?.continue ?? '') !== '' };
  } catch {
    return { version: 0, continues: false };
  }
}
