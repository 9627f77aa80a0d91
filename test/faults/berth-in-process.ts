import { setMaxListeners } from 'node:events';
import { Berth } from '../../src/berth.js';
import type { NodeTable } from '../../src/cluster/node-table.js';
import { loadConfiguration } from '../../src/config/load.js';
import { ApiClient } from '../../src/kube/api-client.js';
import { loadCredentials } from '../../src/kube/credentials.js';
import { LeaseElector } from '../../src/kube/lease-elector.js';
import { LeaseFence, openFence } from '../../src/kube/write-fence.js';
import { createLogger, type Logger, silentLogger } from '../../src/observe/logger.js';
import { Metrics } from '../../src/observe/metrics.js';
import { seededRandom } from '../../src/random.js';
import type { BelievedState } from './cache-comparison.js';
import { FastClock } from './fast-clock.js';
import { leaseName } from './trial.js';
import type { TrialTime } from './trial-time.js';
import { ours } from './workload.js';

export interface InProcessOptions {
  readonly url: string;
  readonly time: TrialTime;
  readonly identity: string;
  readonly seed: number;
  readonly leaderElect: boolean;
  readonly verbose: boolean;
}

/** How much faster time passes: for reflectors, queue and backoffs; for requests and the lease, which real sockets have to keep up with. */
export const schedulingSpeed = 50;
/** In Berth's milliseconds: more often than in production, so that a trial sees it. */
const checkEveryMs = 60_000;
export const requestSpeed = 10;

/** Longer than the default in real time would be at this speed: a busy machine must not lose it by accident. */
const leaseTiming = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };
/** What the lease's holder is believed for, in real milliseconds. */
export const leaseRealMs = leaseTiming.leaseDurationMs / requestSpeed;

/** A whole Berth with its own connections and clock, put together as the command does it, within this process. */
export class BerthInProcess {
  readonly clock: FastClock;
  readonly #options: InProcessOptions;
  readonly #metrics = new Metrics({ process: false });
  readonly #clients: readonly ApiClient[];
  readonly #berth: Berth;
  readonly #fence: LeaseFence;
  readonly #logger: Logger;
  readonly #stopWatching = new AbortController();
  readonly #stopScheduling = new AbortController();
  readonly #stopElection = new AbortController();
  /** Resolves when it has ended by itself: it lost its lease, or failed. */
  readonly ended: Promise<string>;

