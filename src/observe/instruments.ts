import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

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
  readonly #handles: HandleCache<Labels, CounterHandle>;

  constructor(registry: Registry, options: InstrumentOptions<Labels>) {
    const counter = new Counter(configuration(registry, options));
    this.#handles = new HandleCache((values) => counter.labels(...values));
  }

  of(...values: LabelValues<Labels>): CounterHandle {
    return this.#handles.get(values);
  }
}

export class LabelledHistogram<const Labels extends readonly string[]> {
  readonly #handles: HandleCache<Labels, HistogramHandle>;

  constructor(registry: Registry, options: HistogramOptions<Labels>) {
    const histogram = new Histogram({
      ...configuration(registry, options),
      buckets: [...options.buckets],
    });
    this.#handles = new HandleCache((values) => histogram.labels(...values));
  }

  of(...values: LabelValues<Labels>): HistogramHandle {
    return this.#handles.get(values);
  }
}

/** A gauge is either written through its handles or read from a provider when somebody scrapes; never both. */
export class LabelledGauge<const Labels extends readonly string[]> {
  readonly #handles: HandleCache<Labels, GaugeHandle>;
  #read: (() => Iterable<readonly [values: LabelValues<Labels>, value: number]>) | undefined;

  constructor(registry: Registry, options: InstrumentOptions<Labels>) {
    const gauge: Gauge = new Gauge({
      ...configuration(registry, options),
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
    this.#handles = new HandleCache((values) => gauge.labels(...values));
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

function configuration(registry: Registry, options: InstrumentOptions<readonly string[]>) {
  return {
    name: options.name,
    help: `[${options.stability ?? 'ALPHA'}] ${options.help}`,
    labelNames: [...options.labels],
    registers: [registry],
  };
}

class HandleCache<Labels extends readonly string[], Handle> {
  readonly #handles = new Map<string, Handle>();
  readonly #make: (values: string[]) => Handle;

  constructor(make: (values: string[]) => Handle) {
    this.#make = make;
  }

  get(values: LabelValues<Labels>): Handle {
    const texts = values as readonly string[];
    const key = texts.length === 1 ? (texts[0] as string) : texts.join('\u0000');
    let handle = this.#handles.get(key);
    if (handle === undefined) {
      handle = this.#make([...texts]);
      this.#handles.set(key, handle);
    }
    return handle;
  }
}
