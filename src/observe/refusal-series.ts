import type { RefusalCause } from '../scheduler/refusal-causes.js';

/** Series of one metric that reasons may make; what comes later is counted as `other`. */
const maximumSeries = 200;

/**
 * Gives a cause the label values that it is counted under. Reasons that name an object (`persistentvolumeclaim "data-7" not found`)
 * lose the name, and plugins from modules, which may say anything, cannot make more series than a scrape can bear.
 */
export class RefusalSeries {
  readonly #known = new Set<string>();

  labels({ plugin, reason }: RefusalCause): readonly [plugin: string, reason: string] {
    const text = reason.replace(/"[^"]*"/g, '"…"');
    const key = `${plugin}\u0000${text}`;
    if (!this.#known.has(key)) {
      if (this.#known.size >= maximumSeries) return [plugin, 'other'];
      this.#known.add(key);
    }
    return [plugin, text];
  }
}
