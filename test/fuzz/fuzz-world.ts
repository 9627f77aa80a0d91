import { setMaxListeners } from 'node:events';
import { Berth } from '../../src/berth.js';
import { ProjectionError } from '../../src/cluster/projection-error.js';
import { loadConfiguration } from '../../src/config/load.js';
import type { Disruption } from '../../src/kube/disruption.js';
import { MalformedError } from '../../src/kube/watch-event.js';
import { openFence } from '../../src/kube/write-fence.js';
import { type Logger, silentLogger } from '../../src/observe/logger.js';
import { Metrics } from '../../src/observe/metrics.js';
import { seededRandom } from '../../src/random.js';
import type { Outcome } from '../../src/scheduler/scheduler.js';
import { ManualClock } from '../manual-clock.js';
import { failsForOthers } from './alone.js';
import type { ScriptedServer } from './scripted-server.js';

/** Something that must not happen, whatever the objects are. */
export interface Fault {
  readonly what: string;
  /** `kind namespace/name`, where it is known. */
  readonly object: string;
}

/** Profiles of this name are the default ones; the golden objects name the second. */
const schedulerNames = ['berth', 'default-scheduler'];
/** A program's own words for its own mistakes: no plugin says so of a pod. */
const ownMistake =
  /is not a function|is not iterable|is not defined|Cannot |undefined|Maximum call stack|Invalid (array|count|string|time)|out of range|is not on slot|Reduce of empty|BigInt|Assertion|\bNaN\b|circular structure|malformed|TypeError|RangeError|SyntaxError|prototype/;

/**
 * Refusals of the server, and volumes of a pod on a node that cannot be told apart: whose volumes have to be counted there fails as
 * well, as in kube-scheduler.
 */
function isExcused(message: string): boolean {
  return /^running (?:(?:Pre)?Bind plugin|"NodeVolumeLimits" filter plugin: )/.test(message);
}

/** A pod whose status is broken at the server cannot be given the condition that an eviction begins with: that is for its owner to mend. */
function isRefusedVictim(message: string, facts: Readonly<Record<string, unknown>> = {}): boolean {
  return message === 'could not make room for the pod' && facts.error === '422 Invalid';
}

let metrics: Metrics | undefined;

/** One for all worlds of the process: an observer of garbage collections outlives its `close`. */
function sharedMetrics(): Metrics {
  metrics ??= new Metrics();
  return metrics;
}

/** Berth as it is, on a clock that stands still until it is moved, watching a scripted server. */
export class FuzzWorld {
  readonly clock = new ManualClock();
  readonly berth: Berth;
  readonly faults: Fault[] = [];
  /** Objects that the projection turned down, by kind of collection. */
  readonly refused: Record<string, number> = {};
  readonly disruptions: Record<string, number> = {};
  readonly outcomes: Record<string, number> = {};
  /** Texts of attempts that ended with an error, names left out. */
  readonly errors: Record<string, number> = {};
  readonly warnings: Record<string, number> = {};
  /** Why a pod is pending, by `namespace/name`. */
  readonly pending = new Map<string, string>();
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>[] = [];
  readonly #stray = (error: unknown): void => this.#fault(`stray: ${textOf(error)}`, '');

