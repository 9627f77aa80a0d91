import type { PodRecord, SeenPod, Sighting } from './pod-records.js';
import type { SchedulerEvent, TwinCluster } from './twin-cluster.js';

/** A pod of Berth's cluster that was put where kube-scheduler had put its twin, after a tie went two ways. */
export interface Move {
  /** The pod as Berth had placed it. */
  readonly original: SeenPod;
  /** The one that took its place. */
  readonly replacement: SeenPod;
  readonly from: string;
  readonly to: string;
}

/** The node promised to a pod by Berth, where kube-scheduler promised another that is as good. */
export interface OtherNomination {
  readonly uid: string;
  readonly from: string;
  readonly to: string;
}

/** What may differ between the two clusters without being a difference. */
export interface Licence {
  readonly moves: readonly Move[];
  readonly nominations: readonly OtherNomination[];
}

/** What befell the pods of a name: one entry a pod, each a list of lines; sorted, for names that were made up by controllers. */
export type Stories = ReadonlyMap<string, readonly (readonly string[])[]>;

const SCHEDULER = '<scheduler>';

/** What was seen of all pods of a cluster, as text that has to be equal on both. */
export function storiesOf(cluster: TwinCluster, licence: Licence): Stories {
  const records = cluster.pods.all();
  const replaced = new Set(licence.moves.map(({ replacement }) => replacement.metadata.uid));
  const stories = new Map<string, (readonly string[])[]>();
  for (const record of records) {
    if (replaced.has(record.pod.metadata.uid)) continue;
    const name = keyOf(record.pod);
    stories.set(name, [...(stories.get(name) ?? []), storyOf(record, cluster, licence)]);
  }
  for (const [name, list] of stories) if (name.endsWith('*')) stories.set(name, list.sort(byText));
  return stories;
}

/** The distinct events of each pod, as text that has to be equal on both. */
export function eventsOf(cluster: TwinCluster, events: readonly SchedulerEvent[], licence: Licence): Stories {
  const told = new Map<string, Set<string>>();
  for (const { regarding, type, reason, action, note, reportingController } of events) {
    const record = cluster.pods.of(regarding.uid);
    // kube-scheduler says nothing to pods at their gates, nor to those that wait for a volume, and Berth does.
    if (record === undefined || reason === 'SchedulingGated' || reason === 'WaitingToBind') continue;
    const said = reason === 'FailedScheduling' ? refusalSaid(note, record) : note;
    if (said === undefined) continue;
    const name = keyOf(record.pod);
    const by = reportingController === cluster.schedulerName ? SCHEDULER : reportingController;
    const text = neutral(said, regarding.uid, cluster, licence);
    const lines = told.get(name) ?? new Set();
    told.set(name, lines.add(`${type} ${reason} ${action} by ${by}: ${text}`));
  }
  return new Map([...told].map(([name, lines]) => [name, [[...lines].sort()]]));
}

/**
 * The note of an event that tells of a refusal that counts; undefined for others. An event that follows closely on one like it is
 * counted there, whatever its note: of a controller's pod, which may be refused twice in a moment, it only counts that there is one.
 */
function refusalSaid(note: string, record: PodRecord): string | undefined {
  // Events are cut off where conditions are not.
  const start = note.endsWith(' ...') ? note.slice(0, -4) : note;
  const isOf = ({ condition }: Sighting): boolean => condition?.message?.startsWith(start) ?? false;
  const told = toldSightings(record);
  if (!isControlled(record.pod)) return told.some(isOf) ? note : undefined;
  const counts = told.some(({ condition }) => condition?.reason === 'Unschedulable');
  return counts && record.sightings.some(isOf) ? '<what its condition said>' : undefined;
}

/** A pod's namespace and name; for names made up by controllers, what they were made from and a star. */
export function keyOf({ metadata }: SeenPod): string {
  return `${metadata.namespace}/${nameOf({ metadata })}`;
}

function nameOf({ metadata }: Pick<SeenPod, 'metadata'>): string {
  const generateName = madeFrom({ metadata });
  if (generateName === undefined) return metadata.name;
  // The hash of the template differs between the clusters, as the template names the scheduler.
  const labels = (metadata.labels ?? {}) as Readonly<Record<string, string>>;
  const hash = labels['pod-template-hash'];
  return `${hash === undefined ? generateName : generateName.replace(`-${hash}-`, '-')}*`;
}

