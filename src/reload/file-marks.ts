import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** Something on disk that a configuration rests on. */
export interface WatchedPath {
  readonly path: string;
  /** Of a folder all modules count, also those in folders inside it, packages left out. */
  readonly kind: 'file' | 'folder';
}

/** What tells one state of watched paths from another, by path. */
export type FileMarks = ReadonlyMap<string, string>;

const moduleExtensions: ReadonlySet<string> = new Set(['.ts', '.mts', '.js', '.mjs', '.json']);
/** A folder of plugins is small; whoever points to a large one shall not pay for it every second. */
const maxFiles = 500;
const maxDepth = 4;

/**
 * Marks what is there now. Links are followed: a mounted ConfigMap changes by a link that points elsewhere, while the files that it
 * led to stay as they are. Never rejects: what cannot be looked at has a mark of its own.
 */
export async function markFiles(paths: readonly WatchedPath[]): Promise<FileMarks> {
  const marks = await Promise.all(
    paths.map(async ({ path, kind }) => {
      return [path, kind === 'file' ? await markOf(path) : await markFolder(path)] as const;
    }),
  );
  return new Map(marks);
}

export function areEqual(some: FileMarks, others: FileMarks): boolean {
  return some.size === others.size && [...some].every(([path, mark]) => others.get(path) === mark);
}

async function markFolder(folder: string): Promise<string> {
  const files = await modulesIn(folder, maxDepth);
  const marks = await Promise.all(
    files.slice(0, maxFiles).map(async (file) => `${file} ${await markOf(file)}`),
  );
  return marks.join('\n');
}

async function modulesIn(folder: string, depth: number): Promise<string[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      // Where a mounted volume keeps its versions: the links beside them lead to the one that counts.
      if (entry.name.startsWith('..') || entry.name === 'node_modules') return [];
      if (entry.isDirectory()) return depth > 1 ? modulesIn(path, depth - 1) : [];
      return moduleExtensions.has(extname(entry.name)) ? [path] : [];
    }),
  );
  return found.flat().sort();
}

async function markOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs } = await stat(path);
    return `${dev}:${ino}:${size}:${mtimeMs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}
