import type { Random } from '../../src/random.js';
import { seededRandom } from '../../src/random.js';
import type { FrameFault, Incident, RequestClass, RequestFault } from './fault-kinds.js';

/** Requests, or frames of watches, of which a share is treated in one way for a while. Times are real milliseconds from the start. */
export interface FaultRule {
  readonly kind: 'request' | 'frame';
  readonly fault: RequestFault | FrameFault;
  readonly from: number;
  readonly until: number;
  /** Of the requests or frames that fit, between 0 and 1. */
  readonly share: number;
  /** Requests of these classes only; frames come by watches. */
  readonly classes: readonly RequestClass[];
  /** Of this kind of object only; all where left out. */
  readonly resource?: string;
  /** Milliseconds of a delay. */
  readonly ms: number;
  /** No more than this many times. */
  readonly limit: number;
  /** Of the rule's own draws: another rule's do not shift them. */
  readonly seed: number;
}

export interface PlannedIncident {
  readonly kind: Incident;
  readonly at: number;
  /** How long it lasts, where it lasts. */
  readonly ms: number;
}

export interface FaultPlan {
  readonly seed: number;
  /** Faults begin and end within this many real milliseconds. */
  readonly lengthMs: number;
  readonly rules: readonly FaultRule[];
  readonly incidents: readonly PlannedIncident[];
}

interface Recipe {
  readonly kind: 'request' | 'frame';
  readonly fault: RequestFault | FrameFault;
  /** The rule is drawn this much more often than one of weight 1. */
  readonly weight: number;
  readonly share: readonly [number, number];
  readonly classes: readonly (readonly RequestClass[])[];
  readonly limit: number;
}

const reads = ['list', 'watch', 'read'] as const;
const writes = ['bind', 'status', 'evict'] as const;
const any = [...reads, ...writes, 'event', 'lease'] as const;

function request(
  fault: RequestFault,
  classes: readonly (readonly RequestClass[])[],
  options: Partial<Recipe> = {},
): Recipe {
  return { kind: 'request', fault, classes, weight: 1, share: [0.2, 0.8], limit: 12, ...options };
}

function frame(fault: FrameFault, options: Partial<Recipe> = {}): Recipe {
  return {
    kind: 'frame',
    fault,
    classes: [['watch']],
    weight: 1,
    share: [0.02, 0.15],
    limit: 10,
    ...options,
  };
}

/** What rules are made of. Shares are such that a seed makes progress; limits such that it ends. */
const recipes: readonly Recipe[] = [
  request('delay', [['bind'], writes, any], { weight: 2, limit: 40 }),
  request('slow-answer', [['list'], ['bind'], any], { weight: 2, limit: 40 }),
  request('hang', [['bind'], ['status'], ['list'], ['lease'], ['event'], ['read']], { limit: 4 }),
  request('hang-after', [['bind'], ['status'], ['evict']], { limit: 4 }),
  request('reset', [['bind'], ['list'], ['watch'], any], { weight: 2 }),
  request('lose-answer', [['bind'], ['bind'], ['status'], ['evict'], ['lease'], ['event']], { weight: 3 }),
  request('after-504', [['bind'], ['bind'], writes, ['lease']], { weight: 3 }),
  request('after-502', [['bind'], writes], { weight: 1 }),
  request('after-500', [['bind'], ['bind'], writes, ['lease']], { weight: 2 }),
  request('late-commit', [['bind']], { share: [0.1, 0.4], limit: 5 }),
  request('answer-429', [['bind'], ['status'], ['list', 'watch'], any], { weight: 2, limit: 25 }),
  request('answer-500', [['bind'], ['list', 'watch'], any], { limit: 25 }),
  request('answer-503', [['bind'], reads, any], { limit: 25 }),
  request('answer-504', [['bind'], ['list', 'watch']]),
  request('answer-410', [['watch'], ['list', 'watch']], { share: [0.5, 1] }),
  request('html', [['list'], ['watch'], ['bind', 'read']], { limit: 4 }),
  request('cut-answer', [['list'], ['read'], ['bind']], { limit: 6 }),
  request('stale-list', [['list']], { share: [0.5, 1], limit: 4, weight: 2 }),
  frame('duplicate', { share: [0.1, 0.6], limit: 100 }),
  frame('replay', { share: [0.1, 0.4], limit: 60 }),
  frame('swap', { share: [0.1, 0.5], limit: 60 }),
  frame('swallow', { limit: 4 }),
  frame('cut-end'),
  frame('cut-reset'),
  frame('garbage', { limit: 4 }),
  frame('shred', { share: [0.1, 0.6], limit: 40 }),
  frame('stall', { limit: 3 }),
  frame('error-410', { weight: 2 }),
  frame('error-500'),
  frame('error-429', { limit: 4 }),
];

const incidentWeights: readonly (readonly [Incident, number])[] = [
  ['end-watches', 2],
  ['break-connections', 3],
  ['partition', 2],
  ['expire-history', 3],
  ['wall-clock-back', 1],
  ['wall-clock-ahead', 1],
  ['kill', 2],
  ['blind-takeover', 2],
];

