import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import type { FieldPath } from './field-problem.js';

/** A place in a file, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type ParsedYaml =
  | { readonly ok: true; readonly source: YamlSource }
  | { readonly ok: false; readonly reason: string; readonly position: Position };

/** YAML (or JSON) text that still knows where each of its fields stands. */
export class YamlSource {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  private constructor(document: Document.Parsed, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /** Refuses duplicate keys and more than one document; one position, the first, is enough to go on. */
  static parse(text: string): ParsedYaml {
    const lines = new LineCounter();
    const [document, second] = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, merge: true });
    if (document === undefined) {
      return { ok: false, reason: 'the file is empty', position: { line: 1, column: 1 } };
    }
    const [error] = document.errors;
    if (error !== undefined) {
      const [reason = error.message] = error.message.split(/ at line \d/);
      return { ok: false, reason: reason.trim(), position: positionOf(lines, error.pos[0]) };
    }
    if (second !== undefined) {
      const reason = 'more than one document in the file';
      return { ok: false, reason, position: positionOf(lines, second.range[0]) };
    }
    return { ok: true, source: new YamlSource(document, lines) };
  }

  /** The data as plain objects. Throws when aliases blow it up beyond reason. */
  toData(): unknown {
    return this.#document.toJS({ maxAliasCount: 100 });
  }

  /** Where a field stands: its key if it has one, else its value. `undefined` when the file does not have it. */
  positionOf(path: FieldPath): Position | undefined {
    let node: unknown = this.#document.contents;
    let offset = rangeStart(node);
    for (const part of path) {
      const container = isAlias(node) ? node.resolve(this.#document) : node;
      if (isMap(container)) {
        const pair = container.items.find(({ key }) => (isScalar(key) ? key.value : key) === part);
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
}

function rangeStart(node: unknown): number | undefined {
  const range = (node as { readonly range?: readonly number[] | null } | null)?.range;
  return range?.[0];
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}
