import type { Metric, Registry } from 'prom-client';

/*
 * Counters and histograms that count in plain numbers and become samples when somebody scrapes. prom-client hashes the labels at every
 * single update, which came to a tenth of what a pod costs.
 */

/** One line of the exposition, as prom-client's registry prints it. */
export interface Sample {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export interface SampleFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'histogram';
  /** All samples as they are at this moment. */
  readonly read: () => Sample[];
}

/** Lets the registry print what somebody else counts. */
export function registerFamily(registry: Registry, { name, help, type, read }: SampleFamily): void {
  const family = { name, help, type, get: async () => ({ name, help, type, values: read() }) };
  // Of a metric the registry uses the name, the type and `get`; its type asks for the methods of prom-client's own classes.
  registry.registerMetric(family as unknown as Metric);
}

export class CounterSeries {
  readonly #labels: Sample['labels'];
  #value = 0;
  /** A series begins with its first update, even one by 0; one without labels is there from the start. */
  #begun: boolean;

  constructor(labels: Sample['labels']) {
    this.#labels = labels;
    this.#begun = Object.keys(labels).length === 0;
  }

  inc(by = 1): void {
    if (!(by >= 0)) throw new RangeError(`a counter cannot go by ${by}`);
    this.#value += by;
    this.#begun = true;
  }

  samples(): Sample[] {
    return this.#begun ? [{ labels: this.#labels, value: this.#value }] : [];
  }
}

export class HistogramSeries {
  readonly #name: string;
  readonly #bounds: readonly number[];
  readonly #labels: Sample['labels'];
  /** Observations by the lowest bound they are within; the last are above all. */
  readonly #counts: number[];
  #sum = 0;

  constructor(name: string, bounds: readonly number[], labels: Sample['labels']) {
    this.#name = name;
    this.#bounds = bounds;
    this.#labels = labels;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    if (!Number.isFinite(value)) throw new RangeError(`a histogram cannot count ${value}`);
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && value > bounds[index]!) index++;
    this.#counts[index]! += 1;
    this.#sum += value;
  }

  /** Buckets add up: each counts what is within its bound. None before the first observation, unless there are no labels. */
  samples(): Sample[] {
    const name = this.#name;
    const labels = this.#labels;
    const samples: Sample[] = [];
    let total = 0;
    this.#counts.forEach((count, index) => {
      total += count;
      const le = this.#bounds[index] ?? '+Inf';
      samples.push({ metricName: `${name}_bucket`, labels: { le, ...labels }, value: total });
    });
    if (total === 0 && Object.keys(labels).length > 0) return [];
    samples.push({ metricName: `${name}_sum`, labels, value: this.#sum });
    samples.push({ metricName: `${name}_count`, labels, value: total });
    return samples;
  }
}
