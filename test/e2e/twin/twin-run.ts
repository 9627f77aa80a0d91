import { setTimeout as sleep } from 'node:timers/promises';
import type { RawObject } from '../../conformance/golden-file.js';
import { type Prediction, predict } from './best-set.js';
import { type Expectation, isMet } from './expectation.js';
import type { PodRecord, SeenPod } from './pod-records.js';
import type { ObjectManifest, Part, Scenario } from './scenario.js';
import { eventsOf, keyOf, type Move, type OtherNomination, type Stories, storiesOf } from './story.js';
import type { TwinCluster } from './twin-cluster.js';

/** Something that kube-scheduler and Berth did not do alike. */
export interface Difference {
  readonly what: string;
  readonly pod: string;
  readonly kubeScheduler: unknown;
  readonly berth: unknown;
}

/** What a scenario came to. */
export interface Report {
  readonly differences: readonly Difference[];
  /** Decisions whose best set, or refusal, was also found by judging the pod over both clusters' objects. */
  readonly judged: number;
  /** Placements where several nodes were best. */
  readonly ties: number;
  /** Of these, where the two went different ways. */
  readonly moves: number;
}

/** How long kube-scheduler gets for what a scenario expects: longer than a pod's backoff. */
const EXPECTED_WITHIN_MS = 20_000;
/** How long Berth gets once kube-scheduler is there. */
const TWIN_WITHIN_MS = 12_000;
/** What is written after a decision, such as events, may take this long. */
const WRITTEN_WITHIN_MS = 20_000;

/** Thrown when the clusters have parted: what follows in a scenario would say nothing more. */
class Parted extends Error {}

/** A pod on both clusters. */
interface Pair {
  readonly kube: PodRecord;
  readonly berth: PodRecord;
}

/** Runs one scenario on both clusters at once, step by step, and collects what differs. */
export class TwinRun {
  readonly #kube: TwinCluster;
  readonly #berth: TwinCluster;
  readonly #both: readonly [TwinCluster, TwinCluster];
  readonly #scenario: Scenario;
  readonly #manifests = new Map<string, ObjectManifest>();
  readonly #differences: Difference[] = [];
  readonly #moves: Move[] = [];
  readonly #nominations: OtherNomination[] = [];
  #judged = 0;
  #ties = 0;

  constructor(kubeScheduler: TwinCluster, berth: TwinCluster, scenario: Scenario) {
    this.#kube = kubeScheduler;
    this.#berth = berth;
    this.#both = [kubeScheduler, berth];
    this.#scenario = scenario;
  }

  /** @throws Error when kube-scheduler does not do what the scenario expects, or the scenario cannot be carried out. */
  async run(): Promise<Report> {
    const { name, parts } = this.#scenario;
    try {
      for (const part of parts) await this.#do(part);
      await this.#compareWhatWasWritten();
    } catch (error) {
      if (!(error instanceof Parted)) throw error;
    } finally {
      await this.#onBoth((cluster) => cluster.cleanUp(name));
    }
    return {
      differences: this.#differences,
      judged: this.#judged,
      ties: this.#ties,
      moves: this.#moves.length,
    };
  }