export interface PlanOptions {
  readonly seed: number;
  readonly lengthMs: number;
  /** What can happen here, beside what can happen everywhere. */
  readonly incidents?: readonly (readonly [Incident, number])[];
  /** Longest delay, in real milliseconds. */
  readonly maxDelayMs: number;
  /** Faults that take long in real time may be left out. */
  readonly without?: readonly (RequestFault | FrameFault)[];
}

/** The schedule of a seed: the same for the same seed and length. */
export function planFaults(options: PlanOptions): FaultPlan {
  const { seed, lengthMs } = options;
  const random = seededRandom(seed * 2_654_435_761);
  const usable = recipes.filter(({ fault }) => !options.without?.includes(fault));
  const stretches = Math.max(1, Math.round(lengthMs / 2_000));
  const rules = times((3 + pick(random, 6)) * stretches, () =>
    ruleOf(
      drawn(random, usable, ({ weight }) => weight),
      random,
      options,
    ),
  );
  const kinds = [...incidentWeights, ...(options.incidents ?? [])];
  const incidents = times(pick(random, 4) * stretches, () => ({
    kind: drawn(random, kinds, ([, weight]) => weight)[0],
    at: Math.round(random() * lengthMs * 0.9),
    ms: Math.round((0.1 + 0.4 * random()) * Math.min(lengthMs, 2_000)),
  })).sort((a, b) => a.at - b.at);
  const failures = incidents
    .filter(({ kind }) => kind === 'wall-clock-back')
    .map(({ at }) => failingBindings(at, random));
  const inOrder = [...rules, ...failures].sort((a, b) => a.from - b.from);
  return { seed, lengthMs, rules: inOrder, incidents };
}

/** Pods that wait out a backoff when the clock jumps back: an hour of waiting, if backoffs went by the wall clock. */
function failingBindings(at: number, random: Random): FaultRule {
  return {
    kind: 'request',
    fault: 'answer-500',
    from: Math.max(0, at - 250),
    until: at + 30,
    share: 0.9,
    classes: ['bind'],
    ms: 0,
    limit: 80,
    seed: Math.floor(random() * 2 ** 32),
  };
}

function ruleOf(recipe: Recipe, random: Random, { lengthMs, maxDelayMs }: PlanOptions): FaultRule {
  const from = Math.round(random() * lengthMs * 0.85);
  const longest = Math.min(lengthMs, 4_000);
  const until = Math.min(lengthMs, Math.round(from + (0.1 + 0.6 * random()) * longest));
  const [low, high] = recipe.share;
  const onlyOne = random() < 0.3;
  return {
    kind: recipe.kind,
    fault: recipe.fault,
    from,
    until,
    share: low + (high - low) * random(),
    classes: recipe.classes[pick(random, recipe.classes.length)]!,
    ...(onlyOne ? { resource: random() < 0.7 ? 'pods' : 'nodes' } : {}),
    ms: Math.round((0.1 + 0.9 * random()) * maxDelayMs),
    limit: recipe.limit,
    seed: Math.floor(random() * 2 ** 32),
  };
}

/** One line for each rule and incident, in the order of time. */
export function describePlan({ rules, incidents }: FaultPlan): string[] {
  const lines = [
    ...rules.map((rule) => ({ at: rule.from, text: describeRule(rule) })),
    ...incidents.map(({ kind, at, ms }) => ({
      at,
      text: `${span(at)}            ${kind}${lasts(kind) ? ` for ${ms} ms` : ''}`,
    })),
  ];
  return lines.sort((a, b) => a.at - b.at).map(({ text }) => text);
}

function describeRule({ fault, from, until, share, classes, resource, kind, ms, limit }: FaultRule): string {
  const what = kind === 'frame' ? 'frames' : classes.join('/');
  const whose = resource === undefined ? '' : ` of ${resource}`;
  const howLong =
    fault === 'delay' || fault === 'slow-answer' || fault === 'late-commit' ? ` (${ms} ms)` : '';
  return `${span(from)} to ${span(until)}   ${fault}${howLong} for ${Math.round(share * 100)} % of ${what}${whose}, ${limit} times at most`;
}

function lasts(kind: Incident): boolean {
  return kind === 'partition' || kind === 'blind-takeover' || kind === 'freeze' || kind === 'restart-server';
}

function span(ms: number): string {
  return `${(ms / 1000).toFixed(2).padStart(6)} s`;
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

/** A whole number below `count`. */
export function pick(random: Random, count: number): number {
  return Math.min(count - 1, Math.floor(random() * count));
}

function drawn<T>(random: Random, items: readonly T[], weightOf: (item: T) => number): T {
  const total = items.reduce((sum, item) => sum + weightOf(item), 0);
  let rest = random() * total;
  for (const item of items) {
    rest -= weightOf(item);
    if (rest < 0) return item;
  }
  return items.at(-1)!;
}
