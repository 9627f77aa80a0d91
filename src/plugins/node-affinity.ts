import { Action } from '../cluster/action.js';
import type { Node } from '../cluster/node.js';
import type { NodeTable, Rows } from '../cluster/node-table.js';
import type { Pod, PodSpec } from '../cluster/pod.js';
import type { NodeAffinityArgs } from '../config/plugin-args.js';
import type { Hint } from '../framework/cluster-event.js';
import type {
  NormalizePlugin,
  PreFilterPlugin,
  PreScorePlugin,
  RowFilterPlugin,
  RowScorePlugin,
} from '../framework/plugin.js';
import { failure, unresolvable } from '../framework/status.js';
import {
  type CompiledPreferredTerms,
  compilePreferredTerms,
  compileRequiredNodeAffinity,
  compileStrictNodeSelector,
  matchesNode,
  meetsRequiredAffinity,
  type NodeSelector,
  type NodeSelectorSpec,
  type RequiredNodeAffinity,
  type WeightedTerm,
} from '../kube/node-selector.js';
import { narrowedByName } from './node-affinity-narrowing.js';
import { keepWhereAll, markSelector, markTerm } from './node-selector-rows.js';
import { normalizeByHighest } from './normalize.js';

export const nodeAffinity = 'NodeAffinity';

const enforced = 1;
const ofPod = 2;
const enforcedRefusal = unresolvable("node(s) didn't match scheduler-enforced node affinity");
const podRefusal = unresolvable("node(s) didn't match Pod's node affinity/selector");

/** A pod's node selector and node affinity, compiled once for all pods of its template. */
interface Compiled {
  readonly required: RequiredNodeAffinity;
  readonly preferred: CompiledPreferredTerms;
}

const compiledSpecs = new WeakMap<PodSpec, Compiled>();

/** Keeps pods to the nodes they select, and prefers nodes that they prefer. */
export class NodeAffinity
  implements PreFilterPlugin, RowFilterPlugin, PreScorePlugin, RowScorePlugin, NormalizePlugin
{
  readonly name = nodeAffinity;
  readonly events = [
    {
      resource: 'Node' as const,
      action: Action.Add | Action.UpdateNodeLabel,
      hint: (pod: Pod, old: Node | undefined, now: Node | undefined) => this.#nodeHint(pod, old, now),
      perTemplate: true,
    },
  ];
  readonly #addedRequired: NodeSelector | undefined;
  readonly #addedPreferred: readonly WeightedTerm[];
  readonly byHighest = { reverse: false };
  #marks = new Uint8Array(0);

  /** Throws on an added affinity that cannot be parsed. */
  constructor({ addedAffinity }: NodeAffinityArgs = {}) {
    const required = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    this.#addedRequired = required == null ? undefined : strictSelector(required);
    const preferred = compilePreferredTerms(addedAffinity?.preferredDuringSchedulingIgnoredDuringExecution);
    if (!preferred.ok)
      throw new Error(
        `parsing addedAffinity.preferredDuringSchedulingIgnoredDuringExecution: ${preferred.error}`,
      );
    this.#addedPreferred = preferred.terms;
  }

  preFilter(_cycle: unknown, { spec }: Pod): ReturnType<PreFilterPlugin['preFilter']> {
    const required = requiredOf(spec);
    if (required === undefined && this.#addedRequired === undefined && spec.nodeSelector === undefined) {
      return { kind: 'skip' };
    }
    const nodeNames = narrowedByName(required?.nodeSelectorTerms ?? []);
    if (nodeNames === undefined) return { kind: 'proceed' };
    if (nodeNames.size === 0)
      return { kind: 'rejected', status: unresolvable('pod affinity terms conflict') };
    return { kind: 'proceed', nodeNames };
  }

  filterRows({ nodes }: { nodes: NodeTable }, { spec }: Pod, rows: Rows, verdicts: Int32Array): undefined {
    const { nodeSelector, affinity } = compiled(spec).required;
    const marks = this.#reserveMarks(rows.length);
    if (affinity === undefined) marks.fill(1, 0, rows.length);
    else markSelector(affinity, nodes, rows, marks);
    keepWhereAll(nodeSelector.requirements, nodes, rows, marks);
    for (let i = 0; i < rows.length; i++) if (marks[i] === 0) verdicts[i] = ofPod;
    if (this.#addedRequired === undefined) return;
    markSelector(this.#addedRequired, nodes, rows, marks);
    for (let i = 0; i < rows.length; i++) if (marks[i] === 0) verdicts[i] = enforced;
  }

  verdictStatus(_cycle: unknown, verdict: number): typeof podRefusal {
    return verdict === enforced ? enforcedRefusal : podRefusal;
  }

  judgesByRow(): boolean {
    return true;
  }

  preScore(_cycle: unknown, { spec }: Pod): ReturnType<PreScorePlugin['preScore']> {
    const preferred = spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
    if (preferred == null && this.#addedPreferred.length === 0) return 'skip';
    const terms = compiled(spec).preferred;
    return terms.ok ? undefined : failure(terms.error);
  }

  scoreRows({ nodes }: { nodes: NodeTable }, { spec }: Pod, rows: Rows, scores: Float64Array): undefined {
    const own = compiled(spec).preferred;
    const terms = own.ok ? [...this.#addedPreferred, ...own.terms] : this.#addedPreferred;
    const marks = this.#reserveMarks(rows.length);
    for (const { weight, term } of terms) {
      markTerm(term, nodes, rows, marks);
      for (let i = 0; i < rows.length; i++) if (marks[i] === 1) scores[i]! += weight;
    }
  }

  normalizeScores(_cycle: unknown, _pod: Pod, scores: Float64Array, length: number): void {
    normalizeByHighest(scores, length, { reverse: false });
  }

  #reserveMarks(length: number): Uint8Array {
    if (this.#marks.length < length) this.#marks = new Uint8Array(length);
    return this.#marks;
  }

  #nodeHint({ spec }: Pod, old: Node | undefined, now: Node | undefined): Hint {
    if (now === undefined) return 'Skip';
    if (this.#addedRequired !== undefined && !matchesNode(this.#addedRequired, now.labels, now.name))
      return 'Skip';
    const { required } = compiled(spec);
    const malformed = (required.affinity?.errors.length ?? 0) > 0;
    // What cannot be parsed cannot be ruled out either.
    if (!meetsRequiredAffinity(required, now.labels, now.name)) return malformed ? 'Queue' : 'Skip';
    if (old === undefined) return 'Queue';
    return malformed || !meetsRequiredAffinity(required, old.labels, old.name) ? 'Queue' : 'Skip';
  }
}

function requiredOf(spec: PodSpec) {
  return spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? undefined;
}

function compiled(spec: PodSpec): Compiled {
  let found = compiledSpecs.get(spec);
  if (found === undefined) {
    found = {
      required: compileRequiredNodeAffinity(spec.nodeSelector, requiredOf(spec)),
      preferred: compilePreferredTerms(
        spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution,
      ),
    };
    compiledSpecs.set(spec, found);
  }
  return found;
}

function strictSelector(required: NodeSelectorSpec): NodeSelector {
  const compiledSelector = compileStrictNodeSelector(required);
  if (compiledSelector.ok) return compiledSelector.selector;
  throw new Error(
    `parsing addedAffinity.requiredDuringSchedulingIgnoredDuringExecution: ${compiledSelector.error}`,
  );
}
