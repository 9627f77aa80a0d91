import type { NodeImage } from './node.js';

interface ImageEntry {
  /** What the first node to report the name said; kept until no node has it. */
  readonly sizeBytes: number;
  readonly slots: Set<number>;
}

/** Which nodes have which container image. A name's size is that of its first report, as kube-scheduler keeps it. */
export class ImageIndex {
  readonly #byName = new Map<string, ImageEntry>();
  #version = 0;

  /** Grows when some node has an image more or less. */
  get version(): number {
    return this.#version;
  }

  add(slot: number, images: readonly NodeImage[]): void {
    if (images.length > 0) this.#version += 1;
    for (const { names, sizeBytes } of images) {
      for (const name of names) {
        const entry = this.#byName.get(name);
        if (entry === undefined) this.#byName.set(name, { sizeBytes, slots: new Set([slot]) });
        else entry.slots.add(slot);
      }
    }
  }

  remove(slot: number, images: readonly NodeImage[]): void {
    if (images.length > 0) this.#version += 1;
    for (const { names } of images) {
      for (const name of names) {
        const entry = this.#byName.get(name);
        if (entry === undefined) continue;
        entry.slots.delete(slot);
        if (entry.slots.size === 0) this.#byName.delete(name);
      }
    }
  }

  get(name: string): { readonly sizeBytes: number; readonly slots: ReadonlySet<number> } | undefined {
    return this.#byName.get(name);
  }

  get size(): number {
    return this.#byName.size;
  }
}
