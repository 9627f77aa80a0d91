import { isOver, type NodeObject, type PodObject } from './api-objects.js';
import { type BoundPod, bindingsIn } from './cluster-history.js';
import type { ClientEvidence, Evidence, Verdict } from './evidence.js';
import { ledFrom } from './leadership.js';
import { brokenRules, type View } from './placement-rules.js';
import type { RequestRecord } from './request-log.js';

/** A binding of Berth's, with the requests that led to it. */
interface OwnBinding extends BoundPod {
  readonly client: ClientEvidence;
  readonly generation: number;
  /** When it must have been decided at the latest; what came shortly before it may not have been known. */
  readonly decidedAt: number;
}

/** Requests for one and the same binding follow each other within this time. */
const retryGapMs = 1_500;
/** A binding waits for its turn behind others that take long: as far back as this. */
const queueMemoryMs = 4_000;

/** Says whether bindings were right, given what was bound before them and what their maker had been told. */
export function auditBindings(evidence: Evidence): Verdict[] {
  const { history } = evidence;
  const passages = bindingsIn(history.pods);
  const twice = passages
    .filter(({ from }) => from !== '')
    .map(({ from, bound }) => `${bound.pod.metadata.name} went from ${from} to ${bound.node || 'nowhere'}`);
  const granted = grantedBindings(evidence);
  for (const [uid, records] of granted)
    if (records.length > 1) twice.push(`${records[0]!.name} (${uid}) was bound ${records.length} times`);
  const own = passages.flatMap(({ bound }) => ownBinding(evidence, bound) ?? []);
  const makers = new Map(own.map((binding) => [binding.pod.metadata.uid, binding]));
  const wrong: string[] = [];
  const late: string[] = [];
  let excused = 0;
  // What came before a binding that was seen after a gap is not known.
  const judged = own.filter(({ approximate }) => !approximate);
  for (const binding of judged) {
    const known = viewBefore(evidence, binding, makers);
    const broken = brokenRules(binding.pod, binding.node, known);
    if (broken.length === 0) {
      const really = exactView(evidence, binding);
      if (brokenRules(binding.pod, binding.node, really).length > 0) excused += 1;
      continue;
    }
    const alone = viewBefore(evidence, binding, makers, { ownOnly: true });
    const text = `${binding.pod.metadata.name} to ${binding.node} at version ${binding.version}, by ${binding.client.name}#${binding.generation}: ${broken.join(', ')}${ageThatExplains(evidence, binding, makers)}${whatWasKnown(evidence, binding)}`;
    if (brokenRules(binding.pod, binding.node, alone).length === 0) late.push(text);
    else wrong.push(text);
  }
  const candidates = evidence.clients.reduce((sum, { identities }) => sum + identities.size, 0);
  return [
    {
      invariant: 'no pod is bound twice, or to two nodes',
      breaches: twice,
      cases: passages.length,
      note: `${passages.length} bindings, ${own.length} of them by Berth`,
    },
    {
      invariant: 'no binding breaks room, ports, taints, selectors, affinity or spread',
      breaches: wrong,
      cases: judged.length,
      note: `${judged.length} judged, ${excused} overtaken by a change not yet known`,
    },
    {
      invariant: 'a new leader respects what its predecessors bound',
      breaches: late,
      cases: candidates,
      note: `${candidates} candidates`,
    },
  ];
}

/** Bindings that the API server accepted, by UID of the pod. */
function grantedBindings({ clients }: Evidence): Map<string, RequestRecord[]> {
  const granted = new Map<string, RequestRecord[]>();
  for (const record of clients.flatMap(({ log }) => log)) {
    if (record.class !== 'bind' || record.code < 200 || record.code > 299) continue;
    granted.set(record.uid, [...(granted.get(record.uid) ?? []), record]);
  }
  return granted;
}

/** Undefined for a pod that somebody else bound. */
function ownBinding(evidence: Evidence, bound: BoundPod): OwnBinding | undefined {
  const { uid } = bound.pod.metadata;
  const fits = (record: RequestRecord): boolean =>
    record.class === 'bind' && record.uid === uid && record.target === bound.node;
  const candidates = evidence.clients.flatMap((client) =>
    client.log.filter(fits).map((record) => ({ client, record })),
  );
  const granted = candidates.find(({ record }) => record.code >= 200 && record.code <= 299);
  if (granted === undefined && evidence.boundByOther.has(uid)) return undefined;
  // Without an answer of the server's it is the last one that was not refused.
  const made = granted ?? candidates.findLast(({ record }) => record.code === 0);
  if (made === undefined) return undefined;
  const { client, record } = made;
  const decidedAt = decisionTime(client, record);
  return { ...bound, client, generation: record.generation, decidedAt };
}

/**
 * When the first request of the same try at binding came: after an unclear answer the pod is read until its state is known, and the
 * binding is posted again.
 */
function decisionTime(client: ClientEvidence, last: RequestRecord): number {
  let earliest = last.at;
  for (let index = client.log.lastIndexOf(last) - 1; index >= 0; index--) {
    const record = client.log[index]!;
    if (record.generation !== last.generation || record.name !== last.name) continue;
    if (record.class !== 'read' && record.class !== 'bind') continue;
    const isOther = record.class === 'bind' && record.target !== last.target;
    if (isOther || earliest - (record.endedAt ?? record.at) > retryGapMs) break;
    earliest = record.at;
  }
  return earliest;
}

