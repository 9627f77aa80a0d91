/** One scrape of `/metrics`. */
export class Exposition {
  readonly #lines: readonly string[];

  constructor(text: string) {
    this.#lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  }

  /** Sum of the samples of a metric whose labels include those given; 0 when there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.#samples(name)
      .filter((line) => Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`)))
      .reduce((sum, line) => sum + amountOf(line), 0);
  }

  /** Samples of a metric by one of their labels. */
  by(name: string, label: string): Map<string, number> {
    const sums = new Map<string, number>();
    for (const line of this.#samples(name)) {
      const key = new RegExp(`[{,]${label}="([^"]*)"`).exec(line)?.[1] ?? '';
      sums.set(key, (sums.get(key) ?? 0) + amountOf(line));
    }
    return sums;
  }

  #samples(name: string): string[] {
    return this.#lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  }
}

function amountOf(line: string): number {
  return Number(line.slice(line.lastIndexOf(' ') + 1));
}
