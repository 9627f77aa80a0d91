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
import { WaitingPods } from '../scheduler/waiting-pods.js';
import { SteppedClock } from './stepped-clock.js';
import { nothing, type TestOutcome } from './test-outcome.js';
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
  readonly #waiting: WaitingPods;
  readonly #outcomes = new Map<string, TestOutcome>();

  /** Throws what loading the plugin would: arguments that its schema refuses, functions that are missing. */
  constructor(options: TestClusterOptions = {}) {
    const { nodes = [], pods = [], onFault = 'FailPod', timeLimitMs, now, alone = false } = options;
    this.#clock = new SteppedClock(now?.getTime() ?? noon);
    this.#waiting = new WaitingPods({ clock: this.#clock });
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
      allow: (uid, plugin) => this.#waiting.allow(uid, plugin),
      reject: (uid, plugin, reason) => this.#waiting.reject(uid, plugin, reason),
    });
    this.#profile = testProfile(tested, { host: this.#host, cluster: this.#cluster, alone });
  }

  /** One attempt for one pod. A pod that is placed, or held, takes up room from then on. */
  async schedule(pod: Pod): Promise<TestOutcome> {
    const outcome = await this.#attempt(pod);
    this.#outcomes.set(pod.uid, outcome);
    return outcome;
  }

  /**
   * What has become of a pod by now. It differs from what `schedule` said for a pod that was held, once all plugins allowed it, one
   * refused it, or its time was over (`advance`). Undefined for a pod that was never tried.
   */
  async outcome(pod: Pod): Promise<TestOutcome | undefined> {
    await this.#clock.advance(0);
    return this.#outcomes.get(pod.uid);
  }

  async #attempt(pod: Pod): Promise<TestOutcome> {
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
        const { message, nominate } = runPostFilters(cycle, this.#profile, { rejections, hypothetical });
        const text = fitMessage(rejections, { postFilterMessage: message });
        const refusals = this.#refusals(decision);
        return { ...nothing, kind: 'refused', message: text, refusals, nominated: nominate || undefined };
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
    this.#waiting.reject(pod.uid, '', 'the pod was deleted');
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
    const refusal = 'waits' in permit ? permit.status : permit;
    const end = async (status: Status | undefined): Promise<TestOutcome> => ({
      ...told,
      ...(await this.#end(cycle, assumed, status)),
    });
    if (refusal !== undefined || !('waits' in permit) || permit.waits.size === 0) return end(refusal);
    void this.#waiting
      .wait(pod.uid, permit.waits)
      .then(async (status) => this.#outcomes.set(pod.uid, await end(status)));
    return { ...told, kind: 'held', node };
  }

  /** Binds a pod that nobody refused, and takes back what was reserved for one that is not bound. */
  async #end(
    cycle: Cycle,
    assumed: Pod,
    refusal: Status | undefined,
  ): Promise<Pick<TestOutcome, 'kind' | 'node' | 'message'>> {
    const status = refusal ?? (await this.#bind(cycle, assumed));
    if (status === undefined) {
      this.#cluster.setBoundPod(assumed);
      runPostBind(cycle, this.#profile, assumed);
      return { kind: 'placed', node: assumed.nodeName, message: '' };
    }
    runUnreserve(cycle, this.#profile, assumed);
    this.#cluster.forget(assumed.uid);
    const kind = status.code === 'Error' ? 'failed' : 'refused';
    return { kind, node: undefined, message: statusMessage(status) };
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

function testedPlugins({ plugin, args, weight = 1, plugins = [] }: TestClusterOptions): PluginUnderTest[] {
  return [...(plugin === undefined ? [] : [{ plugin, args, weight }]), ...plugins];
}
