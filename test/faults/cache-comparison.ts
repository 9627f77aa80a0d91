import { isOver, type NodeObject, type PodObject } from './api-objects.js';

/** What a scheduler believes, in as much as it can be compared with lists. */
export interface BelievedState {
  /** Pods on nodes, assumed ones included: node name by UID. */
  readonly placed: ReadonlyMap<string, string>;
  /** UIDs of pods that wait, in any queue or under way. */
  readonly waiting: { has(uid: string): boolean; readonly size: number };
  /** Resource version by name. */
  readonly nodes: ReadonlyMap<string, string>;
}

/**
 * Everything in which a cache and fresh lists differ, one phrase each. An idle cluster is asked for: while something happens, a cache
 * is rightly ahead (assumptions) or behind (the watch).
 */
export function cacheDivergence(
  believed: BelievedState,
  fresh: {
    readonly nodes: readonly NodeObject[];
    readonly pods: readonly PodObject[];
    readonly schedulerName: string;
  },
): string[] {
  const found: string[] = [];
  const live = fresh.pods.filter((pod) => !isOver(pod));
  const placed = new Map(
    live
      .filter(({ spec }) => (spec.nodeName ?? '') !== '')
      .map(({ metadata, spec }) => [metadata.uid, spec.nodeName!]),
  );
  for (const [uid, node] of placed)
    if (believed.placed.get(uid) !== node)
      found.push(`pod ${uid} is on ${node}, believed on ${believed.placed.get(uid) ?? 'no node'}`);
  for (const [uid, node] of believed.placed)
    if (!placed.has(uid)) found.push(`pod ${uid} is believed on ${node} and is on none`);
  const waiting = new Set(
    live
      .filter(
        ({ spec, metadata }) =>
          (spec.nodeName ?? '') === '' &&
          spec.schedulerName === fresh.schedulerName &&
          metadata.deletionTimestamp === undefined,
      )
      .map(({ metadata }) => metadata.uid),
  );
  for (const uid of waiting) if (!believed.waiting.has(uid)) found.push(`pod ${uid} waits in no queue`);
  if (believed.waiting.size !== waiting.size)
    found.push(`${believed.waiting.size} pods are in queues, ${waiting.size} wait`);
  const nodes = new Map(fresh.nodes.map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
  for (const [name, version] of nodes)
    if (believed.nodes.get(name) !== version)
      found.push(`node ${name} is at ${version}, believed at ${believed.nodes.get(name) ?? 'no version'}`);
  for (const name of believed.nodes.keys())
    if (!nodes.has(name)) found.push(`node ${name} is believed and is gone`);
  return found;
}