/** How long bindings have waited lately: one that is sent now may have been decided that long ago. */
function queueingMs({ client, generation, decidedAt }: OwnBinding): number {
  const waits = client.log
    .filter((record) => record.class === 'bind' && record.generation === generation)
    .filter(({ at, endedAt }) => at <= decidedAt && (endedAt ?? decidedAt) >= decidedAt - queueMemoryMs)
    .map(({ at, endedAt }) => Math.min(endedAt ?? decidedAt, decidedAt) - at);
  return 2 * Math.max(0, ...waits);
}

/** How much older the decision would have to be to be right; a hint for whoever looks for the cause. */
function ageThatExplains(
  evidence: Evidence,
  binding: OwnBinding,
  makers: ReadonlyMap<string, OwnBinding>,
): string {
  const right = [1, 2, 4, 8, 16, 32].find((seconds) => {
    const view = viewBefore(evidence, binding, makers, { olderMs: seconds * 1_000 });
    return brokenRules(binding.pod, binding.node, view).length === 0;
  });
  return right === undefined ? '' : ` (right ${right} s before)`;
}

/** For the same: by how much the maker can have been behind. */
function whatWasKnown({ slackMs }: Evidence, binding: OwnBinding): string {
  const { client, generation, decidedAt, at } = binding;
  const waited = queueingMs(binding);
  const known = client.knowledge(generation).at('pods', decidedAt - slackMs - waited);
  return `; seen at ${at.toFixed(0)} ms, decided by ${decidedAt.toFixed(0)} ms, bindings waited ${waited.toFixed(0)} ms, pods were told up to version ${known.version}`;
}

/**
 * The states that whoever made the binding can have known. Its own bindings it always knows; those of earlier leaders as soon as it
 * leads; everything else when it was told.
 */
function viewBefore(
  evidence: Evidence,
  binding: OwnBinding,
  makers: ReadonlyMap<string, OwnBinding>,
  options: { readonly ownOnly?: boolean; readonly olderMs?: number } = {},
): View {
  const { history, slackMs } = evidence;
  const { client, generation, version } = binding;
  const knowledge = client.knowledge(generation);
  const moment = binding.decidedAt - slackMs - queueingMs(binding) - (options.olderMs ?? 0);
  const from = ledFrom(evidence, client, generation);
  const certain: PodObject[] = [];
  const possible: PodObject[] = [];
  const pods = knowledge.at('pods', moment);
  for (const { uid, states, last } of history.pods.statesBetween(pods.version, version, pods.missing)) {
    if (uid === binding.pod.metadata.uid) continue;
    const placed = states.filter((state) => state !== undefined && isPlaced(state)) as PodObject[];
    if (placed.length === 0) continue;
    possible.push(placed.at(-1)!);
    if (last === undefined || !isPlaced(last)) continue;
    const maker = makers.get(uid);
    const isOwn = maker?.client === client && maker.generation === generation;
    const isInherited = !options.ownOnly && maker !== undefined && !isOwn && maker.at < from;
    if (isOwn || isInherited || placed.length === states.length) certain.push(last);
  }
  possible.push(...assumedBy(evidence, binding));
  const nodes = knowledge.at('nodes', moment);
  return { certain, possible, ...nodeStates(evidence, nodes.version, version, nodes.missing) };
}

/**
 * Pods that its maker may have counted on nodes although the API server did not: assumptions, whose requests were under way or waited
 * for their turn. Commits do not come in the order of decisions.
 */
function assumedBy({ history, slackMs }: Evidence, binding: OwnBinding): PodObject[] {
  const { client, generation, decidedAt } = binding;
  const latest = binding.at + slackMs + queueingMs(binding);
  const requests = client.log.filter(
    (record) =>
      record.class === 'bind' &&
      record.generation === generation &&
      record.uid !== binding.pod.metadata.uid &&
      record.at >= decidedAt - queueMemoryMs &&
      record.at <= latest,
  );
  return requests.flatMap(({ uid, target }) => {
    const pod = history.pods.lifeOf(uid).find(({ object }) => object !== undefined)?.object;
    return pod === undefined ? [] : [{ ...pod, spec: { ...pod.spec, nodeName: target } }];
  });
}

function exactView(evidence: Evidence, { version, pod }: OwnBinding): View {
  const before = version - 1;
  const placed: PodObject[] = [];
  for (const { uid, last } of evidence.history.pods.statesBetween(before, version, new Set()))
    if (uid !== pod.metadata.uid && last !== undefined && isPlaced(last)) placed.push(last);
  return { certain: placed, possible: placed, ...nodeStates(evidence, before, version, new Set()) };
}

function nodeStates(
  { history }: Evidence,
  known: number,
  end: number,
  missing: ReadonlySet<number>,
): Pick<View, 'nodes' | 'steadyNodes'> {
  const nodes = new Map<string, NodeObject[]>();
  const steadyNodes = new Set<string>();
  for (const { states } of history.nodes.statesBetween(known, end, missing)) {
    const seen = states.filter((state) => state !== undefined);
    const name = seen[0]?.metadata.name;
    if (name === undefined) continue;
    nodes.set(name, [...(nodes.get(name) ?? []), ...seen]);
    if (seen.length === states.length) steadyNodes.add(name);
  }
  return { nodes, steadyNodes };
}

function isPlaced(pod: PodObject): boolean {
  return (pod.spec.nodeName ?? '') !== '' && !isOver(pod);
}
