import { isDeepStrictEqual } from 'node:util';
import type { Berth } from '../../src/berth.js';
import type { Pod } from '../../src/cluster/pod.js';
import { Cycle } from '../../src/framework/cycle.js';
import { statusMessage } from '../../src/framework/status.js';
import type { Diagnosis } from '../../src/scheduler/diagnosis.js';
import { evaluate } from '../../src/scheduler/evaluate.js';
import { EvaluationSpace } from '../../src/scheduler/evaluation-space.js';
import { objectKinds } from '../../src/scheduler/object-kinds.js';

/*
 * Compares what is known after a storm with what somebody knows who begins only now, from lists: nothing of the storm may be left in
 * counts, columns and tables, and nothing may be missing.
 */

/** Sentences, one for each difference; empty when the two know the same. */
export function differences(kept: Berth, fresh: Berth, options: { readonly samples: number }): string[] {
  const found: string[] = [];
  const compare = (what: string, a: unknown, b: unknown): void => {
    const [known, there] = [plain(a), plain(b)];
    if (!isDeepStrictEqual(known, there)) found.push(`${what}${firstDifference(known, there)}`);
  };
  const [mine, theirs] = [kept.cluster, fresh.cluster];
  compareMaps('pods that are watched', kept.pods, fresh.pods, compare, withoutId);
  const onNodes = ({ cluster }: Berth) => new Map([...cluster.pods()].map((pod) => [pod.uid, pod]));
  compareMaps('pods on nodes', onNodes(kept), onNodes(fresh), compare, withoutId);
  compare('assumed pods', mine.assumedCount, 0);
  const scalars = scalarNames(fresh);
  compareMaps('nodes', rowsOf(kept, scalars), rowsOf(fresh, scalars), compare);
  for (const { kind, table } of objectKinds) {
    const byName = (berth: Berth) =>
      new Map(
        Array.from(table(berth.cluster).values(), (object) => [
          `${object.namespace ?? ''}/${object.name}`,
          object,
        ]),
      );
    compareMaps(kind, byName(kept), byName(fresh), compare);
  }
  compare('taint sets', mine.nodes.taintSets.size, theirs.nodes.taintSets.size);
  compare('feature sets', mine.nodes.featureSets.size, theirs.nodes.featureSets.size);
  compare('images', mine.nodes.images.size, theirs.nodes.images.size);
  const pending = [...fresh.pods.values()].filter(({ nodeName }) => nodeName === '').slice(-options.samples);
  for (const pod of pending)
    compare(
      `the decision about ${pod.namespace}/${pod.name}`.slice(0, 200),
      judged(kept, pod),
      judged(fresh, pod),
    );
  return found;
}

function compareMaps<T>(
  what: string,
  a: ReadonlyMap<string, T>,
  b: ReadonlyMap<string, T>,
  compare: (what: string, a: unknown, b: unknown) => void,
  view: (object: T) => unknown = (object) => object,
): void {
  compare(`${what}, by name`, [...a.keys()].sort(), [...b.keys()].sort());
  for (const [key, object] of a) {
    const other = b.get(key);
    if (other !== undefined) compare(`${what}: ${key.slice(0, 200)}`, view(object), view(other));
  }
}

/** Specs are numbered as they come. */
function withoutId(pod: Pod): unknown {
  return { ...pod, spec: { ...pod.spec, id: 0 } };
}

function scalarNames({ cluster }: Berth): string[] {
  const names = new Set<string>();
  for (const { accounted } of cluster.pods()) for (const name of accounted.scalars.keys()) names.add(name);
  const { slots } = cluster.nodes.rows();
  for (const slot of slots)
    for (const name of cluster.nodes.nodeAt(slot)!.allocatable.scalars.keys()) names.add(name);
  return [...names].sort();
}

