import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, seededRandom } from '../../src/random.js';
import { auditBindings } from './binding-audit.js';
import { ClusterHistory } from './cluster-history.js';
import { auditConditions } from './condition-audit.js';
import { auditConduct } from './conduct-audit.js';
import type { Evidence, Verdict } from './evidence.js';
import { FaultInjector } from './fault-injector.js';
import type { FrameFault, Incident, RequestFault } from './fault-kinds.js';
import { type FaultPlan, planFaults } from './fault-plan.js';
import { FaultProxy } from './fault-proxy.js';
import { type FinalState, livenessVerdict, overcommitted, waitingWithoutReason } from './final-state.js';
import { IncidentRunner } from './incident-runner.js';
import type { Replica } from './replica.js';
import type { Stage } from './stage.js';
import { figuresOf, type TrialFigures } from './trial-figures.js';
import type { TrialTime } from './trial-time.js';
import { ours, planWorkload } from './workload.js';
import { WorkloadDriver } from './workload-driver.js';

/** How time passes in a trial, and what can be done in it. */
export interface Pace {
  readonly newTime: () => TrialTime;
  /** Berth's milliseconds in one real one. */
  readonly speed: number;
  /** Real milliseconds within which everything has come to rest after the faults: the bound that is judged. */
  readonly settleMs: number;
  /** How often it is looked whether everything has come to rest. */
  readonly pollMs: number;
  /** Real milliseconds from a decision to its request on a busy machine. */
  readonly slackMs: number;
  /** Longest delay of a request. */
  readonly maxDelayMs: number;
  /** A change that was swallowed is followed by a forced list after so long; where it is not, the self-check has to find it. */
  readonly healAfterMs: number | undefined;
  /** What the lease's holder is believed for, in real milliseconds. */
  readonly leaseMs: number;
  /** Faults that would take longer than a trial. */
  readonly without: readonly (RequestFault | FrameFault)[];
  /** Beside those that can happen everywhere, with their weights. */
  readonly incidents: readonly (readonly [Incident, number])[];
}

export interface ReplicaRequest {
  readonly name: string;
  readonly proxy: FaultProxy;
  readonly leaderElect: boolean;
  readonly time: TrialTime;
}

export interface TrialOptions {
  readonly seed: number;
  /** How long faults and churn go on, in real milliseconds. */
  readonly lengthMs: number;
  readonly pace: Pace;
  readonly openStage: (random: Random) => Promise<Stage>;
  readonly startReplica: (request: ReplicaRequest, stage: Stage) => Promise<Replica>;
}

export interface TrialResult {
  readonly plan: FaultPlan;
  /** Faults by kind, as often as they were done. */
  readonly injected: ReadonlyMap<string, number>;
  readonly verdicts: readonly Verdict[];
  readonly figures: TrialFigures;
  /** Facts for the report that are nobody's fault. */
  readonly notes: readonly string[];
}

/** Nothing may stay open for longer. */
const closingMs = 15_000;
export const leaseName = 'berth';

/** One seed: a cluster with a workload, one or two Berths behind proxies that do harm, and a judgement. */
export async function runTrial(options: TrialOptions): Promise<TrialResult> {
  const random = seededRandom(options.seed);
  // Not the draws of the trial: a server makes some when it is asked to, and they must not shift the others.
  const stage = await options.openStage(seededRandom(options.seed));
  try {
    return await new Trial(options, stage, random).run();
  } finally {
    await stage.close();
  }
}

class Trial {
  readonly #options: TrialOptions;
  readonly #stage: Stage;
  readonly #random: Random;
  readonly #plan: FaultPlan;
  readonly #injector: FaultInjector;
  readonly #driver: WorkloadDriver;
  readonly #history = new ClusterHistory();
  readonly #stopped = new AbortController();
  readonly #replicas: Replica[] = [];
  readonly #time: TrialTime;
  readonly #now = (): number => this.#time.now() - this.#started;
  #started = 0;

