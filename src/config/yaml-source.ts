import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseAllDocuments,
  visit,
  type YAMLMap,
} from 'yaml';
import type { FieldPath, FieldProblem } from './field-problem.js';
import { goLikeTags } from './yaml-tags.js';

/** A place in a file, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type ParsedYaml =
  | { readonly ok: true; readonly source: YamlSource }
  | {
      readonly ok: false;
      /** What is wrong: it is no YAML, there is nothing in it, or there is more than one document. */
      readonly kind: 'syntax' | 'empty' | 'documents';
      readonly reason: string;
      readonly position: Position;
    };

export type PlainData =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly reason: string };

/** YAML (or JSON) text that still knows where each of its fields stands. */
export class YamlSource {
  /** May be edited: what was there before keeps its place. */
  readonly document: Document.Parsed;
  readonly #text: string;
  readonly #lines: LineCounter;

  private constructor(document: Document.Parsed, text: string, lines: LineCounter) {
    this.document = document;
    this.#text = text;
    this.#lines = lines;
  }

  /** Refuses what is no YAML, and more than one document; one position, the first, is enough to go on. */
  static parse(text: string): ParsedYaml {
    const lines = new LineCounter();
    const documents = parseAllDocuments(text, {
      lineCounter: lines,
      // Told with all other problems, by `duplicates`.
      uniqueKeys: false,
      version: '1.1',
      merge: true,
      customTags: goLikeTags,
    });
    const [document, ...others] = Array.isArray(documents) ? documents : [];
    if (document === undefined || isEmpty(document)) {
      return { ok: false, kind: 'empty', reason: 'the file is empty', position: { line: 1, column: 1 } };
    }
    const [error] = document.errors;
    if (error !== undefined) {
      const [reason = error.message] = error.message.split(/ at line \d/);
      return { ok: false, kind: 'syntax', reason: reason.trim(), position: positionOf(lines, error.pos[0]) };
    }
    const { version, explicit } = document.directives.yaml;
    if (explicit && version !== '1.1') {
      return {
        ok: false,
        kind: 'syntax',
        reason: 'found incompatible YAML document',
        position: { line: 1, column: 1 },
      };
    }
    const second = others.find((other) => !isEmpty(other));
    if (second !== undefined) {
      const reason = 'more than one document in the file';
      return { ok: false, kind: 'documents', reason, position: positionOf(lines, second.range[0]) };
    }
    let dangling: ParsedYaml | undefined;
    visit(document, {
      Alias: (_key, alias) => {
        if (alias.resolve(document) !== undefined) return undefined;
        const reason = `unknown anchor '${alias.source}' referenced`;
        dangling = {
          ok: false,
          kind: 'syntax',
          reason,
          position: positionOf(lines, rangeStart(alias) ?? 0),
        };
        return visit.BREAK;
      },
    });
    return dangling ?? { ok: true, source: new YamlSource(document, text, lines) };
  }

  /** The data as plain objects; not when aliases blow it up beyond reason, or something is merged that is no mapping. */
  toPlainData(): PlainData {
    try {
      return { ok: true, data: this.toData() };
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /** As `toPlainData`, but throws. */
  toData(): unknown {
    return this.document.toJS({ maxAliasCount: 100 });
  }

  /** The document as text, with the comments it came with; lists are indented if the first one was. */
  toText(): string {
    const [, key = '', item = ''] =
      /^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n(?:\s*#[^\n]*\n)*( *)- /m.exec(this.#text) ?? [];
    return this.document.toString({
      lineWidth: 0,
      indentSeq: item.length > key.length,
      flowCollectionPadding: false,
    });
  }

  /** Where a field stands: its key if it has one, else its value. `undefined` when the file does not have it. */
  positionOf(path: FieldPath): Position | undefined {
    let node: unknown = this.document.contents;
    let offset = rangeStart(node);
    for (const part of path) {
      const container = this.#resolved(node);
      if (isMap(container)) {
        const pair = container.items.find(({ key }) => keyOf(key) === String(part));
        if (pair === undefined) {
          return undefined;
        }
        offset = rangeStart(pair.key) ?? offset;
        node = pair.value;
      } else if (isSeq(container) && typeof part === 'number' && part < container.items.length) {
        node = container.items[part];
        offset = rangeStart(node) ?? offset;
      } else {
        return undefined;
      }
    }
    return offset === undefined ? { line: 1, column: 1 } : positionOf(this.#lines, offset);
  }

  /** Fields that are given more than once, in one mapping or in one that is merged into it (`<<`). */
  duplicates(): (FieldProblem & { readonly position: Position })[] {
    const found: (FieldProblem & { readonly position: Position })[] = [];
    const walk = (node: unknown, path: FieldPath): void => {
      if (isSeq(node)) {
        node.items.forEach((item, index) => {
          walk(item, [...path, index]);
        });
      } else if (isMap(node)) {
        const seen = new Map<string, number>();
        for (const { key, offset } of this.#keysOf(node)) {
          const before = seen.get(key);
          if (before !== undefined) {
            const { line } = positionOf(this.#lines, before);
            const text = `key ${JSON.stringify(key)} already set in map`;
            const suggestion = `it is set in line ${line}: keep one of the two`;
            const position = positionOf(this.#lines, offset);
            found.push({ path: [...path, key], text, suggestion, position });
          }
          seen.set(key, before ?? offset);
        }
        for (const { key, value } of node.items) walk(value, [...path, keyOf(key)]);
      }
    };
    walk(this.document.contents, []);
    return found;
  }

  /** Keys of a mapping in the order in which they are set, with those merged into it; the offset is that of the key. */
  *#keysOf(map: YAMLMap): Generator<{ readonly key: string; readonly offset: number }> {
    for (const { key, value } of map.items as Pair[]) {
      const offset = rangeStart(key) ?? 0;
      if (!isMerge(key)) {
        yield { key: keyOf(key), offset };
        continue;
      }
      const merged = this.#resolved(value);
      for (const source of isSeq(merged) ? merged.items : [merged]) {
        const resolved = this.#resolved(source);
        if (!isMap(resolved)) continue;
        for (const pair of resolved.items) yield { key: keyOf(pair.key), offset };
      }
    }
  }

  #resolved(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.document) : node;
  }
}

/** Nothing, or nothing but comments: what follows a last `---`. */
function isEmpty({ contents, errors }: Document.Parsed): boolean {
  const nothing = contents === null || (isScalar(contents) && contents.value === null && !contents.source);
  return nothing && errors.length === 0;
}

function isMerge(key: unknown): boolean {
  return isScalar(key) && (key.value === '<<' || typeof key.value === 'symbol') && key.type === 'PLAIN';
}

function keyOf(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

function rangeStart(node: unknown): number | undefined {
  const range = (node as { readonly range?: readonly number[] | null } | null)?.range;
  return range?.[0];
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}
