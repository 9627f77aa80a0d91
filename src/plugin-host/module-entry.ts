/** A plugin's first module: where it is looked for, and which loading this is. */
export interface EntryRequest {
  /** A relative or absolute path, or the name of a package. */
  readonly specifier: string;
  readonly folder: string;
  readonly generation: string;
}

const scheme = 'berth-plugin-entry:';

/** Under this global symbol the program keeps what plugins import from 'berth'. */
export const apiSymbolName = 'berth.plugin-api';

/** The specifier under which a plugin's first module is imported. */
export function entrySpecifier(request: EntryRequest): string {
  return `${scheme}${encodeURIComponent(JSON.stringify(request))}`;
}

/** What `entrySpecifier` was given; undefined for any other specifier. */
export function entryOf(specifier: string): EntryRequest | undefined {
  if (!specifier.startsWith(scheme)) return undefined;
  return JSON.parse(decodeURIComponent(specifier.slice(scheme.length))) as EntryRequest;
}
