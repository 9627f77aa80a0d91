import { setMaxListeners } from 'node:events';
import { Berth } from '../berth.js';
import type { Clock } from '../clock.js';
import { loadConfiguration } from '../config/load.js';
import { openFence } from '../kube/write-fence.js';
import { silentLogger } from '../observe/logger.js';
import { Metrics } from '../observe/metrics.js';
import { seededRandom } from '../random.js';
import type { Outcome } from '../scheduler/scheduler.js';
import { makeNode, makePod, schedulerName } from './repertoire.js';
import { Stage } from './stage.js';

export interface RehearsalOptions {
  readonly clock: Clock;
  /** @default 900 */
  readonly pods?: number;
  /** @default 1_500 */
  readonly limitMs?: number;
  readonly signal: AbortSignal;
}

const nodes = 400;
/** Few enough that other work of the process has its turn in between. */
const podsAtOnce = 50;
const syncCheckMs = 2;

/**
 * Schedules made-up pods to made-up nodes, so that the code of all rooms is compiled before the first real pod comes: Node.js interprets
 * what it has not seen often, ten times slower. A scheduler of its own does it, and nothing of it is to be seen anywhere.
 * Resolves to the number of pods, when these are done, the time is over, or the signal fires.
 */
export async function rehearse({
  clock,
  pods = 900,
  limitMs = 1_500,
  signal,
}: RehearsalOptions): Promise<number> {
  const rehearsal = new Rehearsal(clock);
  const end = (): void => rehearsal.end();
  const limit = new AbortController();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  void clock.sleep(limitMs, { signal: limit.signal }).then(end, () => undefined);
  try {
    return await rehearsal.run(pods);
  } finally {
    limit.abort();
    signal.removeEventListener('abort', end);
  }
}

class Rehearsal {
  readonly #clock: Clock;
  readonly #stage = new Stage({ nodes: Array.from({ length: nodes }, (_, index) => makeNode(index)) });
  readonly #metrics = new Metrics({ process: false });
  readonly #end = new AbortController();
  readonly #berth: Berth;
  /** Names of pods that nothing was decided about yet. */
  readonly #undecided = new Set<string>();
  #decided = 0;
  #allDecided: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
    setMaxListeners(0, this.#end.signal);
    this.#berth = new Berth({
      transport: this.#stage,
      configuration: loadConfiguration(undefined, { schedulerName, leaderElect: false }),
      fence: openFence,
      metrics: this.#metrics,
      logger: silentLogger,
      clock,
      random: seededRandom(1),
      onOutcome: (outcome) => this.#note(outcome),
    });
  }

  end(): void {
    this.#end.abort();
    this.#allDecided();
  }

  async run(pods: number): Promise<number> {
    try {
      await Promise.all([this.#berth.watch({ signal: this.#end.signal }), this.#decide(pods)]);
      return this.#decided;
    } finally {
      this.#end.abort();
      this.#berth.abandon();
      this.#metrics.close();
    }
  }

  async #decide(pods: number): Promise<void> {
    const { signal } = this.#end;
    while (!this.#berth.synced && !signal.aborted) await this.#clock.sleep(syncCheckMs);
    const show = this.#show(pods).then(() => this.#end.abort());
    await Promise.all([this.#berth.schedule({ signal }), show]);
  }

  /** Shows pods by batches, each when the one before it was decided about. */
  async #show(pods: number): Promise<void> {
    for (let first = 0; first < pods && !this.#end.signal.aborted; first += podsAtOnce) {
      const batch = Array.from(
        { length: Math.min(podsAtOnce, pods - first) },
        (_, at) => `pod-${first + at}`,
      );
      for (const [at, name] of batch.entries()) this.#stage.add(name, makePod(name, first + at));
      await this.#untilDecided(batch);
    }
  }

  #untilDecided(names: readonly string[]): Promise<void> {
    for (const name of names) this.#undecided.add(name);
    return new Promise((resolve) => {
      this.#allDecided = resolve;
      if (this.#end.signal.aborted) resolve();
    });
  }

  #note({ pod }: Outcome): void {
    if (!this.#undecided.delete(pod.name)) return;
    this.#decided += 1;
    if (this.#undecided.size === 0) this.#allDecided();
  }
}
