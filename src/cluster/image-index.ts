import type { NodeImage } from './node.js';

export interface ImageEntry {
  /** What the first node to report the name said; kept until no node has it. */
  readonly sizeBytes: number;
  readonly slots: ReadonlySet<number>;
  /** The index's version when a node last got or lost the image. */
  readonly version: number;
}

interface Entry extends ImageEntry {
  readonly slots: Set<number>;
  version: number;
}

/** Which nodes have which container image. A name's size is that of its first report, as kube-scheduler keeps it. */
export class ImageIndex {
  readonly #byName = new Map<string, Entry>();
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
        if (entry === undefined)
          this.#byName.set(name, { sizeBytes, slots: new Set([slot]), version: this.#version });
        else {
          entry.slots.add(slot);
          entry.version = this.#version;
        }
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
        entry.version = this.#version;
        if (entry.slots.size === 0) this.#byName.delete(name);
      }
    }
  }

  /**
   * As `remove` and `add`, but images that stay count as unchanged: every heartbeat lists them again, each time as the same objects.
   */
  replace(slot: number, old: readonly NodeImage[], next: readonly NodeImage[]): void {
    const isSame = sameList(old, next);
    const kept = isSame ? next : next.filter((image) => old.includes(image));
    if (this.#isSizedByOthers(kept) || (!isSame && (hasNameTwice(old) || hasNameTwice(next)))) {
      this.remove(slot, old);
      this.add(slot, next);
    } else if (!isSame) {
      const changed = (image: NodeImage): boolean => !kept.includes(image);
      this.remove(slot, old.filter(changed));
      this.add(slot, next.filter(changed));
    }
  }

  /** True when one node alone is left with an image whose size another reported: reported anew, it has that node's size. */
  #isSizedByOthers(images: readonly NodeImage[]): boolean {
    for (const { names, sizeBytes } of images) {
      for (const name of names) {
        const entry = this.#byName.get(name);
        if (entry !== undefined && entry.slots.size === 1 && entry.sizeBytes !== sizeBytes) return true;
      }
    }
    return false;
  }

  get(name: string): ImageEntry | undefined {
    return this.#byName.get(name);
  }

  get size(): number {
    return this.#byName.size;
  }
}

function sameList(a: readonly NodeImage[], b: readonly NodeImage[]): boolean {
  return a === b || (a.length === b.length && a.every((image, i) => image === b[i]));
}

/** Then what is removed by one image may have to stay for the other. */
function hasNameTwice(images: readonly NodeImage[]): boolean {
  const seen = new Set<string>();
  for (const { names } of images) {
    for (const name of names) {
      if (seen.has(name)) return true;
      seen.add(name);
    }
  }
  return false;
}