  constructor(options: TrialOptions, stage: Stage, random: Random) {
    const { seed, lengthMs, pace } = options;
    const { maxDelayMs, without, incidents } = pace;
    this.#options = options;
    this.#time = pace.newTime();
    this.#stage = stage;
    this.#random = random;
    this.#plan = planFaults({ seed, lengthMs, maxDelayMs, without, incidents });
    this.#injector = new FaultInjector(this.#plan.rules, this.#now);
    const nodeMetadata = { annotations: stage.nodeAnnotations };
    this.#driver = new WorkloadDriver(stage.api, planWorkload(random, { lengthMs, nodeMetadata }));
  }

  async run(): Promise<TrialResult> {
    const { lengthMs } = this.#options;
    const leaderElect = this.#random() < 0.5;
    try {
      await this.#follow();
      await this.#driver.prepare();
      this.#started = this.#time.now();
      for (const name of leaderElect ? ['first', 'second'] : ['only'])
        await this.#addReplica(name, leaderElect);
      await Promise.all([
        this.#driver.run({ ...this.#time, now: this.#now }),
        new IncidentRunner({
          stage: this.#stage,
          replicas: this.#replicas,
          injector: this.#injector,
          time: { ...this.#time, now: this.#now },
          random: this.#random,
          leaseMs: this.#options.pace.leaseMs,
          healAfterMs: this.#options.pace.healAfterMs,
          leader: () => this.#leader(),
        }).run(this.#plan.incidents),
        this.#time.sleep(Math.max(0, lengthMs - this.#now())),
      ]);
      this.#injector.end();
      const endedAt = this.#now();
      const unsettled = await this.#settled();
      const settledMs = this.#now() - endedAt;
      const evidence = this.#evidence(leaderElect);
      const verdicts = await this.#judge(evidence, unsettled);
      const notes = await this.#notes(settledMs);
      // Describing may find that a limit was passed.
      return {
        plan: this.#plan,
        injected: this.#injector.injected,
        verdicts: [...verdicts, this.#failures()],
        figures: figuresOf(evidence, { settledShare: settledMs / this.#options.pace.settleMs }),
        notes,
      };
    } finally {
      await this.#close();
    }
  }

  async #follow(): Promise<void> {
    const { pods, nodes, leases } = this.#history;
    await this.#stage.api.watch(
      {
        pod: (type, pod) => pods.record(type, pod, this.#now()),
        node: (type, node) => nodes.record(type, node, this.#now()),
        lease: (type, lease) => leases.record(type, lease, this.#now()),
        relisted: (kind, objects, version) =>
          this.#history[kind].relisted(objects as never, version, this.#now()),
      },
      { signal: this.#stopped.signal },
    );
  }

  async #addReplica(name: string, leaderElect: boolean): Promise<void> {
    const { url, certificateAuthority } = this.#stage;
    const { healAfterMs } = this.#options.pace;
    const proxy = await FaultProxy.start({
      target: url,
      ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
      injector: this.#injector,
      now: this.#now,
      sleep: (ms) => this.#time.sleep(ms),
      ...(healAfterMs === undefined ? {} : { healAfterMs }),
    });
    const request = { name, proxy, leaderElect, time: { ...this.#time, now: this.#now } };
    this.#replicas.push(await this.#options.startReplica(request, this.#stage));
  }

  #leader(): string {
    const lease = this.#history.leases.current().find(({ metadata }) => metadata.name === leaseName);
    return lease?.spec?.holderIdentity ?? '';
  }

  /** Waits until every pod that fits is bound and nothing is under way; says what is left when that does not come about. */
  async #settled(): Promise<string[]> {
    const { settleMs, pollMs } = this.#options.pace;
    const deadline = this.#now() + settleMs;
    let calm = 0;
    for (;;) {
      const left = await this.#unsettled();
      calm = left.length === 0 ? calm + 1 : 0;
      if (calm >= 3) return [];
      if (this.#now() > deadline) return left;
      await this.#time.sleep(pollMs);
    }
  }

  async #unsettled(): Promise<string[]> {
    const state = await this.#state();
    const waiting = waitingWithoutReason(state);
    const left = await Promise.all(
      this.#replicas.map(async (replica) =>
        (await replica.unsettled(state)).map((text) => `${replica.name}: ${text}`),
      ),
    );
    return [...waiting, ...left.flat()];
  }

  async #state(): Promise<FinalState> {
    const { api } = this.#stage;
    const [nodes, pods] = await Promise.all([api.nodes(), api.pods()]);
    return { nodes, pods, schedulerName: ours };
  }

  /** As it is when the checker has seen all of it; last words of Berth's may still be on the way. */
  async #finalState(): Promise<FinalState> {
    for (let tries = 0; ; tries += 1) {
      const state = await this.#state();
      if (tries >= 200 || this.#unseen(state).length === 0) return state;
      await sleep(50);
    }
  }

  #evidence(leaderElect: boolean): Evidence {
    const { speed, slackMs, leaseMs } = this.#options.pace;
    return {
      history: this.#history,
      clients: this.#replicas.map(({ name, proxy, incidents }) => ({
        name,
        log: proxy.log,
        identities: proxy.identities,
        knowledge: (generation) => proxy.knowledge(generation),
        incidents,
      })),
      boundByOther: this.#driver.boundByOther,
      schedulerName: ours,
      leaderElection: leaderElect ? { name: leaseName, durationMs: leaseMs } : undefined,
      minutes: (this.#now() / 60_000) * speed,
      slackMs,
    };
  }

  async #judge(evidence: Evidence, unsettled: readonly string[]): Promise<Verdict[]> {
    const state = await this.#finalState();
    const waiting = new Set(waitingWithoutReason(state));
    return [
      ...auditBindings(evidence),
      ...auditConduct(evidence),
      livenessVerdict(state),
      auditConditions(evidence),
      {
        invariant: 'caches equal fresh lists and nothing is left under way',
        breaches: unsettled.filter((text) => !waiting.has(text)),
        cases: this.#replicas.length,
        note: `${this.#replicas.length} caches`,
      },
      {
        invariant: 'the checker has seen everything',
        breaches: this.#unseen(state),
        cases: this.#history.pods.changes.length,
        note: `${this.#history.pods.changes.length} changes of pods`,
      },
    ];
  }

