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
import { compareScores } from './compare-scores.js';
import { compareRequests } from './compare-state.js';
import type { GoldenPod, GoldenStatus } from './golden-file.js';
import type { FileTally } from './tally.js';

/** One pending pod, judged on its own and compared with everything that does not rest on plugins still to come. */
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
    if (result === 'error') {
      this.#tally.notCompared('pods');
      return;
    }
    const gate = this.#gate();
    if (preEnqueue !== undefined || gate !== undefined) {
      if (preEnqueue !== undefined && this.#isMissing(preEnqueue.plugin)) this.#tally.notCompared('pods');
      else this.#tally.compare('pods', shown(preEnqueue), shown(gate), this.#place);
      return;
    }
    if (!this.#comparePreFilter()) return;
    const decision = this.#evaluate({});
    if (decision.kind === 'no-nodes' || decision.kind === 'error') {
      this.#tally.disagree('pods', result, decision, this.#place);
      return;
    }
    this.#compareResult(decision);
    this.#compareNominated(decision);
  }

  #gate(): Status | undefined {
    for (const plugin of this.#named.profile.preEnqueue) {
      const status = plugin.preEnqueue(this.#pod);
      if (status !== undefined) return { ...status, plugin: plugin.name };
    }
    return undefined;
  }

  /** False when nothing behind PreFilter can be compared. */
  #comparePreFilter(): boolean {
    const { preFilter, nodeNames, narrowedBy, skipFilter } = this.#golden;
    const { profile } = this.#named;
    const outcome = runPreFilters(new Cycle(this.#pod, this.#setup.cluster.nodes), profile);
    const got = outcome.kind === 'rejected' ? outcome.status : undefined;
    if (preFilter !== undefined && this.#isMissing(preFilter.plugin)) {
      // Ours run in the same order: one that stands before the plugin which refused must have let the pod pass.
      const hasty = got !== undefined && this.#runsBefore('preFilter', got.plugin, preFilter.plugin);
      if (hasty) this.#tally.disagree('pods', shown(preFilter), shown(got), this.#place);
      else this.#tally.notCompared('pods');
      this.#tally.notCompared('messages');
      this.#tally.notCompared('rejectors');
      return false;
    }
    if (preFilter !== undefined || got !== undefined) {
      const agrees = this.#tally.compare('pods', shown(preFilter), shown(got), this.#place);
      if (agrees) this.#compareMessage(this.#evaluate({}));
      return false;
    }
    const ours = new Set(profile.filter.map(({ name }) => name));
    const expectedSkips = skipFilter?.filter((name) => ours.has(name)).sort() ?? [];
    const gotSkips = [...outcome.skipped].filter((name) => ours.has(name)).sort();
    this.#tally.compare('skipped plugins', expectedSkips, gotSkips, { ...this.#place, detail: 'Filter' });
    const names = outcome.kind === 'proceed' && outcome.nodeNames ? [...outcome.nodeNames].sort() : undefined;
    const expected = {
      nodeNames: nodeNames === undefined ? undefined : [...nodeNames].sort(),
      narrowedBy: narrowedBy ?? [],
    };
    return this.#tally.compare(
      'narrowing',
      expected,
      { nodeNames: names, narrowedBy: outcome.narrowedBy },
      this.#place,
    );
  }

  #evaluate(options: { readonly nominatedNodeName?: string }): Decision {
    const cycle = new Cycle(this.#pod, this.#setup.cluster.nodes);
    return evaluate(cycle, this.#named.profile, {
      space: new EvaluationSpace(),
      random: seededRandom(1),
      nominations: this.#setup.nominator,
      ...options,
    });
  }

  #compareResult(decision: Decision & { kind: 'fits' | 'unschedulable' }): void {
    const { result } = this.#golden;
    const got = decision.kind === 'fits' ? 'scheduled' : 'unschedulable';
    // Fewer plugins refuse less: what ours alone refuse is refused by all, and only then may a pod that fits not be placed.
    if (got === 'scheduled' && result === 'unschedulable' && this.#restsOnMissing())
      this.#tally.notCompared('pods');
    else this.#tally.compare('pods', result, got, this.#place);
  }

  #compareNominated(decision: Decision & { kind: 'fits' | 'unschedulable' }): void {
    const { nominatedOnly = false } = this.#golden;
    const tookNominated = decision.kind === 'fits' && decision.nominated;
    if (nominatedOnly || !tookNominated) {
      this.#compareSearch(decision);
      return;
    }
    // The nominated node fits for our plugins; was it a plugin still to come that refused it?
    const refusal = this.#golden.rejected?.[decision.nodeName];
    if (refusal === undefined || !this.#isMissing(refusal.plugin)) {
      this.#tally.disagree(
        'pods',
        'a search over all nodes',
        `nominated node ${decision.nodeName}`,
        this.#place,
      );
      return;
    }
    const search = this.#evaluate({ nominatedNodeName: '' });
    if (search.kind === 'fits' || search.kind === 'unschedulable') this.#compareSearch(search);
  }

  #compareSearch(decision: Decision & { kind: 'fits' | 'unschedulable' }): void {
    this.#compareNodes(decision.diagnosis);
    this.#compareMessage(decision);
    compareScores(this.#setup, this.#named, this.#pod, this.#golden, decision, this.#tally);
  }

  #compareNodes(diagnosis: Diagnosis): void {
    const { nodes } = this.#setup.cluster;
    for (const node of this.#golden.feasible ?? []) {
      const slot = nodes.slotOf(node);
      const got = slot === undefined ? 'no such node' : refusalAt(diagnosis, slot);
      this.#tally.compare('node verdicts', undefined, got, { ...this.#place, node });
    }
    for (const [node, expected] of Object.entries(this.#golden.rejected ?? {})) {
      const slot = nodes.slotOf(node);
      if (slot === undefined)
        this.#tally.disagree('node verdicts', expected, 'no such node', { ...this.#place, node });
      else this.#compareRejected(node, expected, refusalAt(diagnosis, slot));
    }
  }

  #compareRejected(node: string, expected: GoldenStatus, got: Shown | undefined): void {
    const place = { ...this.#place, node };
    if (this.#isMissing(expected.plugin)) {
      // Ours that stand before the plugin which refused must have let the node pass; what comes behind it is not known.
      if (got !== undefined && this.#runsBefore('filter', got.plugin, expected.plugin)) {
        this.#tally.disagree('node verdicts', shown(expected), got, place);
      } else {
        this.#tally.notCompared('node verdicts');
        this.#tally.notCompared('reasons');
      }
      return;
    }
    const verdict = (status: Shown | undefined) => status && { plugin: status.plugin, code: status.code };
    const wanted = shown(expected);
    if (this.#tally.compare('node verdicts', verdict(wanted), verdict(got), place)) {
      this.#tally.compare('reasons', wanted!.reasons, got!.reasons, place);
    }
  }

  #compareMessage(decision: Decision): void {
    const { fitMessage: expected, message, postFilter, unschedulablePlugins } = this.#golden;
    if (this.#golden.result !== 'unschedulable') return;
    if (this.#restsOnMissing() || decision.kind !== 'unschedulable') {
      this.#tally.notCompared('messages', 2);
      this.#tally.notCompared('rejectors');
      return;
    }
    const got = fitMessage(decision.diagnosis);
    this.#tally.compare('messages', expected, got, { ...this.#place, detail: 'fit message' });
    if (postFilter === undefined)
      this.#tally.compare('messages', message, got, { ...this.#place, detail: 'condition' });
    else this.#tally.notCompared('messages');
    const rejectors = [...decision.diagnosis.rejectors()].sort();
    this.#tally.compare('rejectors', [...(unschedulablePlugins ?? [])].sort(), rejectors, this.#place);
  }

  #restsOnMissing(): boolean {
    const statuses = Object.values(this.#golden.rejected ?? {});
    return statuses.some(({ plugin }) => this.#isMissing(plugin));
  }

  #isMissing(plugin: string | undefined): boolean {
    return plugin !== undefined && this.#named.profile.missing.includes(plugin);
  }

  #runsBefore(point: 'preFilter' | 'filter', ours: string | undefined, other: string | undefined): boolean {
    const names = this.#named.lists[point].map(({ name }) => name);
    return names.indexOf(ours ?? '') < names.indexOf(other ?? '');
  }
}

interface Shown {
  readonly plugin: string | undefined;
  readonly code: string;
  readonly reasons: readonly string[];
}

function refusalAt(diagnosis: Diagnosis, slot: number): Shown | undefined {
  return diagnosis.isExplicit(slot) ? shown(diagnosis.statusOf(slot)) : undefined;
}

/** Reasons are a multiset; '' for no plugin is no plugin. */
function shown(status: GoldenStatus | Status | undefined): Shown | undefined {
  if (status === undefined) return undefined;
  return { plugin: status.plugin || undefined, code: status.code, reasons: [...status.reasons].sort() };
}
