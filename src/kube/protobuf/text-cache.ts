const slots = 4096;
/** Longer texts rarely come twice. */
const longest = 64;

/**
 * Turns bytes into texts, and gives the same text again for bytes that come again, as names, labels and amounts do from object to object:
 * comparing is cheaper than making, and leaves nothing to be collected.
 */
export class TextCache {
  readonly #texts: string[] = new Array<string>(slots).fill('');

  /** The text of UTF-8 bytes from `start` to `end`. */
  read(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length === 0) return '';
    if (length > longest) return bytes.toString('utf8', start, end);
    let hash = length;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
    const slot = (hash ^ (hash >>> 12)) & (slots - 1);
    const known = this.#texts[slot] as string;
    if (isWritten(known, bytes, start, length)) return known;
    const text = bytes.toString('utf8', start, end);
    this.#texts[slot] = text;
    return text;
  }
}

/** False for texts beyond ASCII, which are as many units as bytes only by chance. */
function isWritten(text: string, bytes: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f || unit !== bytes[start + i]) return false;
  }
  return true;
}
