import { ImageIndex } from './image-index.js';
import { Interner } from './interner.js';
import { LabelColumn } from './label-column.js';
import type { Node, Taint } from './node.js';
import { roundRobin, zoneKey } from './node-order.js';
import type { Labels, Pod } from './pod.js';
import { sameRequests } from './requests.js';
import { RowJournal } from './row-journal.js';
import { UsedPorts } from './used-ports.js';

/** A list of slots to judge: the first `length` entries of `slots`. */
export interface Rows {
  readonly slots: Int32Array;
  readonly length: number;
  /** How many rows these are there for, where one stands for all that are like it. Absent: each for itself. */
  readonly represented?: number;
}

/** Is told of pods that come and go on rows that are not borrowed, after the columns have changed. */
export interface NodeTableObserver {
  podAdded(slot: number, pod: Pod): void;
  podRemoved(slot: number, pod: Pod): void;
}

const initialCapacity = 64;
/** More label columns than selectors of one cluster plausibly need; beyond it they are dropped and built again on demand. */
const maxLabelColumns = 256;

/**
 * Every node as one slot of typed arrays: a plugin judges all nodes in a plain loop over columns. A slot belongs to a node from
 * its first mention (its own object, or a pod that names it) to its last; a mentioned node without an object is a ghost and is
 * in no list of rows. Rows may also be borrowed: hypothetical nodes that no list shows.
 *
 * Arrays are replaced when the table grows: hold the table, not the arrays.
 */
export class NodeTable {
  /** Milli-cores, bytes, bytes. */
  allocatableCpu = new Float64Array(initialCapacity);
  allocatableMemory = new Float64Array(initialCapacity);
  allocatableEphemeral = new Float64Array(initialCapacity);
  requestedCpu = new Float64Array(initialCapacity);
  requestedMemory = new Float64Array(initialCapacity);
  requestedEphemeral = new Float64Array(initialCapacity);
  /** As requested, with defaults for containers that ask for nothing: what scoring counts as used. */
  nonZeroCpu = new Float64Array(initialCapacity);
  nonZeroMemory = new Float64Array(initialCapacity);
  allowedPods = new Float64Array(initialCapacity);
  podCount = new Float64Array(initialCapacity);
  unschedulable = new Uint8Array(initialCapacity);
  /** Id in `taintSets`. */
  taintSet = new Int32Array(initialCapacity);
  /** Id in `featureSets`. */
  featureSet = new Int32Array(initialCapacity);
  /** Value of the table's generation at the slot's last change. */
  generationOf = new Float64Array(initialCapacity);

  readonly taintSets = new Interner<readonly Taint[]>();
  readonly featureSets = new Interner<ReadonlySet<string>>();
  readonly images = new ImageIndex();
  /** Every change of a slot, borrowed ones left out. */
  readonly journal = new RowJournal();

  readonly #nodes: (Node | undefined)[] = [];
  readonly #names: string[] = [];
  readonly #pods: Map<string, Pod>[] = [];
  readonly #ports: (UsedPorts | undefined)[] = [];
  readonly #slotByName = new Map<string, number>();
  readonly #free: number[] = [];
  readonly #scalarIds = new Map<string, number>();
  readonly #scalarAllocatable: Float64Array[] = [];
  readonly #scalarRequested: Float64Array[] = [];
  readonly #labelColumns = new Map<string, LabelColumn>();
  /** Zone to slots, in order of arrival: what the order of rows is made from. */
  readonly #zones = new Map<string, number[]>();
  readonly #borrowed = new Set<number>();
  /** Slots with sums beyond what a double holds exactly: there, taking away what was added does not lead back. */
  readonly #inexact = new Set<number>();
  #order: Int32Array | undefined;
  #capacity = initialCapacity;
  #used = 0;
  #nodeCount = 0;
  #cordonedCount = 0;
  #generation = 0;
  #topologyVersion = 0;
  readonly #observers: NodeTableObserver[] = [];

