import type { Pod } from '../../src/cluster/pod.js';
import { createNodeProjector } from '../../src/cluster/project-node.js';
import { createPodProjector } from '../../src/cluster/project-pod.js';
import { Cycle } from '../../src/framework/cycle.js';
import { seededRandom } from '../../src/random.js';
import { runReserve, runUnreserve } from '../../src/scheduler/binding-cycle.js';
import { evaluate } from '../../src/scheduler/evaluate.js';
import { EvaluationSpace } from '../../src/scheduler/evaluation-space.js';
import { objectKinds } from '../../src/scheduler/object-kinds.js';
import { type CaseSetup, setUpCase } from '../conformance/case-setup.js';
import { comparePod } from '../conformance/compare-pod.js';
import { compareState } from '../conformance/compare-state.js';
import type { GoldenFile } from '../conformance/golden-file.js';
import { FileTally, Tally } from '../conformance/tally.js';
import type { Manifest } from './case.js';
import type { Dice } from './dice.js';

/**
 * Compares as `judgeFile` does, but after a random history: everything has been judged before, objects came, changed and went, pods
 * were assumed and forgotten, until all is again as the case says. What is kept up to date on the way has to show no trace of it.
 */
export function judgeAfterHistory(file: GoldenFile, tally: Tally, dice: Dice): void {
  const setup = setUpCase(file.case);
  const history = new History(setup, file.case.objects as unknown as Manifest[], dice);
  for (let round = dice.int(1, 3); round > 0; round -= 1) {
    if (dice.chance(0.7)) compare(setup, file, new Tally());
    history.leaveAndReturn(() => compare(setup, file, new Tally()));
  }
  compare(setup, file, tally);
}

function compare(setup: CaseSetup, { path, case: given, verdict }: GoldenFile, tally: Tally): void {
  const entry = new FileTally(tally, path, given.profile);
  compareState(setup, verdict, entry);
  for (const [index, golden] of verdict.pods.entries())
    comparePod(setup, setup.pending[index]!, golden, entry);
}

class History {
  readonly #setup: CaseSetup;
  readonly #objects: readonly Manifest[];
  readonly #dice: Dice;
  readonly #projectPod = createPodProjector();
  readonly #projectNode = createNodeProjector();
  #extra = 0;

  constructor(setup: CaseSetup, objects: readonly Manifest[], dice: Dice) {
    this.#setup = setup;
    this.#objects = objects;
    this.#dice = dice;
  }

