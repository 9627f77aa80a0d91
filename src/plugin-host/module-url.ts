import { fileURLToPath } from 'node:url';

/*
 * A plugin's modules are imported under URLs of their own: the query makes every loading a new instance, and marks frames in stack
 * traces as theirs.
 */

const parameter = 'berth-plugin';
const frame = new RegExp(`(file:[^\\s()]+?)\\?${parameter}=\\d+:(\\d+):(\\d+)`);

/** The URL of a plugin's file in its `generation`th loading. */
export function markUrl(url: string, generation: string): string {
  const marked = new URL(url);
  marked.searchParams.set(parameter, generation);
  return marked.href;
}

/** Of which loading a URL is; undefined when it is not a plugin's. */
export function generationOf(url: string | undefined): string | undefined {
  if (url === undefined || !url.includes(`?${parameter}=`)) return undefined;
  return new URL(url).searchParams.get(parameter) ?? undefined;
}

/** A place in a plugin's file. */
export interface PluginFrame {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Where in a plugin an error comes from, as its stack has it: the innermost place; undefined when no plugin had a part in it. */
export function pluginFrame(error: unknown): PluginFrame | undefined {
  const found = frame.exec(stackOf(error));
  if (found === null) return undefined;
  return { file: fileURLToPath(found[1]!), line: Number(found[2]), column: Number(found[3]) };
}

const anyFrame = /^\s+at (?:.*? \()?(?:async )?(?:file:\/\/)?(\/[^()]*?)(?:\?[^()]*?)?:\d+:\d+\)?$/gm;

/** Paths of all files in the stack of an error; none where it has no stack, or one of Node.js' own functions only. */
export function filesInStack(error: unknown): readonly string[] {
  return Array.from(stackOf(error).matchAll(anyFrame), ([, file]) => file!);
}

/** A stack may be made when it is asked for, and fail over what the error is made of. */
function stackOf(error: unknown): string {
  try {
    return typeof error === 'object' && error !== null && 'stack' in error ? String(error.stack) : '';
  } catch {
    return '';
  }
}