  constructor() {
    this.taintSets.acquire('[]', []);
    this.featureSets.acquire('[]', new Set());
  }

  /** Grows with every change. */
  get generation(): number {
    return this.#generation;
  }

  /** Grows when a node comes or goes, or when its labels, taints or `unschedulable` change: not with every heartbeat. */
  get topologyVersion(): number {
    return this.#topologyVersion;
  }

  /** From now on the observer is told of every pod that comes or goes. */
  observe(observer: NodeTableObserver): void {
    this.#observers.push(observer);
  }

  /** Slots in arrays; `slot < capacity` for every slot. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Nodes that have an object. */
  get nodeCount(): number {
    return this.#nodeCount;
  }

  /** Of those, nodes that are marked unschedulable. */
  get cordonedCount(): number {
    return this.#cordonedCount;
  }

  /** All nodes that have an object, zones taking turns. Valid until the next node is added or removed: then it is another array. */
  rows(): Rows {
    this.#order ??= roundRobin(this.#zones.values());
    return { slots: this.#order, length: this.#order.length };
  }

  slotOf(name: string): number | undefined {
    return this.#slotByName.get(name);
  }

  /** The node at a slot; undefined for a ghost or a free slot. */
  nodeAt(slot: number): Node | undefined {
    return this.#nodes[slot];
  }

  nameAt(slot: number): string {
    return this.#names[slot] ?? '';
  }

  podsAt(slot: number): ReadonlyMap<string, Pod> {
    return this.#pods[slot]!;
  }

  portsAt(slot: number): UsedPorts | undefined {
    return this.#ports[slot];
  }

  /** Allocatable amounts of a scalar resource by slot; undefined when no node and no pod ever named it. */
  scalarAllocatable(name: string): Float64Array | undefined {
    const id = this.#scalarIds.get(name);
    return id === undefined ? undefined : this.#scalarAllocatable[id];
  }

  /** Requested amounts of a scalar resource by slot; undefined when no node and no pod ever named it. */
  scalarRequested(name: string): Float64Array | undefined {
    const id = this.#scalarIds.get(name);
    return id === undefined ? undefined : this.#scalarRequested[id];
  }

  /** The column of a label key, built on first use. */
  labelColumn(key: string): LabelColumn {
    const known = this.#labelColumns.get(key);
    // A column remembers every value it ever saw; under churn of unique values it is built anew now and then.
    if (known !== undefined && known.valueCount <= 4 * this.#capacity) return known;
    if (this.#labelColumns.size >= maxLabelColumns) this.#labelColumns.clear();
    const column = new LabelColumn(key, this.#capacity);
    for (let slot = 0; slot < this.#used; slot++) {
      const labels = this.#nodes[slot]?.labels;
      if (labels !== undefined && Object.hasOwn(labels, key)) column.set(slot, labels[key]);
    }
    this.#labelColumns.set(key, column);
    return column;
  }

  /** Some rows are hypothetical at present. */
  get hasBorrowedRows(): boolean {
    return this.#borrowed.size > 0;
  }

  /** True when surely every node that has an object has the label; not known while rows are borrowed. */
  everyNodeHas(key: string): boolean {
    return this.#borrowed.size === 0 && this.labelColumn(key).presentCount === this.#nodeCount;
  }

  /** Bound and assumed pods with their slots, those of ghosts included, borrowed rows left out. */
  forEachPod(visit: (slot: number, pod: Pod) => void): void {
    for (let slot = 0; slot < this.#used; slot++)
      if (!this.#borrowed.has(slot)) for (const pod of this.#pods[slot]!.values()) visit(slot, pod);
  }

  /** Adds a node or replaces what is known of it; returns its slot. */
  setNode(node: Node): number {
    const slot = this.#slotByName.get(node.name) ?? this.#allocate(node.name);
    const old = this.#nodes[slot];
    if (old === undefined || !isSamePlace(old, node)) this.#topologyVersion += 1;
    this.#unlist(slot, old, node);
    this.#writeNode(slot, node);
    this.#list(slot, old, node);
    this.#touch(slot);
    return slot;
  }

  /** Forgets a node's object. The slot stays, as a ghost, while pods name it. */
  removeNode(name: string): void {
    const slot = this.#slotByName.get(name);
    const old = slot === undefined ? undefined : this.#nodes[slot];
    if (slot === undefined || old === undefined) return;
    this.#topologyVersion += 1;
    this.#unlist(slot, old, undefined);
    this.#clearNode(slot);
    this.#touch(slot);
    this.#releaseIfUnused(slot);
  }

  /** Counts a pod on the node that it names; the node may be unknown yet. */
  addPod(nodeName: string, pod: Pod): number {
    const slot = this.#slotByName.get(nodeName) ?? this.#allocate(nodeName);
    this.addPodAt(slot, pod);
    return slot;
  }

  /** Takes back what `addPod` counted, with the very same pod object. */
  removePod(slot: number, pod: Pod): void {
    this.removePodAt(slot, pod);
    this.#releaseIfUnused(slot);
  }

  /** As `addPod`, for a slot at hand: also a borrowed one. */
  addPodAt(slot: number, pod: Pod): void {
    this.#pods[slot]!.set(pod.uid, pod);
    this.#account(slot, pod, 1);
    if (pod.spec.hostPorts.length > 0) {
      const ports = this.#ports[slot] ?? new UsedPorts();
      ports.add(pod.spec.hostPorts);
      this.#ports[slot] = ports;
    }
    this.#touch(slot);
    if (this.#borrowed.has(slot)) return;
    for (const observer of this.#observers) observer.podAdded(slot, pod);
  }

  removePodAt(slot: number, pod: Pod): void {
    if (!this.#pods[slot]!.delete(pod.uid)) throw new Error(`pod ${pod.uid} is not on slot ${slot}`);
    this.#account(slot, pod, -1);
    const ports = this.#ports[slot];
    if (ports !== undefined && pod.spec.hostPorts.length > 0) {
      ports.remove(pod.spec.hostPorts);
      if (ports.isEmpty) this.#ports[slot] = undefined;
    }
    this.#touch(slot);
    if (this.#borrowed.has(slot)) return;
    for (const observer of this.#observers) observer.podRemoved(slot, pod);
  }

  /**
   * Puts a newer object in the place of a pod that is counted. Cheap where nothing that counts has changed: a pod that was assumed
   * and is now shown bound, a status update. The slot then counts as unchanged, and observers are not told.
   */
  replacePod(slot: number, old: Pod, now: Pod): void {
    if (countsAlike(old, now)) {
      this.#pods[slot]!.set(now.uid, now);
      return;
    }
    this.removePodAt(slot, old);
    this.addPodAt(slot, now);
  }

  /**
   * Counts the pods of a slot anew and corrects what its columns say of them. True when that was needed, which is a defect: they are
   * kept up to date with every pod.
   */
  recount(slot: number): boolean {
    const columns = [...this.#podColumns()];
    const before = columns.map((column) => column[slot]!);
    for (const column of columns) column[slot] = 0;
    for (const pod of this.#pods[slot]!.values()) this.#account(slot, pod, 1);
    const isWrong = columns.some((column, index) => column[slot] !== before[index]);
    if (isWrong) this.#touch(slot);
    return isWrong;
  }

  /** Slots in use, borrowed ones left out. */
  *allSlots(): Generator<number> {
    for (let slot = 0; slot < this.#used; slot++)
      if (this.#names[slot] !== '' && !this.#borrowed.has(slot)) yield slot;
  }

  /**
   * A hypothetical node: a copy of a row in a slot of its own, to add pods to and to take pods from, judged by the same code as
   * any node and seen by nobody else. Give it back with `returnRow`.
   */
  borrowRow(from: number): number {
    const slot = this.#takeSlot();
    this.#borrowed.add(slot);
    this.#names[slot] = this.#names[from]!;
    const node = this.#nodes[from];
    if (node !== undefined) this.#writeNode(slot, node);
    for (const column of this.#podColumns()) column[slot] = column[from]!;
    for (const [uid, pod] of this.#pods[from]!) this.#pods[slot]!.set(uid, pod);
    this.#ports[slot] = this.#ports[from]?.copy();
    if (this.#inexact.has(from)) this.#inexact.add(slot);
    return slot;
  }

  returnRow(slot: number): void {
    if (!this.#borrowed.delete(slot)) throw new Error(`slot ${slot} was not borrowed`);
    this.#clearNode(slot);
    for (const column of this.#podColumns()) column[slot] = 0;
    this.#freeSlot(slot);
  }

  /** Slots changed after `generation`, borrowed ones left out. */
  *changedSince(generation: number): Generator<number> {
    for (let slot = 0; slot < this.#used; slot++) {
      if (this.generationOf[slot]! > generation && !this.#borrowed.has(slot)) yield slot;
    }
  }

  #touch(slot: number): void {
    // A borrowed row is nobody's news: what was cached for the real rows stays valid.
    if (this.#borrowed.has(slot)) return;
    this.generationOf[slot] = ++this.#generation;
    this.journal.note(slot);
  }

  #account(slot: number, pod: Pod, sign: 1 | -1): void {
    const { accounted } = pod;
    this.requestedCpu[slot]! += sign * accounted.cpu;
    this.requestedMemory[slot]! += sign * accounted.memory;
    this.requestedEphemeral[slot]! += sign * accounted.ephemeralStorage;
    this.nonZeroCpu[slot]! += sign * pod.nonZeroCpu;
    this.nonZeroMemory[slot]! += sign * pod.nonZeroMemory;
    this.podCount[slot]! += sign;
    let isExact =
      isExactSum(this.requestedCpu[slot]!) &&
      isExactSum(this.requestedMemory[slot]!) &&
      isExactSum(this.requestedEphemeral[slot]!) &&
      isExactSum(this.nonZeroCpu[slot]!) &&
      isExactSum(this.nonZeroMemory[slot]!);
    for (const [name, amount] of accounted.scalars) {
      const column = this.#scalarRequested[this.#scalarId(name)]!;
      column[slot]! += sign * amount;
      isExact &&= isExactSum(column[slot]!);
    }
    if (!isExact || this.#inexact.has(slot)) this.#addUpExactly(slot);
  }

  /** Adds up anew, exactly, what the pods of a slot take. Only absurd requests lead here, and a slot stays with it until they are gone. */
  #addUpExactly(slot: number): void {
    const pods = [...this.#pods[slot]!.values()];
    let isExact = true;
    const put = (column: Float64Array, amountOf: (pod: Pod) => number): void => {
      const sum = pods.reduce((total, pod) => total + BigInt(amountOf(pod)), 0n);
      column[slot] = Number(sum);
      isExact &&= isExactSum(column[slot]);
    };
    put(this.requestedCpu, ({ accounted }) => accounted.cpu);
    put(this.requestedMemory, ({ accounted }) => accounted.memory);
    put(this.requestedEphemeral, ({ accounted }) => accounted.ephemeralStorage);
    put(this.nonZeroCpu, ({ nonZeroCpu }) => nonZeroCpu);
    put(this.nonZeroMemory, ({ nonZeroMemory }) => nonZeroMemory);
    for (const [name, id] of this.#scalarIds)
      put(this.#scalarRequested[id]!, ({ accounted }) => accounted.scalars.get(name) ?? 0);
    if (isExact) this.#inexact.delete(slot);
    else this.#inexact.add(slot);
  }

  #scalarId(name: string): number {
    let id = this.#scalarIds.get(name);
    if (id === undefined) {
      id = this.#scalarIds.size;
      this.#scalarIds.set(name, id);
      this.#scalarAllocatable.push(new Float64Array(this.#capacity));
      this.#scalarRequested.push(new Float64Array(this.#capacity));
    }
    return id;
  }

  #writeNode(slot: number, node: Node): void {
    const previous = this.#nodes[slot];
    this.#nodes[slot] = node;
    this.allocatableCpu[slot] = node.allocatable.cpu;
    this.allocatableMemory[slot] = node.allocatable.memory;
    this.allocatableEphemeral[slot] = node.allocatable.ephemeralStorage;
    this.allowedPods[slot] = node.allowedPods;
    this.unschedulable[slot] = node.unschedulable ? 1 : 0;
    for (const column of this.#scalarAllocatable) column[slot] = 0;
    for (const [name, amount] of node.allocatable.scalars)
      this.#scalarAllocatable[this.#scalarId(name)]![slot] = amount;
    this.#intern(slot, node);
    if (previous?.labels !== node.labels) {
      for (const column of this.#labelColumns.values()) {
        column.set(slot, Object.hasOwn(node.labels, column.key) ? node.labels[column.key] : undefined);
      }
    }
  }

  #intern(slot: number, node: Node): void {
    const taints = this.taintSets.acquire(JSON.stringify(node.taints), node.taints);
    this.taintSets.release(this.taintSet[slot]!);
    this.taintSet[slot] = taints;
    const features = this.featureSets.acquire(
      JSON.stringify(node.declaredFeatures),
      new Set(node.declaredFeatures),
    );
    this.featureSets.release(this.featureSet[slot]!);
    this.featureSet[slot] = features;
  }

  #clearNode(slot: number): void {
    this.#nodes[slot] = undefined;
    this.allocatableCpu[slot] = 0;
    this.allocatableMemory[slot] = 0;
    this.allocatableEphemeral[slot] = 0;
    this.allowedPods[slot] = 0;
    this.unschedulable[slot] = 0;
    for (const column of this.#scalarAllocatable) column[slot] = 0;
    this.taintSets.release(this.taintSet[slot]!);
    this.taintSet[slot] = this.taintSets.acquire('[]', []);
    this.featureSets.release(this.featureSet[slot]!);
    this.featureSet[slot] = this.featureSets.acquire('[]', new Set());
    for (const column of this.#labelColumns.values()) column.set(slot, undefined);
  }

  /** Takes a node out of the lists that depend on its labels and images, where they change, and out of the counts. */
  #unlist(slot: number, old: Node | undefined, next: Node | undefined): void {
    if (old === undefined) return;
    if (old.unschedulable) this.#cordonedCount -= 1;
    if (next === undefined) this.images.remove(slot, old.images);
    if (next !== undefined && zoneKey(old.labels) === zoneKey(next.labels)) return;
    const key = zoneKey(old.labels);
    const slots = this.#zones.get(key)!;
    slots.splice(slots.indexOf(slot), 1);
    if (slots.length === 0) this.#zones.delete(key);
    this.#nodeCount -= 1;
    this.#order = undefined;
  }

  #list(slot: number, old: Node | undefined, node: Node): void {
    if (node.unschedulable) this.#cordonedCount += 1;
    if (old === undefined) this.images.add(slot, node.images);
    else this.images.replace(slot, old.images, node.images);
    const key = zoneKey(node.labels);
    if (old !== undefined && zoneKey(old.labels) === key) return;
    const slots = this.#zones.get(key);
    if (slots === undefined) this.#zones.set(key, [slot]);
    else slots.push(slot);
    this.#nodeCount += 1;
    this.#order = undefined;
  }

  #allocate(name: string): number {
    const slot = this.#takeSlot();
    this.#names[slot] = name;
    this.#slotByName.set(name, slot);
    return slot;
  }

  #takeSlot(): number {
    const slot = this.#free.pop() ?? this.#used++;
    if (slot >= this.#capacity) this.#grow(this.#capacity * 2);
    this.#pods[slot] ??= new Map();
    // A fresh slot holds the empty sets; a used one was left holding them.
    this.taintSets.retain(this.taintSet[slot]!);
    this.featureSets.retain(this.featureSet[slot]!);
    return slot;
  }

  #releaseIfUnused(slot: number): void {
    if (this.#nodes[slot] !== undefined || this.#pods[slot]!.size > 0 || this.#borrowed.has(slot)) return;
    this.#slotByName.delete(this.#names[slot]!);
    this.#freeSlot(slot);
  }

  #freeSlot(slot: number): void {
    this.#inexact.delete(slot);
    this.#names[slot] = '';
    this.#pods[slot]!.clear();
    this.#ports[slot] = undefined;
    this.taintSets.release(this.taintSet[slot]!);
    this.featureSets.release(this.featureSet[slot]!);
    this.taintSet[slot] = 0;
    this.featureSet[slot] = 0;
    this.#free.push(slot);
  }

  /** The columns that pods add to: what a borrowed row copies beside its node. */
  *#podColumns(): Generator<Float64Array> {
    yield this.requestedCpu;
    yield this.requestedMemory;
    yield this.requestedEphemeral;
    yield this.nonZeroCpu;
    yield this.nonZeroMemory;
    yield this.podCount;
    yield* this.#scalarRequested;
  }

  #grow(capacity: number): void {
    const wider = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const copy = new Float64Array(capacity);
      copy.set(column);
      return copy;
    };
    this.allocatableCpu = wider(this.allocatableCpu);
    this.allocatableMemory = wider(this.allocatableMemory);
    this.allocatableEphemeral = wider(this.allocatableEphemeral);
    this.requestedCpu = wider(this.requestedCpu);
    this.requestedMemory = wider(this.requestedMemory);
    this.requestedEphemeral = wider(this.requestedEphemeral);
    this.nonZeroCpu = wider(this.nonZeroCpu);
    this.nonZeroMemory = wider(this.nonZeroMemory);
    this.allowedPods = wider(this.allowedPods);
    this.podCount = wider(this.podCount);
    this.generationOf = wider(this.generationOf);
    for (let id = 0; id < this.#scalarAllocatable.length; id++) {
      this.#scalarAllocatable[id] = wider(this.#scalarAllocatable[id]!);
      this.#scalarRequested[id] = wider(this.#scalarRequested[id]!);
    }
    const unschedulable = new Uint8Array(capacity);
    unschedulable.set(this.unschedulable);
    this.unschedulable = unschedulable;
    const taintSet = new Int32Array(capacity);
    taintSet.set(this.taintSet);
    this.taintSet = taintSet;
    const featureSet = new Int32Array(capacity);
    featureSet.set(this.featureSet);
    this.featureSet = featureSet;
    for (const column of this.#labelColumns.values()) column.grow(capacity);
    this.#capacity = capacity;
  }
}

/** True for a sum of whole numbers that no addition on the way to it can have rounded, unless one was beyond it. */
function isExactSum(sum: number): boolean {
  return sum <= Number.MAX_SAFE_INTEGER && sum >= -Number.MAX_SAFE_INTEGER;
}

/** True when nothing differs that decides where in the cluster a node is and whom it keeps off. */
function isSamePlace(a: Node, b: Node): boolean {
  return (
    a.unschedulable === b.unschedulable && sameLabels(a.labels, b.labels) && sameTaints(a.taints, b.taints)
  );
}

function sameLabels(a: Labels, b: Labels): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
  );
}

function sameTaints(a: readonly Taint[], b: readonly Taint[]): boolean {
  return (
    a === b ||
    (a.length === b.length &&
      a.every(({ key, value, effect }, i) => {
        const other = b[i]!;
        return key === other.key && value === other.value && effect === other.effect;
      }))
  );
}

/** True when both take the same from their node, and are the same pod to every selector. */
function countsAlike(a: Pod, b: Pod): boolean {
  return (
    a.spec === b.spec &&
    a.namespace === b.namespace &&
    a.terminating === b.terminating &&
    a.nonZeroCpu === b.nonZeroCpu &&
    a.nonZeroMemory === b.nonZeroMemory &&
    sameLabels(a.labels, b.labels) &&
    sameRequests(a.accounted, b.accounted)
  );
}
