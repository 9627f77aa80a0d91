import type { Pod } from '../../src/cluster/pod.js';
import { Cycle } from '../../src/framework/cycle.js';
import type { Status } from '../../src/framework/status.js';
import { seededRandom } from '../../src/random.js';
import type { Decision } from '../../src/scheduler/decision.js';
import type { Diagnosis } from '../../src/scheduler/diagnosis.js';
import { evaluate } from '../../src/scheduler/evaluate.js';
import { EvaluationSpace } from '../../src/scheduler/evaluation-space.js';
import { fitMessage } from '../../src/scheduler/fit-message.js';
import { runPreFilters } from '../../src/scheduler/pre-filter-pass.js';
import type { CaseProfile, CaseSetup } from './case-setup.js';
import { compareClasses } from './compare-classes.js';
import { comparePreemption } from './compare-preemption.js';
import { compareScores } from './compare-scores.js';
import { compareRequests } from './compare-state.js';
import type { GoldenPod, GoldenStatus } from './golden-file.js';
import type { FileTally } from './tally.js';

/** One pending pod, judged on its own and compared in everything that the golden file says of it. */
export function comparePod(setup: CaseSetup, pod: Pod, golden: GoldenPod, tally: FileTally): void {
  compareRequests(pod, golden, tally);
  const named = setup.profiles.get(golden.profile);
  if (named === undefined) tally.disagree('pods', golden.profile, 'no such profile', { pod: golden.pod });
  else new PodComparison(setup, named, pod, golden, tally).run();
}

class PodComparison {
  readonly #setup: CaseSetup;
  readonly #named: CaseProfile;
  readonly #pod: Pod;
  readonly #golden: GoldenPod;
  readonly #tally: FileTally;
  readonly #place: { readonly pod: string };

  constructor(setup: CaseSetup, named: CaseProfile, pod: Pod, golden: GoldenPod, tally: FileTally) {
    this.#setup = setup;
    this.#named = named;
    this.#pod = pod;
    this.#golden = golden;
    this.#tally = tally;
    this.#place = { pod: golden.pod };
  }

  run(): void {
    const { preEnqueue, result } = this.#golden;
    const gate = this.#gate();
    if (preEnqueue !== undefined || gate !== undefined) {
      this.#tally.compare('pods', shown(preEnqueue), shown(gate), this.#place);
      return;
    }
    compareClasses(this.#setup, this.#named.profile, this.#pod, this.#tally);
    const cycle = new Cycle(this.#pod, this.#setup.cluster.nodes);
    const decision = evaluate(cycle, this.#named.profile, {
      space: new EvaluationSpace(),
      random: seededRandom(1),
      nominations: this.#setup.nominator,
    });
    this.#tally.compare('pods', result, resultOf(decision), this.#place);
    if (decision.kind === 'error' || decision.kind === 'no-nodes' || result === 'error') return;
    this.#comparePreFilter();
    this.#compareNominated(decision);
    if (decision.kind === 'unschedulable') this.#compareRefusal(cycle, decision);
    else compareScores(this.#setup, decision, this.#golden, this.#tally);
  }

  #gate(): Status | undefined {
    for (const plugin of this.#named.profile.preEnqueue) {
      const status = plugin.preEnqueue(this.#pod);
      if (status !== undefined) return { ...status, plugin: plugin.name };
    }
    return undefined;
  }

  #comparePreFilter(): void {
    const { preFilter, nodeNames, narrowedBy, skipFilter } = this.#golden;
    const { profile } = this.#named;
    const outcome = runPreFilters(new Cycle(this.#pod, this.#setup.cluster.nodes), profile);
    const got = outcome.kind === 'rejected' ? outcome.status : undefined;
    if (preFilter !== undefined || got !== undefined) {
      this.#tally.compare('pods', shown(preFilter), shown(got), { ...this.#place, detail: 'PreFilter' });
      return;
    }
    const filters = new Set(profile.filter.map(({ name }) => name));
    const gotSkips = [...outcome.skipped].filter((name) => filters.has(name)).sort();
    this.#tally.compare('skipped plugins', [...(skipFilter ?? [])].sort(), gotSkips, {
      ...this.#place,
      detail: 'Filter',
    });
    const names = outcome.kind === 'proceed' && outcome.nodeNames ? [...outcome.nodeNames].sort() : undefined;
    const expected = {
      nodeNames: nodeNames === undefined ? undefined : [...nodeNames].sort(),
      narrowedBy: narrowedBy ?? [],
    };
    this.#tally.compare(
      'narrowing',
      expected,
      { nodeNames: names, narrowedBy: outcome.narrowedBy },
      this.#place,
    );
  }

