import { transformSync } from '@swc/wasm-typescript';

/** A module that cannot be read as TypeScript or JavaScript. Its message is `file:line:column: what; how to mend it`. */
export class UnreadableModule extends Error {
  constructor(file: string, line: number, column: number, text: string) {
    super(`${file}:${line}:${column}: ${text}`);
    this.name = 'UnreadableModule';
  }
}

/** How to write otherwise what is more than a type. */
const cures: readonly (readonly [construct: RegExp, cure: string])[] = [
  [/enum/, 'write an object with "as const" instead'],
  [/parameter property/, 'declare the field and assign it in the constructor'],
  [/namespace|module declaration/, 'write a module of its own'],
  [/import equals|export assignment/, 'write an ES import or export'],
];

/** Replaces types by blanks, so that every line and column stays where it was. Throws `UnreadableModule`. */
export function stripTypes(source: string, file: string): string {
  try {
    return transformSync(source, { mode: 'strip-only', module: true, filename: file }).code;
  } catch (thrown) {
    const { code, message = String(thrown), startLine = 1, startColumn = 0 } = thrown as SwcError;
    const cure = cures.find(([construct]) => construct.test(message))?.[1];
    const text =
      code === 'UnsupportedSyntax'
        ? `${message.replace(/\.$/, '')}: types are erased, nothing is compiled${cure === undefined ? '' : `; ${cure}`}`
        : message;
    throw new UnreadableModule(file, startLine, startColumn + 1, text);
  }
}

interface SwcError {
  readonly code?: string;
  readonly message?: string;
  readonly startLine?: number;
  /** From 0. */
  readonly startColumn?: number;
}