  /** A checker that missed something would find nothing: that must not pass for a clean trial. */
  #unseen({ pods, nodes }: FinalState): string[] {
    const { pods: seenPods, nodes: seenNodes } = this.#history;
    const seen = new Set([...seenPods.current(), ...seenNodes.current()].map(nameAndVersion));
    return [...pods, ...nodes].map(nameAndVersion).filter((text) => !seen.has(text));
  }

  #failures(): Verdict {
    const restarts = this.#replicas.reduce((sum, { endings }) => sum + endings.length, 0);
    return {
      invariant: 'no process fails or grows',
      breaches: this.#replicas.flatMap(({ name, failures }) => failures.map((why) => `${name}: ${why}`)),
      cases: this.#replicas.length + restarts,
      note: `${restarts} restarts`,
    };
  }

  async #notes(settledMs: number): Promise<string[]> {
    const { speed } = this.#options.pace;
    const { refused } = this.#driver;
    const over = overcommitted(await this.#state());
    const inTheirs = speed === 1 ? '' : ` (${Math.round((settledMs / 1000) * speed)} s of Berth's)`;
    return [
      `settled ${(settledMs / 1000).toFixed(2)} s after the faults${inTheirs}`,
      ...this.#replicas.flatMap(({ name, endings }) => endings.map((why) => `${name} ended: ${why}`)),
      ...(await Promise.all(this.#replicas.map((replica) => replica.describe()))),
      ...(over.length === 0 ? [] : [`above allocatable at the end: ${over.join('; ')}`]),
      ...(refused.length === 0 ? [] : [`refused to the workload: ${refused.slice(0, 3).join('; ')}`]),
    ];
  }

  async #close(): Promise<void> {
    const stopping = Promise.allSettled(this.#replicas.map((replica) => replica.stop()));
    await Promise.race([stopping, sleep(closingMs, undefined, { ref: false })]);
    this.#stopped.abort();
    await Promise.allSettled(this.#replicas.map(({ proxy }) => proxy.close()));
    this.#time.close();
  }
}

function nameAndVersion({
  metadata,
}: {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
}): string {
  return `${metadata.name} at ${metadata.resourceVersion}`;
}
