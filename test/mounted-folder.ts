import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A folder as a kubelet mounts a ConfigMap: each version in a folder of its own, `..data` leads to the one that counts, and the files
 * are links through it. An update is one rename.
 */
export class MountedFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'berth-mounted-'));
  #versions = 0;
  #linked = new Set<string>();

  constructor(files: Readonly<Record<string, string>>) {
    this.update(files);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Puts another version of the whole in place, all at once. */
  update(files: Readonly<Record<string, string>>): void {
    this.#versions += 1;
    const version = `..2026_01_01_00_00_0${this.#versions}.${this.#versions}`;
    mkdirSync(join(this.path, version));
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(this.path, version, name), content);
    symlinkSync(version, join(this.path, '..data_tmp'));
    renameSync(join(this.path, '..data_tmp'), join(this.path, '..data'));
    for (const name of this.#linked) if (!(name in files)) rmSync(this.file(name));
    for (const name of Object.keys(files))
      if (!this.#linked.has(name)) symlinkSync(join('..data', name), this.file(name));
    this.#linked = new Set(Object.keys(files));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