  /** Leads the cluster away from the case and back; `elsewhere` is called where it is farthest. */
  leaveAndReturn(elsewhere: () => void): void {
    const dice = this.#dice;
    const share = dice.pick([0.02, 0.1, 0.5]);
    const returns = dice
      .shuffle(this.#objects)
      .flatMap((object) => (dice.chance(share) ? this.#disturb(object) : []));
    for (const pod of this.#setup.pending) if (dice.chance(share)) returns.push(this.#promise(pod));
    if (dice.chance(0.8)) elsewhere();
    for (const pod of this.#setup.pending) if (dice.chance(share)) this.#tryToPlace(pod);
    for (const comeBack of dice.shuffle(returns)) comeBack();
  }

  /** Changes something about an object; the functions returned set it right again, whatever has happened in between. */
  #disturb(object: Manifest): (() => void)[] {
    switch (object.kind) {
      case 'Pod':
        return this.#disturbPod(object);
      case 'Node':
        return this.#disturbNode(object);
      default:
        return this.#disturbOther(object);
    }
  }

  #disturbPod(object: Manifest): (() => void)[] {
    const { cluster, nominator } = this.#setup;
    const dice = this.#dice;
    const pod = this.#projectPod(object);
    if (pod.phase === 'Succeeded' || pod.phase === 'Failed') return [];
    if (pod.nodeName === '') {
      if (nominator.nodeOf(pod.uid) === undefined) return [];
      nominator.nominate(pod, dice.pick(this.#nodeNames()));
      return [() => nominator.nominate(pod, pod.nominatedNodeName)];
    }
    const restore = (): void => void cluster.setBoundPod(pod);
    if (dice.chance(0.3)) {
      cluster.removePod(pod.uid);
      return [restore];
    }
    const other = structuredClone(dice.pick(this.#objects.filter(({ kind }) => kind === 'Pod')));
    if (dice.chance(0.3)) {
      const guest = this.#renamed(other);
      guest.spec.nodeName = object.spec.nodeName;
      const { uid } = cluster.setBoundPod(this.#projectPod(guest)) && guest.metadata;
      return [() => void cluster.removePod(uid!)];
    }
    const changed = structuredClone(object);
    if (dice.chance(0.5)) changed.metadata.labels = other.metadata.labels ?? {};
    if (dice.chance(0.3)) changed.metadata.deletionTimestamp = '2026-01-21T00:00:00Z';
    if (dice.chance(0.3)) changed.spec.containers = other.spec.containers;
    if (dice.chance(0.2)) changed.spec.affinity = other.spec.affinity;
    // A pod never moves; one that came anew under its name and node does.
    if (dice.chance(0.2)) changed.spec.nodeName = dice.pick(this.#nodeNames());
    cluster.setBoundPod(this.#projectPod(changed));
    return [restore];
  }

  #disturbNode(object: Manifest): (() => void)[] {
    const { cluster } = this.#setup;
    const dice = this.#dice;
    const restore = (): void => cluster.setNode(this.#projectNode(object));
    // Of an image's sizes the first one reported counts: nodes that have images stay.
    const hasImages = (object.status.images?.length ?? 0) > 0;
    if (!hasImages && dice.chance(0.4)) {
      cluster.removeNode(object.metadata.name);
      return [restore];
    }
    const other = structuredClone(dice.pick(this.#objects.filter(({ kind }) => kind === 'Node')));
    if (dice.chance(0.3)) {
      const guest = this.#renamed(other);
      guest.status.images = [];
      cluster.setNode(this.#projectNode(guest));
      return [() => cluster.removeNode(guest.metadata.name)];
    }
    const changed = structuredClone(object);
    if (dice.chance(0.6)) changed.metadata.labels = other.metadata.labels ?? {};
    if (dice.chance(0.4)) changed.spec = other.spec;
    if (dice.chance(0.4)) changed.status.allocatable = other.status.allocatable;
    if (dice.chance(0.3)) changed.status.declaredFeatures = other.status.declaredFeatures;
    cluster.setNode(this.#projectNode(changed));
    return [restore];
  }

  #disturbOther(object: Manifest): (() => void)[] {
    const { cluster } = this.#setup;
    const dice = this.#dice;
    const kind = objectKinds.find((candidate) => candidate.kind === object.kind);
    if (kind === undefined) return [];
    const table = kind.table(cluster);
    const restore = (): void => table.set(kind.project(object));
    if (dice.chance(0.4)) {
      table.delete(object.metadata);
      return [restore];
    }
    const other = structuredClone(
      dice.pick(this.#objects.filter((candidate) => candidate.kind === object.kind)),
    );
    const { metadata } = structuredClone(object);
    const labels = dice.chance(0.5) ? other.metadata.labels : metadata.labels;
    const annotations = dice.chance(0.5) ? other.metadata.annotations : metadata.annotations;
    table.set(
      kind.project({ ...other, metadata: { ...metadata, labels, annotations, resourceVersion: '9' } }),
    );
    return [restore];
  }

  #promise(pod: Pod): () => void {
    this.#setup.nominator.nominate(pod, this.#dice.pick(this.#nodeNames()));
    return () => this.#setup.nominator.remove(pod.uid);
  }

  /** Goes as far with a pod as a scheduler does before it binds, and takes everything back. */
  #tryToPlace(pod: Pod): void {
    const { cluster, profiles, nominator } = this.#setup;
    const profile = profiles.get(pod.schedulerName)?.profile;
    if (profile === undefined || pod.nodeName !== '' || cluster.pod(pod.uid) !== undefined) return;
    const cycle = new Cycle(pod, cluster.nodes);
    const options = { space: new EvaluationSpace(), random: seededRandom(1), nominations: nominator };
    const decision = evaluate(cycle, profile, options);
    if (decision.kind !== 'fits') return;
    const assumed: Pod = { ...pod, nodeName: decision.nodeName };
    cluster.assume(assumed);
    runReserve(cycle, profile, assumed);
    runUnreserve(cycle, profile, assumed);
    cluster.forget(assumed.uid);
  }

  #renamed(object: Manifest): Manifest {
    this.#extra += 1;
    object.metadata.name = `guest-${this.#extra}`;
    object.metadata.uid = `guest-${this.#extra}`;
    return object;
  }

  #nodeNames(): string[] {
    return this.#objects.filter(({ kind }) => kind === 'Node').map(({ metadata }) => metadata.name);
  }
}
