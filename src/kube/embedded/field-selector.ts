import type { KubeObject } from './kube-object.js';
import { badRequest } from './status-error.js';

/** Reads the value a field selector compares, as a string; absent fields are empty. */
export type FieldReader = (object: KubeObject) => string;

export type FieldReaders = Readonly<Record<string, FieldReader>>;

interface Term {
  readonly read: FieldReader;
  readonly value: string;
  readonly equal: boolean;
}

function unescapeValue(value: string): string {
  return value.replace(/\\([\\,=])/g, '$1');
}

/** Commas inside values are escaped with a backslash. */
function splitTerms(text: string): string[] {
  return (text.match(/(?:\\.|[^,\\])+/g) ?? []).filter((term) => term !== '');
}

/** Compiles a `fieldSelector` query parameter; undefined when it selects everything. Throws 400 when it cannot be. */
export function parseFieldSelector(
  text: string,
  readers: FieldReaders,
): ((object: KubeObject) => boolean) | undefined {
  const terms = splitTerms(text).map((term): Term => {
    const match = /^\s*([^=!]+?)\s*(==|=|!=)(.*)$/s.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', operator, value = ''] = match;
    const read = Object.hasOwn(readers, field) ? readers[field] : undefined;
    if (read === undefined) {
      const known = Object.keys(readers);
      throw badRequest(
        known.length > 2
          ? `field label not supported: ${field}`
          : `"${field}" is not a known field selector: only ${known.map((name) => `"${name}"`).join(', ')}`,
      );
    }
    return { read, value: unescapeValue(value), equal: operator !== '!=' };
  });
  if (terms.length === 0) return undefined;
  return (object) => terms.every(({ read, value, equal }) => (read(object) === value) === equal);
}