/** What a controller made the pod's name from, if chance had a part in it: pods of StatefulSets are numbered. */
function madeFrom({
  metadata: { generateName, ownerReferences },
}: Pick<SeenPod, 'metadata'>): string | undefined {
  const isNumbered = ownerReferences?.some(({ kind }) => kind === 'StatefulSet') ?? false;
  return isNumbered ? undefined : generateName;
}

function storyOf(record: PodRecord, cluster: TwinCluster, licence: Licence): readonly string[] {
  const { uid } = record.pod.metadata;
  const move = licence.moves.find(({ original }) => original.metadata.uid === uid);
  const told = toldSightings(record);
  const sightings = move === undefined ? told : movedSightings(told, move, cluster);
  const lines: string[] = [];
  for (const sighting of sightings) {
    const line = neutral(lineOf(sighting), uid, cluster, licence);
    if (line !== lines.at(-1)) lines.push(line);
  }
  return lines;
}

/**
 * Without what was superseded before things had settled: how often a pod is tried while other parts of the cluster are still at
 * work is a matter of time. A pod that the scenario made found everything settled: its first refusal always counts, and the first
 * after each change of its nomination.
 */
function toldSightings({ pod, sightings, settled }: PodRecord): Sighting[] {
  const refusedWith = new Set<string>();
  return sightings.filter(({ condition, nodeName, nominatedNodeName, deletion }, place) => {
    const isRefusal = condition?.reason === 'Unschedulable';
    const isFirst = !isRefusal || !refusedWith.has(nominatedNodeName);
    if (isRefusal) refusedWith.add(nominatedNodeName);
    if (nodeName !== '' || deletion !== 'none') return true;
    if (place === 0 || place === sightings.length - 1 || settled.has(place)) return true;
    return isFirst && !isControlled(pod);
  });
}

function isControlled({ metadata }: SeenPod): boolean {
  return metadata.ownerReferences?.some(({ controller }) => controller) ?? false;
}

/** The story up to the placement is that of the first pod, from then on that of the pod in its place. */
function movedSightings(
  told: readonly Sighting[],
  { replacement, to }: Move,
  cluster: TwinCluster,
): Sighting[] {
  const bound = told.findIndex(({ nodeName }) => nodeName !== '');
  const after = cluster.pods.of(replacement.metadata.uid)?.sightings ?? [];
  return [
    ...told.slice(0, bound),
    { ...told[bound]!, nodeName: to },
    // Nobody scheduled it, so nobody said that it was.
    ...after.map((sighting) => ({ condition: { status: 'True' }, ...sighting })),
  ];
}

function lineOf({ nodeName, nominatedNodeName, condition, disruption, deletion }: Sighting): string {
  return [
    condition === undefined
      ? 'PodScheduled unknown'
      : `PodScheduled=${[condition.status, condition.reason, condition.message].filter(Boolean).join(' ')}`,
    nodeName && `on ${nodeName}`,
    nominatedNodeName && `nominated to ${nominatedNodeName}`,
    disruption && `disrupted: ${disruption.status} ${disruption.reason} ${disruption.message}`,
    deletion !== 'none' && `deletion ${deletion}`,
  ]
    .filter(Boolean)
    .join('; ');
}

/** Text about the pod `uid` without what has to differ between the clusters. */
function neutral(text: string, uid: string, cluster: TwinCluster, { moves, nominations }: Licence): string {
  let result = text;
  for (const { pod } of cluster.pods.all()) {
    result = result.replaceAll(pod.metadata.uid, `<uid of ${nameOf(pod)}>`);
    if (madeFrom(pod) !== undefined) result = result.replaceAll(pod.metadata.name, nameOf(pod));
  }
  result = result.replace(`${cluster.schedulerName}: preempting`, `${SCHEDULER}: preempting`);
  const move = moves.find(({ original }) => original.metadata.uid === uid);
  if (move !== undefined) result = result.replace(new RegExp(` to ${move.from}$`), ` to ${move.to}`);
  const other = nominations.find((nomination) => nomination.uid === uid);
  if (other !== undefined)
    result = result
      .replace(` on node ${other.from},`, ` on node ${other.to},`)
      .replace(`nominated to ${other.from}`, `nominated to ${other.to}`);
  return result;
}

function byText(a: readonly string[], b: readonly string[]): number {
  const [first, second] = [a.join('\n'), b.join('\n')];
  return first < second ? -1 : Number(first > second);
}