  async #do(part: Part): Promise<void> {
    const { name } = this.#scenario;
    switch (part.kind) {
      case 'nodes':
        await this.#onBoth((cluster) => cluster.createNodes(part.nodes));
        return;
      case 'object':
        await this.#onBoth((cluster) => cluster.create(part.object, name));
        return;
      case 'pod':
        return this.#doPod(part.object, part.expected);
      case 'workload':
        return this.#doAndSettle(new Map([[part.object.metadata.name, part.expected]]), async (cluster) => {
          await cluster.create(part.object, name);
        });
      case 'step':
        return this.#doAndSettle(part.expected, async (cluster) => {
          for (const command of part.commands) await cluster.kubectl(command, name);
          await sleep(part.pauseSeconds * 1_000);
        });
    }
  }

  async #doPod(object: ObjectManifest, expected: Expectation): Promise<void> {
    const { name } = this.#scenario;
    const states = await this.#onBoth((cluster) => cluster.state());
    const pods = await this.#onBoth((cluster) => cluster.create(object, name));
    const pod = `${object.metadata.namespace ?? name}/${object.metadata.name}`;
    this.#manifests.set(pod, object);
    await this.#settle(new Map([[pod, [expected]]]), () => 0);
    if (object.spec?.nodeName === undefined) {
      const [kube, berth] = [this.#record(this.#kube, pod), this.#record(this.#berth, pod)];
      await this.#judge({ kube, berth }, [
        [states[0], pods[0] as RawObject],
        [states[1], pods[1] as RawObject],
      ]);
    }
    await this.#compareStories();
  }

  /** Does something that changes what becomes of pods, waits for what has to come of it, and compares. */
  async #doAndSettle(
    expected: ReadonlyMap<string, readonly Expectation[]>,
    act: (cluster: TwinCluster) => Promise<void>,
  ): Promise<void> {
    const seen = new Map(
      this.#both
        .flatMap(({ pods }) => pods.all())
        .map(({ pod, sightings }) => [pod.metadata.uid, sightings.length]),
    );
    const wasBound = new Set(
      this.#both
        .flatMap(({ pods }) => pods.all())
        .filter(({ pod }) => pod.spec.nodeName !== undefined)
        .map(({ pod }) => pod.metadata.uid),
    );
    await this.#onBoth(act);
    if (expected.size > 0) {
      // How a pod stood before counts as well: it may be that nothing has to change.
      await this.#settle(expected, (uid) => Math.max(0, (seen.get(uid) ?? 0) - 1));
      await this.#judgeNewlyBound(wasBound);
    }
    await this.#compareStories();
  }

  /** Waits until what is expected has come about, for kube-scheduler first: what does not come about there is the scenario's fault. */
  async #settle(
    expected: ReadonlyMap<string, readonly Expectation[]>,
    from: (uid: string) => number,
  ): Promise<void> {
    for (const [name, outcomes] of expected) {
      const isSettled = (cluster: TwinCluster) => () => this.#isSettled(cluster, name, outcomes, from);
      const text = outcomes.map((expectation) => expectation.text).join('; ');
      if (!(await this.#kube.pods.until(isSettled(this.#kube), EXPECTED_WITHIN_MS)))
        throw new Error(`kube-scheduler does not let ${name} be ${text}: ${this.#told(this.#kube, name)}`);
      if (!(await this.#berth.pods.until(isSettled(this.#berth), TWIN_WITHIN_MS)))
        this.#part(
          `does not come to be ${text}`,
          name,
          this.#tellAll(this.#kube, name),
          this.#tellAll(this.#berth, name),
        );
    }
  }

  #isSettled(
    cluster: TwinCluster,
    name: string,
    expected: readonly Expectation[],
    from: (uid: string) => number,
  ): boolean {
    const records = this.#recordsOf(cluster, name);
    const wanted = expected.reduce((sum, { count }) => sum + count, 0);
    if (records.length !== wanted) return false;
    return expected.every((expectation) => {
      const met = records.filter(({ pod, sightings }) =>
        isMet(expectation, sightings.slice(from(pod.metadata.uid))),
      );
      return met.length >= expectation.count;
    });
  }

  /** A pod, or the pods of a workload that are still there. */
  #recordsOf(cluster: TwinCluster, name: string): PodRecord[] {
    const [namespace, plainName] = this.#resolve(name);
    const pod = cluster.pods.named(namespace, plainName);
    if (pod !== undefined) return [pod];
    return cluster.pods
      .all()
      .filter(({ sightings }) => sightings.at(-1)?.deletion !== 'done')
      .filter(({ pod: { metadata } }) => {
        const owner = metadata.ownerReferences?.find(({ controller }) => controller)?.name;
        return (
          metadata.namespace === namespace && (owner === plainName || owner?.startsWith(`${plainName}-`))
        );
      });
  }

  #resolve(name: string): [namespace: string, name: string] {
    const [first = '', second] = name.split('/');
    return second === undefined ? [this.#scenario.name, first] : [first, second];
  }

  #record(cluster: TwinCluster, name: string): PodRecord {
    const record = cluster.pods.named(...this.#resolve(name));
    if (record === undefined) throw new Error(`pod ${name} was not seen`);
    return record;
  }

  /**
   * A pod that was bound late is judged over the cluster as it is then, without the pod: it is what the scheduler saw. Where
   * several were bound at once it is not known which of them saw the others: then both clusters have to look alike.
   */
  async #judgeNewlyBound(wasBound: ReadonlySet<string>): Promise<void> {
    const [kube, berth] = this.#both.map(({ pods }) =>
      pods
        .all()
        .filter(({ pod }) => pod.spec.nodeName !== undefined && !wasBound.has(pod.metadata.uid))
        .filter(({ pending, sightings }) => pending !== undefined && sightings.at(-1)?.deletion === 'none'),
    );
    if (kube?.length !== 1 || berth?.length !== 1) return;
    await this.#judgeLate({ kube: kube[0]!, berth: berth[0]! });
  }

  async #judgeLate(pair: Pair): Promise<void> {
    const [kubeState, berthState] = await this.#onBoth((cluster) => cluster.state());
    await this.#judge(pair, [
      [without(kubeState, pair.kube), pair.kube.pending as RawObject],
      [without(berthState, pair.berth), pair.berth.pending as RawObject],
    ]);
  }

  /** Judges a pod by Berth's own engine over what either cluster was, and both schedulers' decisions by that. */
  async #judge(
    pair: Pair,
    inputs: readonly [kube: readonly [RawObject[], RawObject], berth: readonly [RawObject[], RawObject]],
  ): Promise<void> {
    const pod = keyOf(pair.kube.pod);
    const [expected, other] = inputs.map(([state, judged]) => predict(state, judged)) as [
      Prediction,
      Prediction,
    ];
    this.#judged += 1;
    if (JSON.stringify(expected) !== JSON.stringify(other))
      this.#part(
        'judged over the objects of either cluster',
        pod,
        { ...expected, placements: placements(inputs[0][0]) },
        { ...other, placements: placements(inputs[1][0]) },
      );
    if (expected.kind === 'fits') await this.#judgePlacement(pair, expected.best);
    else if (expected.kind === 'refused') this.#judgeRefusal(pair, expected);
  }

  async #judgePlacement(pair: Pair, best: readonly string[]): Promise<void> {
    const pod = keyOf(pair.kube.pod);
    const [kubeNode, berthNode] = [placedOn(pair.kube), placedOn(pair.berth)];
    if (best.length > 1) this.#ties += 1;
    if (!best.includes(kubeNode ?? '') || !best.includes(berthNode ?? ''))
      this.#part(`has to be on one of ${best.join(', ')}`, pod, kubeNode, berthNode);
    if (kubeNode !== berthNode) await this.#moveToTwin(pair.berth, berthNode!, kubeNode!);
  }

  /** Makes Berth's cluster equal to kube-scheduler's again after a tie went two ways. */
  async #moveToTwin(record: PodRecord, from: string, to: string): Promise<void> {
    const original = record.pod;
    const manifest = this.#manifests.get(keyOf(original));
    if (manifest === undefined)
      throw new Error(
        `a tie of ${keyOf(original)} went two ways; only pods that no controller made can follow`,
      );
    const replacement = await this.#berth.move(original, manifest, to);
    this.#moves.push({ original, replacement, from, to });
  }

  #judgeRefusal({ kube, berth }: Pair, expected: Prediction & { kind: 'refused' }): void {
    const pod = keyOf(kube.pod);
    const [kubeMessage, berthMessage] = [firstRefusal(kube), firstRefusal(berth)];
    const [first] = expected.nominations;
    const acceptable = expected.nominations.map((node) =>
      expected.message.replace(` on node ${first},`, ` on node ${node},`),
    );
    const fits = (message = '') => message === expected.message || acceptable.includes(message);
    if (!fits(kubeMessage) || !fits(berthMessage))
      this.#part(`has to be refused: ${expected.message}`, pod, kubeMessage, berthMessage);
    const [to, from] = [kubeMessage, berthMessage].map(
      (message) => expected.nominations[acceptable.indexOf(message ?? '')],
    );
    if (from !== undefined && to !== undefined && from !== to)
      this.#nominations.push({ uid: berth.pod.metadata.uid, from, to });
  }

  /** What was seen of every pod so far has to be the same on both clusters; what is still on its way is waited for. */
  async #compareStories(): Promise<void> {
    await this.#compareTexts('what was seen of it', async () => {
      await this.#judgeWoken();
      const licence = { moves: this.#moves, nominations: this.#nominations };
      return [storiesOf(this.#kube, licence), storiesOf(this.#berth, licence)];
    });
    for (const { pods } of this.#both) pods.markSettled();
  }

  /** A pod that nobody looked at may have got its place beside another's: if it is on different nodes, that may be a tie. */
  async #judgeWoken(): Promise<void> {
    const moved = new Set(this.#moves.map(({ original }) => original.metadata.uid));
    const apart = this.#kube.pods
      .all()
      .map((kube) => ({
        kube,
        berth: this.#berth.pods.named(kube.pod.metadata.namespace, kube.pod.metadata.name),
      }))
      .filter((pair): pair is Pair => pair.berth !== undefined && !moved.has(pair.berth.pod.metadata.uid))
      .filter(({ kube, berth }) => areApart(kube, berth));
    if (apart.length === 1) await this.#judgeLate(apart[0]!);
  }

  /** Events are written behind decisions; and claims are bound by others. */
  async #compareWhatWasWritten(): Promise<void> {
    const licence = { moves: this.#moves, nominations: this.#nominations };
    await this.#compareTexts('events', async () => {
      const [kube, berth] = await this.#onBoth((cluster) => cluster.events());
      return [eventsOf(this.#kube, kube, licence), eventsOf(this.#berth, berth, licence)];
    });
    await this.#compareTexts('claims', async () => {
      const [kube, berth] = await this.#onBoth((cluster) => cluster.claims());
      return [kube, berth];
    });
    await this.#compareStories();
    this.#throwIfParted();
  }

  async #compareTexts(what: string, read: () => Promise<[Stories, Stories]>): Promise<void> {
    const deadline = performance.now() + WRITTEN_WITHIN_MS;
    for (;;) {
      const [kube, berth] = await read();
      const names = [...new Set([...kube.keys(), ...berth.keys()])];
      const unequal = names.filter(
        (name) => JSON.stringify(kube.get(name)) !== JSON.stringify(berth.get(name)),
      );
      if (unequal.length === 0) return;
      if (performance.now() > deadline) {
        for (const pod of unequal)
          this.#differences.push({ what, pod, kubeScheduler: kube.get(pod), berth: berth.get(pod) });
        this.#throwIfParted();
      }
      await sleep(50);
    }
  }

  #throwIfParted(): void {
    if (this.#differences.length > 0) throw new Parted();
  }

  #part(what: string, pod: string, kubeScheduler: unknown, berth: unknown): never {
    this.#differences.push({ what, pod, kubeScheduler, berth });
    throw new Parted();
  }

  #tellAll(cluster: TwinCluster, name: string): unknown {
    return this.#recordsOf(cluster, name).map(({ sightings }) => sightings);
  }

  #told(cluster: TwinCluster, name: string): string {
    return JSON.stringify(this.#tellAll(cluster, name), null, 2);
  }

  #onBoth<T>(act: (cluster: TwinCluster) => Promise<T>): Promise<[T, T]> {
    return Promise.all([act(this.#kube), act(this.#berth)]);
  }
}

function without(state: readonly RawObject[], { pod }: PodRecord): RawObject[] {
  return state.filter((object) => (object as SeenPod).metadata.uid !== pod.metadata.uid);
}

function placements(state: readonly RawObject[]): Record<string, unknown> {
  const pods = state.filter(({ kind }) => kind === 'Pod') as unknown as SeenPod[];
  return Object.fromEntries(pods.map((pod) => [keyOf(pod), pod.spec.nodeName]));
}

/** The node that a pod is on, or is going to be on once its volumes are there. */
function placedOn({ sightings }: PodRecord): string | undefined {
  const bound = sightings.find(({ nodeName }) => nodeName !== '');
  return (
    bound?.nodeName ??
    sightings.findLast(({ nominatedNodeName }) => nominatedNodeName !== '')?.nominatedNodeName
  );
}

/** True when both are on nodes, and not on the same. */
function areApart(...pods: readonly [PodRecord, PodRecord]): boolean {
  const [kube, berth] = pods.map(({ pod, sightings }) =>
    sightings.at(-1)?.deletion === 'none' ? pod.spec.nodeName : undefined,
  );
  return kube !== undefined && berth !== undefined && kube !== berth;
}

function firstRefusal({ sightings }: PodRecord): string | undefined {
  return sightings.find(({ condition }) => condition?.reason === 'Unschedulable')?.condition?.message;
}
