import { Gauge, type Registry } from 'prom-client';
import { CounterSeries, HistogramSeries, registerFamily } from './counted-series.js';
import { LabelTree } from './label-tree.js';

/**
 * Typed instruments over prom-client. Label values are positional, and the handle of a label combination is made once:
 * code that runs often keeps the handle and pays for nothing but the update.
 */

export interface CounterHandle {
  inc(by?: number): void;
}

export interface GaugeHandle {
  inc(by?: number): void;
  dec(by?: number): void;
  set(value: number): void;
}

export interface HistogramHandle {
  /** Durations are in seconds. */
  observe(value: number): void;
}

/** One string per label name, in the order of the names. */
export type LabelValues<Labels extends readonly string[]> = { readonly [Index in keyof Labels]: string };

export type Stability = 'STABLE' | 'BETA' | 'ALPHA';

export interface InstrumentOptions<Labels extends readonly string[]> {
  readonly name: string;
  readonly help: string;
  /** How firmly the name is promised; begins the HELP line as in Kubernetes components. @default 'ALPHA' */
  readonly stability?: Stability;
  readonly labels: Labels;
}

export interface HistogramOptions<Labels extends readonly string[]> extends InstrumentOptions<Labels> {
  readonly buckets: readonly number[];
}

export class LabelledCounter<const Labels extends readonly string[]> {
  readonly #series: LabelTree<CounterSeries>;

  constructor(registry: Registry, options: InstrumentOptions<Labels>) {
    const { name, labels } = options;
    this.#series = new LabelTree(labels.length, (values) => new CounterSeries(labelled(labels, values)));
    const read = () => this.#series.all().flatMap((series) => series.samples());
    registerFamily(registry, { name, help: helpOf(options), type: 'counter', read });
  }

  of(...values: LabelValues<Labels>): CounterHandle {
    return this.#series.get(values);
  }
}

export class LabelledHistogram<const Labels extends readonly string[]> {
  readonly #series: LabelTree<HistogramSeries>;

  constructor(registry: Registry, options: HistogramOptions<Labels>) {
    const { name, labels, buckets } = options;
    this.#series = new LabelTree(
      labels.length,
      (values) => new HistogramSeries(name, buckets, labelled(labels, values)),
    );
    const read = () => this.#series.all().flatMap((series) => series.samples());
    registerFamily(registry, { name, help: helpOf(options), type: 'histogram', read });
  }

  of(...values: LabelValues<Labels>): HistogramHandle {
    return this.#series.get(values);
  }
}

/** A gauge is either written through its handles or read from a provider when somebody scrapes; never both. */
export class LabelledGauge<const Labels extends readonly string[]> {
  readonly #handles: LabelTree<GaugeHandle>;
  #read: (() => Iterable<readonly [values: LabelValues<Labels>, value: number]>) | undefined;

  constructor(registry: Registry, options: InstrumentOptions<Labels>) {
    const gauge: Gauge = new Gauge({
      name: options.name,
      help: helpOf(options),
      labelNames: [...options.labels],
      registers: [registry],
      collect: () => {
        if (this.#read === undefined) {
          return;
        }
        gauge.reset();
        for (const [values, value] of this.#read()) {
          gauge.labels(...values).set(value);
        }
      },
    });
    this.#handles = new LabelTree(options.labels.length, (values) => gauge.labels(...values));
  }

  of(...values: LabelValues<Labels>): GaugeHandle {
    return this.#handles.get(values);
  }

  /** All series of this gauge come from `read` from now on, afresh at every scrape. */
  provide(read: () => Iterable<readonly [values: LabelValues<Labels>, value: number]>): void {
    this.#read = read;
  }
}

/** A gauge without labels. */
export class PlainGauge {
  readonly #gauge: LabelledGauge<readonly []>;

  constructor(registry: Registry, options: Omit<InstrumentOptions<readonly []>, 'labels'>) {
    this.#gauge = new LabelledGauge(registry, { ...options, labels: [] });
  }

  set(value: number): void {
    this.#gauge.of().set(value);
  }

  provide(read: () => number): void {
    this.#gauge.provide(() => [[[], read()]]);
  }
}

function helpOf({ stability = 'ALPHA', help }: InstrumentOptions<readonly string[]>): string {
  return `[${stability}] ${help}`;
}

function labelled(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index]!]));
}
