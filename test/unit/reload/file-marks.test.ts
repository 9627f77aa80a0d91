import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { areEqual, type FileMarks, markFiles } from '../../../src/reload/file-marks.js';
import { MountedFolder } from '../../mounted-folder.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-marks-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function markOf(name: string): Promise<FileMarks> {
  return markFiles([{ path: join(folder, name), kind: 'file' }]);
}

function markAll(): Promise<FileMarks> {
  return markFiles([{ path: folder, kind: 'folder' }]);
}

/** True when the marks taken before and after differ. */
async function changes(mark: () => Promise<FileMarks>, change: () => void): Promise<boolean> {
  const before = await mark();
  change();
  return !areEqual(before, await mark());
}

describe('the marks of a file', () => {
  it('stay as they are while nothing happens', async () => {
    writeFileSync(join(folder, 'a.yaml'), 'one');
    expect(
      await changes(
        () => markOf('a.yaml'),
        () => {},
      ),
    ).toBe(false);
  });

  it('change when it is written, comes, or goes', async () => {
    const mark = () => markOf('a.yaml');
    const path = join(folder, 'a.yaml');
    expect(await changes(mark, () => writeFileSync(path, 'one'))).toBe(true);
    expect(await changes(mark, () => writeFileSync(path, 'three'))).toBe(true);
    expect(await changes(mark, () => rmSync(path))).toBe(true);
  });

  it('change when a mounted ConfigMap does, where only a link beside the file is moved', async () => {
    const mounted = new MountedFolder({ 'a.yaml': 'one' });
    const mark = () => markFiles([{ path: mounted.file('a.yaml'), kind: 'file' }]);
    expect(await changes(mark, () => mounted.update({ 'a.yaml': 'two' }))).toBe(true);
    mounted.remove();
  });
});

describe('the marks of a folder', () => {
  it('change with any module in it, and in folders below', async () => {
    const write = (name: string, content: string) => () => writeFileSync(join(folder, name), content);
    mkdirSync(join(folder, 'lib'));
    expect(await changes(markAll, write('a.ts', 'one'))).toBe(true);
    expect(await changes(markAll, write('lib/b.ts', 'one'))).toBe(true);
    expect(await changes(markAll, write('lib/table.json', '{}'))).toBe(true);
    expect(await changes(markAll, write('lib/b.ts', 'three'))).toBe(true);
  });

  it('do not change with what cannot be imported, with packages, or with old versions of a mounted volume', async () => {
    for (const name of ['node_modules', '..2026_01_01']) mkdirSync(join(folder, name));
    const change = (): void => {
      for (const name of ['notes.txt', 'node_modules/x.js', '..2026_01_01/a.ts'])
        writeFileSync(join(folder, name), 'x');
    };
    expect(await changes(markAll, change)).toBe(false);
  });

  it('are those of an empty one where there is none', async () => {
    expect(await markFiles([{ path: join(folder, 'gone'), kind: 'folder' }])).toEqual(
      new Map([[join(folder, 'gone'), '']]),
    );
  });
});
