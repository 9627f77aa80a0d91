import type { NodeTable } from '../cluster/node-table.js';
import { type Pod, podKey } from '../cluster/pod.js';
import type { Status } from '../framework/status.js';
import type { Candidate } from '../plugins/default-preemption/candidate.js';
import type { PreemptionAdvice } from '../plugins/default-preemption/preemption-advice.js';
import type { Extender, ExtenderVerb } from './extender.js';
import type { NodesQuestion } from './filter-wire.js';
import type { KeptObjects } from './kept-objects.js';
import { asTheyAreNow, podsByNode, resolveVictims } from './resolve-victims.js';

/** Scores of one extender, by node name. */
export interface ExtenderScores {
  readonly extender: string;
  /** What a point counts in a node's total. */
  readonly pointWeight: number;
  readonly scores: ReadonlyMap<string, number>;
}

/** What extenders said about the nodes that a pod fits on. All of it is about names: what is true of the nodes may have changed since. */
export interface NodeAnswers {
  /** Nodes that nobody refused. */
  readonly nodeNames: readonly string[];
  /** Refusals that give a reason; a node may be left out without one. */
  readonly refusals: ReadonlyMap<string, Status>;
  /** Somebody left nodes out. */
  readonly narrowed: boolean;
  readonly scores: readonly ExtenderScores[];
}

export type Consultation =
  | { readonly kind: 'answered'; readonly answers: NodeAnswers }
  /** An extender that cannot be done without failed. */
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'aborted' };

export interface PodExtendersOptions {
  readonly nodes: NodeTable;
  /** The pod as the API server last showed it, by UID. */
  readonly latest: (uid: string) => Pod | undefined;
  readonly kept: KeptObjects;
  readonly passedOver: (extender: Extender, verb: ExtenderVerb, pod: Pod, message: string) => void;
  /** One call of the prioritize verb more, or less, is under way. */
  readonly prioritizing: (delta: 1 | -1) => void;
}

type Filtering =
  | { readonly kind: 'answered'; readonly answers: Omit<NodeAnswers, 'scores'> }
  | Exclude<Consultation, { kind: 'answered' }>;

/** The extenders that one kind of pods concerns, in the order in which they are asked. Nothing here rejects. */
export class PodExtenders {
  readonly filters: boolean;
  readonly prioritizes: boolean;
  readonly preempts: boolean;
  /** Whether an attempt to place such a pod has to ask anybody. */
  readonly areAsked: boolean;
  /** The one that binds such pods; undefined when none does. */
  readonly binder: Extender | undefined;
  readonly #extenders: readonly Extender[];
  readonly #options: PodExtendersOptions;

  constructor(extenders: readonly Extender[], options: PodExtendersOptions) {
    this.filters = extenders.some(({ filters }) => filters);
    this.prioritizes = extenders.some(({ prioritizes }) => prioritizes);
    this.preempts = extenders.some(({ preempts }) => preempts);
    this.areAsked = this.filters || this.prioritizes || this.preempts;
    this.binder = extenders.find(({ binds }) => binds);
    this.#extenders = extenders;
    this.#options = options;
  }

