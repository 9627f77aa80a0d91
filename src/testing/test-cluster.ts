import { ClusterState } from '../cluster/cluster-state.js';
import type { Node } from '../cluster/node.js';
import type { Pod } from '../cluster/pod.js';
import { type OnFault, pluginModuleDefaults } from '../config/berth-configuration.js';
import type { EventResource } from '../framework/cluster-event.js';
import { Cycle } from '../framework/cycle.js';
import type { PluginDefinition } from '../framework/plugin-definition.js';
import type { Profile } from '../framework/profile.js';
import { type Status, statusMessage } from '../framework/status.js';
import { PluginHost } from '../plugin-host/plugin-host.js';
import { describeThrown } from '../plugin-host/plugin-supervisor.js';
import { HintTable } from '../queue/hints.js';
import { QueueEntry } from '../queue/queued-pod.js';
import { seededRandom } from '../random.js';
import {
  runBind,
  runPermit,
  runPostBind,
  runPreBind,
  runPreBindPreFlight,
  runReserve,
  runUnreserve,
} from '../scheduler/binding-cycle.js';
import type { Decision } from '../scheduler/decision.js';
import { noNodesMessage } from '../scheduler/decision.js';
import { evaluate } from '../scheduler/evaluate.js';
import { EvaluationSpace } from '../scheduler/evaluation-space.js';
import { fitMessage } from '../scheduler/fit-message.js';
import { runPostFilters } from '../scheduler/post-filter-pass.js';
import { SteppedClock } from './stepped-clock.js';
import { type PluginUnderTest, testProfile } from './test-profile.js';

export interface TestClusterOptions {
  readonly nodes?: readonly Node[];
  /** Pods that are on nodes already. */
  readonly pods?: readonly Pod[];
  /** The plugin to try out, with what the profile would say of it. */
  readonly plugin?: PluginDefinition<never>;
  readonly args?: unknown;
  /** @default 1 */
  readonly weight?: number;
  /** Several plugins, instead of `plugin`, `args` and `weight`. */
  readonly plugins?: readonly PluginUnderTest[];
  /** Without the plugins of kube-scheduler: what comes out is the plugin's doing. @default false */
  readonly alone?: boolean;
  /** What becomes of a pod whose plugin fails. @default 'FailPod' */
  readonly onFault?: OnFault;
  /** For one call of one extension point. @default 500 */
  readonly timeLimitMs?: number;
  /** What time it is at first. @default 2026-01-01T12:00:00Z, a Thursday */
  readonly now?: Date;
  /** What the plugin gets as `context.fetch`. @default one that fails: a test does not talk to the network */
  readonly fetch?: typeof fetch;
}

/** What became of a pod. */
export interface TestOutcome {
  /**
   * `placed`: bound to `node`. `refused`: it fits nowhere, or Permit or Reserve refused it. `gated`: PreEnqueue kept it out. `held`:
   * Permit wants it to wait for its word. `failed`: a plugin failed.
   */
  readonly kind: 'placed' | 'refused' | 'gated' | 'held' | 'failed';
  readonly node: string | undefined;
  /** As the pod's condition and event would say; '' for a pod that was placed. */
  readonly message: string;
  /** By node: why it was refused. */
  readonly refusals: Readonly<Record<string, string>>;
  /** By node, by plugin: 0 to 100, before weights. Empty when less than two nodes fit: nothing is scored then. */
  readonly scores: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By node: the sum of scores times weights. */
  readonly totals: Readonly<Record<string, number>>;
}

const noon = Date.UTC(2026, 0, 1, 12);

/**
 * A cluster in memory, and a scheduler to try plugins out with. It decides as the real one: the same profile, the same passes, the same
 * supervision of plugins. Time stands still until `advance` moves it.
 */
export class TestCluster {
  /** What the plugins did that they must not, each as a sentence. */
  readonly faults: string[] = [];
  /** Failures of tasks in the background. */
  readonly backgroundFailures: string[] = [];
  /** What plugins logged. */
  readonly logged: { readonly level: string; readonly message: string; readonly facts: unknown }[] = [];
  /** Names of plugins that asked to have the pods that they refused tried again. */
  readonly retries: string[] = [];
  readonly #cluster = new ClusterState();
  readonly #clock: SteppedClock;
  readonly #host: PluginHost;
  readonly #profile: Profile;
  readonly #space = new EvaluationSpace();
  readonly #random = seededRandom(1);