  constructor(server: ScriptedServer, options: { readonly seed: number }) {
    const document = {
      apiVersion: 'kubescheduler.config.k8s.io/v1',
      kind: 'KubeSchedulerConfiguration',
      leaderElection: { leaderElect: false },
      profiles: schedulerNames.map((schedulerName) => ({ schedulerName })),
    };
    const configuration = loadConfiguration(
      'fuzz',
      {},
      {
        allowDefaultLease: true,
        readFile: () => JSON.stringify(document),
      },
    );
    this.berth = new Berth({
      transport: server,
      configuration,
      fence: openFence,
      metrics: sharedMetrics(),
      logger: this.#logger(),
      clock: this.clock,
      random: seededRandom(options.seed),
      onOutcome: (outcome) => this.#concluded(outcome),
    });
    setMaxListeners(0, this.#stop.signal);
    process.on('unhandledRejection', this.#stray);
    process.on('uncaughtException', this.#stray);
  }

  /** Watches; resolves when everything is listed. */
  async watch(): Promise<void> {
    this.#running.push(this.berth.watch({ signal: this.#stop.signal }));
    for (let turn = 0; turn < 10_000 && !this.berth.synced; turn += 1) await this.turns(1);
    if (!this.berth.synced) throw new Error('the watches did not synchronise');
  }

  schedule(): void {
    this.#running.push(this.berth.schedule({ signal: this.#stop.signal }));
  }

  /** Lets what is under way go on, at the same time of the clock. */
  async turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    const ended = Promise.allSettled(this.#running);
    let open = true;
    void ended.then(() => {
      open = false;
    });
    while (open) await this.clock.advance(10_000);
    this.berth.abandon();
    process.off('unhandledRejection', this.#stray);
    process.off('uncaughtException', this.#stray);
  }

  #fault(what: string, object: string): void {
    this.faults.push({ what, object });
  }

  #concluded(outcome: Outcome): void {
    const { namespace, name } = outcome.pod;
    const pod = `${namespace}/${name}`;
    const kind = outcome.kind === 'pending' ? outcome.reason : outcome.kind;
    count(this.outcomes, kind);
    if (outcome.kind !== 'pending') {
      this.pending.delete(pod);
      return;
    }
    // Others than those that are looked for later would be kept for ever.
    if (namespace === 'control') this.pending.set(pod, outcome.message);
    if (outcome.reason !== 'SchedulerError') return;
    count(this.errors, anonymous(outcome.message));
    const object = `Pod ${pod.slice(0, 200)}`;
    if (ownMistake.test(anonymous(outcome.message)))
      this.#fault(`an attempt broke off: ${outcome.message.slice(0, 500)}`, object);
    else if (!isExcused(outcome.message) && failsForOthers(outcome.pod, this.berth))
      this.#fault(`an attempt failed because of another object: ${outcome.message.slice(0, 500)}`, object);
  }

  #disturbed(resource: string, disruption: Disruption): void {
    count(this.disruptions, disruption.kind);
    if (disruption.kind === 'unprojectable') {
      count(this.refused, resource);
      const { error, object } = disruption;
      if (!(error instanceof ProjectionError || error instanceof MalformedError))
        this.#fault(
          `the projection broke down: ${textOf(error)}`,
          `${resource} ${object.namespace}/${object.name}`,
        );
    }
    // The server answers every request of a reflector, and closes a watch now and then: whatever else fails, fails on this side.
    if (disruption.kind === 'error' && !disruption.error.message.startsWith('very short watch'))
      this.#fault(`a watch failed: ${textOf(disruption.error)}`, resource);
    if (disruption.kind === 'handler-failed') {
      const { object, operation, error } = disruption;
      this.#fault(
        `a handler failed at ${operation}: ${textOf(error)}`,
        `${resource} ${object?.namespace}/${object?.name}`,
      );
    }
  }

  #logger(): Logger {
    const logger: Logger = {
      ...silentLogger,
      isEnabled: () => false,
      warn: (message, facts) => {
        const { resource, ...disruption } = (facts ?? {}) as { resource?: string };
        if (message === 'the watch was disturbed')
          this.#disturbed(resource!, disruption as unknown as Disruption);
        else count(this.warnings, message);
      },
      error: (message, facts) => {
        if (message === 'failed to schedule the pod; trying again' || isRefusedVictim(message, facts))
          count(this.warnings, message);
        else this.#fault(`${message}: ${JSON.stringify(facts).slice(0, 500)}`, '');
      },
      child: () => logger,
    };
    return logger;
  }
}

/** For whoever wants the process to end. */
export function closeMetrics(): void {
  metrics?.close();
  metrics = undefined;
}

export function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** Without what is different from pod to pod. */
function anonymous(message: string): string {
  return message
    .slice(0, 2_000)
    .replace(/"((?:[^"\\]|\\.)*)"/g, (quoted, text: string) =>
      /^[A-Z][A-Za-z]+$/.test(text) ? quoted : '"…"',
    )
    .replace(/-?\d{3,}/g, '#')
    .replace(/\S{60,}/g, '…')
    .slice(0, 160);
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).slice(0, 1_500) : String(error);
}
