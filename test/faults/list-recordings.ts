import { allowsFormat, decodeMetadata, formatOf, type WireBody } from './wire-format.js';

interface Recording {
  readonly version: number;
  readonly list: WireBody;
}

/** Which list is looked for. */
interface Wanted {
  /** It is older than this. */
  readonly version: number;
  /** The `Accept` header of whoever asks: it gets no format that it could not have got from the server. */
  readonly accept: string | undefined;
  /** Between 0 and 1; says which of those that fit. */
  readonly draw: number;
}

const kept = 8;

/** Lists as they were answered, to be answered once more when they are out of date. */
export class ListRecordings {
  readonly #byQuery = new Map<string, Recording[]>();

  /** Takes in a list that came in one piece; returns its version, 0 for anything else. */
  record(url: URL, list: WireBody): number {
    const { version, continues } = readList(list);
    if (version === 0 || continues || url.searchParams.has('continue')) return version;
    const recordings = this.#byQuery.get(keyOf(url)) ?? [];
    recordings.push({ version, list });
    if (recordings.length > kept) recordings.splice(1, 1);
    this.#byQuery.set(keyOf(url), recordings);
    return version;
  }

  /** In the format that it came in. */
  find(url: URL, { version, accept, draw }: Wanted): WireBody | undefined {
    const fitting = (this.#byQuery.get(keyOf(url)) ?? []).filter(
      ({ version: recorded, list }) => recorded < version && allowsFormat(accept, formatOf(list.contentType)),
    );
    return fitting[Math.floor(draw * fitting.length)]?.list;
  }
}

function keyOf(url: URL): string {
  return `${url.pathname}?${url.searchParams.get('fieldSelector') ?? ''}`;
}

function readList(list: WireBody): { readonly version: number; readonly continues: boolean } {
  try {
    const metadata = decodeMetadata(list) as { resourceVersion?: string; continue?: string } | undefined;
    return { version: Number(metadata?.resourceVersion ?? 0), continues: (metadata?.continue ?? '') !== '' };
  } catch {
    return { version: 0, continues: false };
  }
}
