const longestReason = 1_024;
const longestTogether = 65_536;
const leftOut = 'refused by an extender (its reasons are too long to be told)';

/**
 * Reasons end up in the pod's condition, which the API server takes only up to a size: those of one answer are bounded, each and
 * together. Repetitions count once.
 */
export class ReasonTexts {
  readonly #seen = new Set<string>();
  #length = 0;

  bounded(reason: string): string {
    const text = reason.length <= longestReason ? reason : `${reason.slice(0, longestReason - 4)} ...`;
    if (this.#seen.has(text)) return text;
    if (this.#length + text.length > longestTogether) return leftOut;
    this.#seen.add(text);
    this.#length += text.length;
    return text;
  }
}
