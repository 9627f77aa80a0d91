import type { Candidate } from '../plugins/default-preemption/candidate.js';
import type { ExtenderAnswer } from './extender-answer.js';
import { WireObject } from './wire-value.js';

/** What an extender is asked about: a pod, and who would have to leave which node for it. */
export interface PreemptQuestion {
  /** JSON of the whole preemptor. */
  readonly podText: string;
  readonly candidates: readonly Candidate[];
  /** JSON of the whole victim; undefined when it is gone. Asked for only by extenders that keep no pods of their own. */
  readonly victimText: (uid: string) => string | undefined;
}

/** Victims by UID on one node, in the order given. */
export interface NamedVictims {
  readonly uids: readonly string[];
  readonly budgetViolations: number;
}

/** The request of the preempt verb. */
export function preemptRequest(
  { podText, candidates, victimText }: PreemptQuestion,
  { nodeCacheCapable }: { readonly nodeCacheCapable: boolean },
): string {
  const textOf = nodeCacheCapable ? (uid: string) => `{"UID":${JSON.stringify(uid)}}` : victimText;
  const entries = candidates.map(({ nodeName, victims, budgetViolations }) => {
    const pods = victims.map(({ uid }) => textOf(uid)).filter((text) => text !== undefined);
    return `${JSON.stringify(nodeName)}:{"Pods":[${pods.join(',')}],"NumPDBViolations":${budgetViolations}}`;
  });
  const map = `{${entries.join(',')}}`;
  const [full, meta] = nodeCacheCapable ? ['null', map] : [map, 'null'];
  return `{"Pod":${podText},"NodeNameToVictims":${full},"NodeNameToMetaVictims":${meta}}`;
}

/** Reads the answer of the preempt verb: victims by node name. Throws `WireShapeError`. */
export function readPreemptAnswer(document: unknown): ExtenderAnswer<ReadonlyMap<string, NamedVictims>> {
  const value = new WireObject(document, '').map('NodeNameToMetaVictims', (item, path) => {
    const victims = new WireObject(item, path);
    const uids = victims.list('Pods', (pod, at) => new WireObject(pod, at).text('UID')) ?? [];
    return { uids, budgetViolations: victims.integer('NumPDBViolations') };
  });
  return { kind: 'answered', value };
}