function rowsOf({ cluster: { nodes } }: Berth, scalars: readonly string[]): Map<string, unknown> {
  const rows = new Map<string, unknown>();
  for (let slot = 0; slot < nodes.capacity; slot++) {
    const name = nodes.nameAt(slot);
    if (name === '') continue;
    const columns = {
      allocatable: [
        nodes.allocatableCpu[slot],
        nodes.allocatableMemory[slot],
        nodes.allocatableEphemeral[slot],
      ],
      requested: [nodes.requestedCpu[slot], nodes.requestedMemory[slot], nodes.requestedEphemeral[slot]],
      nonZero: [nodes.nonZeroCpu[slot], nodes.nonZeroMemory[slot]],
      pods: [nodes.allowedPods[slot], nodes.podCount[slot], nodes.unschedulable[slot]],
      scalars: scalars.map((scalar) => [
        scalar,
        nodes.scalarAllocatable(scalar)?.[slot] ?? 0,
        nodes.scalarRequested(scalar)?.[slot] ?? 0,
      ]),
    };
    rows.set(name, {
      node: nodes.nodeAt(slot),
      ...columns,
      taints: nodes.taintSets.value(nodes.taintSet[slot]!),
      features: [...nodes.featureSets.value(nodes.featureSet[slot]!)],
      uids: [...nodes.podsAt(slot).keys()].sort(),
      ports: nodes.portsAt(slot)?.toJSON(),
    });
  }
  return rows;
}

/** The verdict on every node, by name: the order of nodes is of no account. */
function judged({ cluster: { nodes }, policy }: Berth, pod: Pod): unknown {
  const profile = policy.profiles.get(pod.schedulerName);
  if (profile === undefined) return undefined;
  const decision = evaluate(new Cycle(pod, nodes), profile, {
    space: new EvaluationSpace(),
    random: () => 0,
  });
  if (decision.kind === 'no-nodes') return decision.kind;
  if (decision.kind === 'error') return statusMessage(decision.status);
  const refusals = Array.from(nodes.rows().slots, (slot) => [
    nodes.nameAt(slot),
    refusalAt(decision.diagnosis, slot),
  ]);
  const { scores } = decision.kind === 'fits' ? decision : {};
  // Of an image's sizes the one that was reported first counts for all nodes: that depends on the order in which nodes came.
  const columns = scores?.columns.filter(({ plugin }) => plugin !== 'ImageLocality') ?? [];
  const totals = Array.from(scores?.slots.subarray(0, scores.length) ?? [], (slot, row) => [
    nodes.nameAt(slot),
    ...columns.map(({ normalized }) => normalized[row]),
  ]);
  return [decision.kind, refusals.sort(byName), totals.sort(byName)];
}

function byName([a]: readonly unknown[], [b]: readonly unknown[]): number {
  return String(a) < String(b) ? -1 : 1;
}

function refusalAt(diagnosis: Diagnosis, slot: number): string {
  const status = diagnosis.statusOf(slot);
  return status === undefined ? '' : statusMessage(status);
}

/** Without negative zeros, which are equal to the others wherever it counts. */
function plain(value: unknown): unknown {
  if (value === 0) return 0;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries(Array.from(value, ([key, item]) => [key, plain(item)]));
  if (value instanceof Set) return [...value].map(plain);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.keys(value).map((key) => [key, plain(value[key])]));
}

/** Where the two part, and what is there. */
function firstDifference(a: unknown, b: unknown): string {
  if (isMap(a) && isMap(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    const key = keys.find((one) => !isDeepStrictEqual(a[one], b[one]));
    if (key !== undefined) return `.${key}${firstDifference(a[key], b[key])}`;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    const gone = a.filter((item) => !b.some((other) => isDeepStrictEqual(item, other)));
    const come = b.filter((item) => !a.some((other) => isDeepStrictEqual(item, other)));
    return `: only known ${shown(gone)}, only there ${shown(come)}`;
  }
  return `: known ${shown(a)}, there ${shown(b)}`;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 300);
}