  /** Throws what loading the plugin would: arguments that its schema refuses, functions that are missing. */
  constructor(options: TestClusterOptions = {}) {
    const { nodes = [], pods = [], onFault = 'FailPod', timeLimitMs, now, alone = false } = options;
    this.#clock = new SteppedClock(now?.getTime() ?? noon);
    for (const node of nodes) this.#cluster.setNode(node);
    for (const pod of pods) this.#cluster.setBoundPod(pod);
    const tested = testedPlugins(options);
    this.#host = PluginHost.of(
      tested.map(({ plugin }) => ({
        definition: plugin,
        file: plugin.name,
        settings: {
          ...pluginModuleDefaults,
          name: plugin.name,
          onFault,
          timeLimitMs: timeLimitMs ?? pluginModuleDefaults.timeLimitMs,
        },
      })),
      {
        clock: this.#clock,
        log: this.#log(),
        observer: {
          faulted: ({ plugin, point, text }) => this.faults.push(`${plugin} at ${point}: ${text}`),
          strayed: (plugin, error) => this.backgroundFailures.push(`${plugin}: ${describeThrown(error)}`),
        },
        fetch:
          options.fetch ??
          (() => Promise.reject(new Error('a test cluster has no network; give it a fetch'))),
      },
    );
    this.#host.connect({
      retryRefused: (plugin) => this.retries.push(plugin),
      allow: () => undefined,
      reject: () => false,
    });
    this.#profile = testProfile(tested, { host: this.#host, cluster: this.#cluster, alone });
  }

  /** One attempt for one pod. A pod that is placed takes up room from then on. */
  async schedule(pod: Pod): Promise<TestOutcome> {
    for (const plugin of this.#profile.preEnqueue) {
      const status = plugin.preEnqueue(pod);
      if (status === undefined) continue;
      const kind = status.code === 'Error' ? 'failed' : 'gated';
      return { ...nothing, kind, message: statusMessage(status) };
    }
    const cycle = new Cycle(pod, this.#cluster.nodes);
    const decision = evaluate(cycle, this.#profile, { space: this.#space, random: this.#random });
    switch (decision.kind) {
      case 'error':
        return { ...nothing, kind: 'failed', message: statusMessage(decision.status) };
      case 'no-nodes':
        return { ...nothing, kind: 'refused', message: noNodesMessage };
      case 'unschedulable': {
        const { diagnosis: rejections, hypothetical } = decision;
        const { message } = runPostFilters(cycle, this.#profile, { rejections, hypothetical });
        const text = fitMessage(rejections, { postFilterMessage: message });
        return { ...nothing, kind: 'refused', message: text, refusals: this.#refusals(decision) };
      }
      case 'fits':
        return this.#place(pod, cycle, decision);
    }
  }

  /** Pods in the order in which they would be tried, had they come in the order given, a millisecond apart. */
  order(pods: readonly Pod[]): Pod[] {
    const { less } = this.#profile.queueSort;
    const queued = pods.map((pod, index) => ({ pod, timestamp: this.#clock.now() + index }));
    return queued.sort((a, b) => (less(a, b) ? -1 : less(b, a) ? 1 : 0)).map(({ pod }) => pod);
  }

  /**
   * Would the event have a pod tried again that the plugin (the first one, unless named) refused? `old` and `now` are the object that
   * the event is about.
   */
  hint(
    event: { readonly resource: EventResource; readonly action: number; readonly plugin?: string },
    pod: Pod,
    change: { readonly old?: unknown; readonly now?: unknown } = {},
  ): 'Queue' | 'Skip' {
    const { resource, action, plugin = this.#host.registered[0]?.name ?? '' } = event;
    const table = new HintTable(this.#profile.all);
    const entry = new QueueEntry(pod, this.#clock.now());
    entry.rejectors = new Set([plugin]);
    const label = `${resource}${action}`;
    const occurred = { event: { resource, action, label }, old: change.old, now: change.now };
    return table.weigh(entry, occurred) === 'stay' ? 'Skip' : 'Queue';
  }

  /** Moves time on; what plugins do in the background happens meanwhile. */
  async advance(ms: number): Promise<void> {
    await this.#clock.advance(ms);
  }

  /** Adds a node, or replaces what is known of it. */
  setNode(node: Node): void {
    this.#cluster.setNode(node);
  }

  removeNode(name: string): void {
    this.#cluster.removeNode(name);
  }

  removePod(pod: Pod): void {
    this.#cluster.removePod(pod.uid);
  }

  /** Ends what plugins do in the background. */
  close(): void {
    this.#host.close();
  }

  async #place(pod: Pod, cycle: Cycle, decision: Decision & { readonly kind: 'fits' }): Promise<TestOutcome> {
    const { nodeName: node } = decision;
    const told = { ...nothing, refusals: this.#refusals(decision), ...this.#scores(decision) };
    const assumed: Pod = { ...pod, nodeName: node };
    this.#cluster.assume(assumed);
    const permit = runReserve(cycle, this.#profile, assumed) ?? runPermit(cycle, this.#profile, assumed);
    const isHeld = 'waits' in permit && permit.waits.size > 0;
    const refusal = 'waits' in permit ? permit.status : permit;
    const status = refusal ?? (isHeld ? undefined : await this.#bind(cycle, assumed));
    if (status !== undefined) {
      runUnreserve(cycle, this.#profile, assumed);
      this.#cluster.forget(assumed.uid);
      const kind = status.code === 'Error' ? 'failed' : 'refused';
      return { ...told, kind, message: statusMessage(status) };
    }
    if (isHeld) return { ...told, kind: 'held', node };
    this.#cluster.setBoundPod(assumed);
    runPostBind(cycle, this.#profile, assumed);
    return { ...told, kind: 'placed', node };
  }

  async #bind(cycle: Cycle, pod: Pod): Promise<Status | undefined> {
    const { signal } = new AbortController();
    const ready = runPreBindPreFlight(cycle, this.#profile, pod);
    if (ready.kind === 'failed') return ready.status;
    return (
      (await runPreBind(cycle, ready, pod, { signal })) ??
      (await runBind(cycle, this.#profile, pod, { signal }))
    );
  }

  #refusals({ diagnosis }: Extract<Decision, { readonly diagnosis: unknown }>): Record<string, string> {
    const { nodes } = this.#cluster;
    const { slots, length } = nodes.rows();
    const refused = Array.from(slots.subarray(0, length)).flatMap((slot) => {
      const status = diagnosis.statusOf(slot);
      return status === undefined ? [] : [[nodes.nameAt(slot), statusMessage(status)] as const];
    });
    return Object.fromEntries(refused);
  }

  #scores({ scores: table }: Decision & { readonly kind: 'fits' }): Pick<TestOutcome, 'scores' | 'totals'> {
    if (table === undefined) return { scores: {}, totals: {} };
    const names = Array.from(table.slots.subarray(0, table.length), (slot) =>
      this.#cluster.nodes.nameAt(slot),
    );
    const scoresOf = (row: number) =>
      Object.fromEntries(table.columns.map(({ plugin, normalized }) => [plugin, normalized[row]!]));
    return {
      scores: Object.fromEntries(names.map((name, row) => [name, scoresOf(row)])),
      totals: Object.fromEntries(names.map((name, row) => [name, table.totals[row]!])),
    };
  }

  #log() {
    const at = (level: string) => (message: string, facts?: unknown) =>
      void this.logged.push({ level, message, facts });
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }
}

const nothing = { node: undefined, message: '', refusals: {}, scores: {}, totals: {} } as const;

function testedPlugins({ plugin, args, weight = 1, plugins = [] }: TestClusterOptions): PluginUnderTest[] {
  return [...(plugin === undefined ? [] : [{ plugin, args, weight }]), ...plugins];
}