  #compareNominated(decision: Decision & { kind: 'fits' | 'unschedulable' }): void {
    const { nominatedOnly = false } = this.#golden;
    const tookNominated = decision.kind === 'fits' && decision.nominated;
    const detail = 'nominated node alone';
    if (nominatedOnly !== tookNominated)
      this.#tally.disagree('pods', nominatedOnly, tookNominated, { ...this.#place, detail });
    if (!nominatedOnly) this.#compareNodes(decision.diagnosis);
  }

  #compareNodes(diagnosis: Diagnosis): void {
    const { nodes } = this.#setup.cluster;
    const { feasible = [], rejected = {} } = this.#golden;
    for (const node of feasible) {
      const slot = nodes.slotOf(node);
      const got = slot === undefined ? 'no such node' : refusalAt(diagnosis, slot);
      this.#tally.compare('node verdicts', undefined, got, { ...this.#place, node });
    }
    for (const [node, expected] of Object.entries(rejected)) {
      const slot = nodes.slotOf(node);
      this.#compareRejected(node, expected, slot === undefined ? undefined : refusalAt(diagnosis, slot));
    }
    const explicit = Object.keys(rejected).length;
    if (diagnosis.explicitCount !== explicit) {
      const detail = 'refused nodes';
      this.#tally.disagree('node verdicts', explicit, diagnosis.explicitCount, { ...this.#place, detail });
    }
  }

  #compareRejected(node: string, expected: GoldenStatus, got: Shown | undefined): void {
    const place = { ...this.#place, node };
    const verdict = (status: Shown | undefined) => status && { plugin: status.plugin, code: status.code };
    const wanted = shown(expected);
    if (this.#tally.compare('node verdicts', verdict(wanted), verdict(got), place)) {
      this.#tally.compare('reasons', wanted!.reasons, got!.reasons, place);
    }
  }

  #compareRefusal(cycle: Cycle, decision: Decision & { kind: 'unschedulable' }): void {
    const { diagnosis } = decision;
    const { fitMessage: expected, unschedulablePlugins } = this.#golden;
    const rejectors = [...diagnosis.rejectors()].sort();
    this.#tally.compare('rejectors', [...(unschedulablePlugins ?? [])].sort(), rejectors, this.#place);
    this.#tally.compare('messages', expected, fitMessage(diagnosis), {
      ...this.#place,
      detail: 'fit message',
    });
    comparePreemption(this.#named, cycle, decision, this.#golden, this.#tally);
  }
}

interface Shown {
  readonly plugin: string | undefined;
  readonly code: string;
  readonly reasons: readonly string[];
}

function resultOf(decision: Decision): string {
  switch (decision.kind) {
    case 'fits':
      return 'scheduled';
    case 'error':
      return 'error';
    default:
      return 'unschedulable';
  }
}

function refusalAt(diagnosis: Diagnosis, slot: number): Shown | undefined {
  return diagnosis.isExplicit(slot) ? shown(diagnosis.statusOf(slot)) : undefined;
}

/** Reasons are a multiset; '' for no plugin is no plugin. */
function shown(status: GoldenStatus | Status | undefined): Shown | undefined {
  if (status === undefined) return undefined;
  return { plugin: status.plugin || undefined, code: status.code, reasons: [...status.reasons].sort() };
}