  constructor(options: InProcessOptions) {
    this.#options = options;
    const { url, time, seed, leaderElect, verbose } = options;
    this.clock = new FastClock(time, schedulingSpeed);
    const requestClock = new FastClock(time, requestSpeed);
    const newClient = (): ApiClient =>
      new ApiClient(loadCredentials({ server: url }), { qps: -1, clock: requestClock });
    const [client, events, lease] = [newClient(), newClient(), newClient()];
    this.#clients = [client, events, lease];
    this.#fence = new LeaseFence(undefined, () => BigInt(Math.floor(requestClock.monotonic() * 1e6)));
    this.#logger = verbose ? createLogger({ level: 'info', format: 'text' }) : silentLogger;
    this.#berth = new Berth({
      transport: client,
      eventTransport: events,
      configuration: loadConfiguration(undefined, { schedulerName: ours, leaderElect: false }),
      fence: leaderElect ? this.#fence : openFence,
      metrics: this.#metrics,
      logger: this.#logger,
      clock: this.clock,
      random: seededRandom(seed),
    });
    // Every request and every loop listens to them: that many listeners are no leak.
    for (const { signal } of [this.#stopWatching, this.#stopScheduling, this.#stopElection])
      setMaxListeners(0, signal);
    this.ended = this.#run(lease, requestClock);
  }

  /** What it believes of the cluster. */
  believes(): BelievedState {
    const { cluster, queue } = this.#berth;
    const { active, backoff, unschedulable, gated } = queue.counts;
    return {
      placed: new Map(Array.from(cluster.pods(), ({ uid, nodeName }) => [uid, nodeName])),
      waiting: {
        has: (uid) => queue.has(uid),
        size: active + backoff + unschedulable + gated + queue.inFlightPods,
      },
      nodes: versionsOf(cluster.nodes),
    };
  }

  /** What must be zero when nothing is going on. */
  unfinished(): Readonly<Record<string, number>> {
    const { cluster, queue } = this.#berth;
    return {
      'assumed pods': cluster.assumedCount,
      'pods in flight': queue.inFlightPods,
      'events in flight': queue.inFlightEvents,
    };
  }

  /** Where it stands, in one line: for the report of a trial that failed. */
  describe(): string {
    const counts = Object.entries(this.#berth.queue.counts).map(([name, count]) => `${count} ${name}`);
    const mayWrite = !this.#options.leaderElect || this.#fence.mayWrite();
    return `${this.#options.identity}: ${counts.join(', ')}, ${mayWrite ? 'may write' : 'may not write'}`;
  }

  async metrics(): Promise<string> {
    return (await this.#metrics.render()).body;
  }

  /** The orderly end, as on SIGTERM. */
  async stop(): Promise<void> {
    this.#stopScheduling.abort();
    await this.ended;
  }

  /** As far as the API server can see, kill -9: nothing more is sent and nothing is handed back. */
  async kill(): Promise<void> {
    await this.#cutOff();
    this.#stopScheduling.abort();
    this.#stopElection.abort();
    await this.ended;
  }

  async #cutOff(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  async #run(leaseClient: ApiClient, clock: FastClock): Promise<string> {
    const { signal } = this.#stopWatching;
    const watch = this.#berth.watch({ signal });
    const checking = this.#berth.checkItself({ everyMs: checkEveryMs, signal });
    try {
      return await Promise.race([this.#work(leaseClient, clock), watch.then(() => 'the watch ended')]);
    } catch (error) {
      return `failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    } finally {
      this.#berth.abandon();
      this.#stopElection.abort();
      this.#stopScheduling.abort();
      this.#stopWatching.abort();
      await Promise.all([watch, checking]).catch(() => undefined);
      this.#metrics.close();
      await this.#cutOff();
    }
  }

  async #work(leaseClient: ApiClient, clock: FastClock): Promise<string> {
    const { signal } = this.#stopScheduling;
    while (!this.#berth.synced && !signal.aborted)
      await this.clock.sleep(100, { signal }).catch(() => undefined);
    if (!this.#options.leaderElect) {
      await this.#berth.schedule({ signal });
      return 'stopped';
    }
    let acquired!: () => void;
    const elected = new Promise<void>((resolve) => {
      acquired = resolve;
    });
    const settings = {
      namespace: 'kube-system',
      name: leaseName,
      identity: this.#options.identity,
      ...leaseTiming,
    };
    const election = new LeaseElector(leaseClient, settings, this.#fence, {
      clock,
      onEvent: (event) => {
        if (event.kind === 'acquired') acquired();
      },
    }).run({ signal: this.#stopElection.signal });
    const aborted = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    await Promise.race([elected, aborted, election]);
    const scheduling = this.#berth.catchUp({ signal }).then(() => this.#berth.schedule({ signal }));
    const first = await Promise.race([scheduling.then(() => 'stopped' as const), election]);
    if (first === 'lost') {
      // The process would end at once, with whatever it was doing.
      this.#berth.abandon();
      this.#stopScheduling.abort();
      await scheduling.catch(() => undefined);
      return 'lost the lease';
    }
    this.#stopElection.abort();
    await election;
    return 'stopped';
  }
}

function versionsOf(nodes: NodeTable): Map<string, string> {
  const { slots, length } = nodes.rows();
  const versions = new Map<string, string>();
  for (let index = 0; index < length; index++) {
    const { name, resourceVersion } = nodes.nodeAt(slots[index]!)!;
    versions.set(name, resourceVersion);
  }
  return versions;
}