  /** Asks which of the nodes the pod may have, one extender after the other, and then all at once how good those are. */
  async consult(
    pod: Pod,
    nodeNames: readonly string[],
    options: { readonly signal: AbortSignal; readonly scored: boolean },
  ): Promise<Consultation> {
    const podText = this.#options.kept.podText(pod);
    if (podText === undefined) return { kind: 'failed', message: `pod "${podKey(pod)}" not found` };
    const nodeText = (name: string): string | undefined => this.#nodeText(name);
    const filtered = await this.#filter(pod, { podText, nodeNames, nodeText }, options.signal);
    if (filtered.kind !== 'answered') return filtered;
    const { answers } = filtered;
    const question = { podText, nodeNames: answers.nodeNames.filter((name) => this.#exists(name)), nodeText };
    const scores =
      options.scored && question.nodeNames.length > 1
        ? await this.#prioritize(pod, question, options.signal)
        : [];
    return scores === 'aborted' ? { kind: 'aborted' } : { kind: 'answered', answers: { ...answers, scores } };
  }

  /** Asks, one extender after the other, whether the candidates of a preemption will do. */
  async advise(
    preemptor: Pod,
    candidates: readonly Candidate[],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<PreemptionAdvice> {
    const { kept, latest, nodes } = this.#options;
    let remaining = candidates;
    for (const extender of this.#extenders) {
      if (!extender.preempts || remaining.length === 0) continue;
      const podText = podTextOf(preemptor.uid, this.#options);
      if (podText === undefined) return { kind: 'failed', message: `pod "${podKey(preemptor)}" not found` };
      const victimText = (uid: string): string | undefined => podTextOf(uid, { kept, latest });
      const asked = podsByNode(remaining, nodes);
      const answer = await extender.preempt({ podText, candidates: remaining, victimText }, signal);
      if (answer.kind === 'aborted') return answer;
      const { name, ignorable } = extender;
      const resolved =
        answer.kind === 'failed'
          ? answer
          : resolveVictims(answer.value, { extender: name, ignorable, preemptor, nodes, asked });
      if (resolved.kind === 'resolved') {
        remaining = resolved.candidates;
        continue;
      }
      if (!ignorable) return { kind: 'failed', message: resolved.message };
      this.#options.passedOver(extender, 'preempt', preemptor, resolved.message);
      remaining = asTheyAreNow(remaining, nodes);
    }
    return { kind: 'candidates', candidates: remaining };
  }

  async #filter(pod: Pod, question: NodesQuestion, signal: AbortSignal): Promise<Filtering> {
    let { nodeNames } = question;
    let narrowed = false;
    const refusals = new Map<string, Status>();
    for (const extender of this.#extenders) {
      if (!extender.filters) continue;
      if (nodeNames.length === 0) break;
      const answer = await extender.filter({ ...question, nodeNames }, signal);
      if (answer.kind === 'aborted') return answer;
      if (answer.kind === 'failed') {
        if (!extender.ignorable) return answer;
        this.#options.passedOver(extender, 'filter', pod, answer.message);
        continue;
      }
      const left = [...new Set(answer.value.nodeNames)];
      if (left.length < nodeNames.length) narrowed = true;
      for (const [name, status] of answer.value.refusals) refusals.set(name, status);
      nodeNames = left;
    }
    return { kind: 'answered', answers: { nodeNames, refusals, narrowed } };
  }

  /** Whoever fails says nothing, and is not missed. */
  async #prioritize(
    pod: Pod,
    question: NodesQuestion,
    signal: AbortSignal,
  ): Promise<readonly ExtenderScores[] | 'aborted'> {
    const { prioritizing, passedOver } = this.#options;
    const asked = this.#extenders.filter(({ prioritizes }) => prioritizes);
    const answers = await Promise.all(
      asked.map(async (extender) => {
        prioritizing(1);
        const answer = await extender.prioritize(question, signal);
        prioritizing(-1);
        return { extender, answer };
      }),
    );
    const scores: ExtenderScores[] = [];
    for (const { extender, answer } of answers) {
      if (answer.kind === 'aborted') return 'aborted';
      if (answer.kind === 'failed') passedOver(extender, 'prioritize', pod, answer.message);
      else scores.push({ extender: extender.name, pointWeight: extender.pointWeight, scores: answer.value });
    }
    return scores;
  }

  #exists(name: string): boolean {
    const { nodes } = this.#options;
    const slot = nodes.slotOf(name);
    return slot !== undefined && nodes.nodeAt(slot) !== undefined;
  }

  #nodeText(name: string): string | undefined {
    const { nodes, kept } = this.#options;
    const slot = nodes.slotOf(name);
    const node = slot === undefined ? undefined : nodes.nodeAt(slot);
    return node && kept.nodeText(node);
  }
}

/** An assumed pod is a copy that nothing is kept of: what the API server last showed is. */
function podTextOf(
  uid: string,
  { kept, latest }: Pick<PodExtendersOptions, 'kept' | 'latest'>,
): string | undefined {
  const pod = latest(uid);
  return pod && kept.podText(pod);
}
