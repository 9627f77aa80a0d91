import type { Random } from '../../src/random.js';
import type { FaultInjector } from './fault-injector.js';
import type { Incident } from './fault-kinds.js';
import type { PlannedIncident } from './fault-plan.js';
import type { Replica } from './replica.js';
import type { Stage } from './stage.js';
import type { TrialTime } from './trial-time.js';

export interface IncidentOptions {
  readonly stage: Stage;
  readonly replicas: readonly Replica[];
  /** Counts what was done. */
  readonly injector: FaultInjector;
  readonly time: TrialTime;
  readonly random: Random;
  readonly leaseMs: number;
  /** Where time passes as it does: silent watches break that long after a lease, as nobody waits until they are found too silent. */
  readonly healAfterMs: number | undefined;
  /** Who holds the lease now, '' for nobody. */
  readonly leader: () => string;
}

const hourMs = 3_600_000;

/** Does to servers, connections and processes what a plan says, when it says so. */
export class IncidentRunner {
  readonly #options: IncidentOptions;

  constructor(options: IncidentOptions) {
    this.#options = options;
  }

  /** Resolves when all of them were carried out, one after the other. */
  async run(incidents: readonly PlannedIncident[]): Promise<void> {
    const { time, random, replicas } = this.#options;
    for (const incident of incidents) {
      const draw = random();
      const wait = incident.at - time.now();
      if (wait > 0) await time.sleep(wait);
      const replica = replicas[Math.floor(draw * replicas.length)];
      if (replica !== undefined) await this.#carryOut(incident, replica);
    }
  }

  async #carryOut({ kind, ms }: PlannedIncident, replica: Replica): Promise<void> {
    const act = this.#actionFor(kind, ms, replica);
    if (act === undefined) return;
    this.#options.injector.count(kind);
    replica.incidents += 1;
    await act();
  }

  /** Undefined for what cannot be done here. */
  #actionFor(kind: Incident, ms: number, replica: Replica): (() => unknown) | undefined {
    const { proxy } = replica;
    switch (kind) {
      case 'end-watches':
        return () => proxy.endWatches();
      case 'break-connections':
        return () => proxy.breakConnections();
      case 'partition':
        return () => proxy.partition(ms);
      case 'expire-history':
        return async () => {
          await this.#options.stage.expireHistory();
          proxy.breakConnections();
        };
      case 'wall-clock-back':
        return replica.jumpClock && (() => replica.jumpClock?.(-hourMs));
      case 'wall-clock-ahead':
        return replica.jumpClock && (() => replica.jumpClock?.(hourMs));
      case 'kill':
        return () => replica.kill();
      case 'blind-takeover':
        return this.#blindTakeover(ms);
      case 'freeze':
        return replica.freeze && (() => replica.freeze?.(this.#options.leaseMs + ms));
      case 'restart-server':
        return this.#options.stage.restart && (() => this.#restartServer(ms));
    }
  }

  #blindTakeover(ms: number): (() => Promise<void>) | undefined {
    const leader = this.#options.replicas.find(({ proxy }) => proxy.identities.has(this.#options.leader()));
    if (leader === undefined || this.#options.replicas.length < 2) return undefined;
    const candidates = this.#options.replicas.filter((replica) => replica !== leader);
    return async () => {
      for (const { proxy } of candidates) proxy.stallWatches();
      await this.#options.time.sleep(ms);
      await leader.kill();
      this.#healLater(candidates);
    };
  }

  /** A candidate that takes over lists anew by itself; one that does not, as another was faster, has watches that nothing ends. */
  #healLater(candidates: readonly Replica[]): void {
    const { time, leaseMs, healAfterMs } = this.#options;
    if (healAfterMs === undefined) return;
    void time.sleep(2 * leaseMs + healAfterMs).then(() => {
      for (const candidate of candidates) {
        candidate.incidents += 1;
        candidate.proxy.breakConnections();
      }
    });
  }

  async #restartServer(ms: number): Promise<void> {
    for (const replica of this.#options.replicas) replica.incidents += 1;
    await this.#options.stage.restart?.(ms);
  }
}
