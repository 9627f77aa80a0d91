import { setImmediate as nextTurn } from 'node:timers/promises';
import { Dice } from '../oracle/dice.js';
import {
  type ControlRound,
  controlNamespace,
  controlObjects,
  controlRound,
  type Expectation,
  zoneOf,
} from './control.js';
import { count, type Fault, FuzzWorld } from './fuzz-world.js';
import type { Material } from './golden-objects.js';
import { type Json, read } from './json-place.js';
import { differences } from './recount.js';
import { ScriptedServer } from './scripted-server.js';
import { type Operation, Storm } from './storm.js';

export interface RunResult {
  readonly faults: readonly Fault[];
  readonly operations: number;
  readonly objects: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly byMutation: Readonly<Record<string, number>>;
  readonly byStory: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly disruptions: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly warnings: Readonly<Record<string, number>>;
  readonly frames: Readonly<Record<string, number>>;
  readonly controlPods: number;
  readonly recounts: number;
  /** Bytes in use after garbage was collected, as the storm went on. */
  readonly heap: readonly number[];
}

export interface RunOptions {
  readonly seed: number;
  /** Operations between two rounds of control pods. */
  readonly roundLength?: number;
  /** Operations between two recounts. */
  readonly recountEvery?: number;
  /** Measures the heap at each recount. */
  readonly heap?: () => number;
  /** Ends with the first fault. */
  readonly stopEarly?: boolean;
}

/** The operations of a seed. */
export function operationsOf(
  seed: number,
  length: number,
  material: readonly Material[],
): () => Generator<Operation> {
  return function* operations() {
    const storm = new Storm(new Dice(seed), material);
    for (let index = 0; index < length; index += 1) yield storm.next();
  };
}

/** Sends a storm of objects through a Berth of its own, and looks after the control pods meanwhile. */
export async function run(operations: Iterable<Operation>, options: RunOptions): Promise<RunResult> {
  return new Run(options).play(operations);
}

/** Seconds of the clock that control pods may take: a watch that met unreadable frames pauses for up to a minute each time. */
const patience = 200;

class Run {
  readonly #options: RunOptions;
  readonly #server: ScriptedServer;
  readonly #world: FuzzWorld;
  readonly #faults: Fault[] = [];
  readonly #tally = { byKind: {}, byMutation: {}, byStory: {} } as Record<
    'byKind' | 'byMutation' | 'byStory',
    Record<string, number>
  >;
  readonly #heap: number[] = [];
  #operations = 0;
  #objects = 0;
  #rounds = 0;
  #controlPods = 0;
  #recounts = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#server = new ScriptedServer(new Dice(options.seed ^ 0x5eed));
    this.#server.refusals = ({ method, path, body }) => {
      const isControl = path.startsWith(`/api/v1/namespaces/${controlNamespace}/pods/`);
      if (method === 'DELETE' && isControl) {
        this.#fault('a control pod is to be evicted', path);
        return 403;
      }
      // Strangers may believe to fit on the control nodes; they do not get there.
      const target = read(body, ['target', 'name']);
      return !isControl && typeof target === 'string' && target.startsWith('control-') ? 409 : undefined;
    };
    this.#world = new FuzzWorld(this.#server, { seed: options.seed });
  }

  async play(operations: Iterable<Operation>): Promise<RunResult> {
    try {
      await this.#storm(operations);
    } catch (error) {
      this.#fault('the run broke off', error instanceof Error ? (error.stack ?? '') : String(error));
    }
    await this.#world.stop();
    return this.#result();
  }

  async #storm(operations: Iterable<Operation>): Promise<void> {
    const { roundLength = 120, recountEvery = 1_000, stopEarly = false } = this.#options;
    for (const { kind, place, object } of controlObjects()) this.#server.put(kind, place, object);
    await this.#world.watch();
    this.#world.schedule();
    for (const operation of operations) {
      this.#play(operation);
      if (this.#operations % 40 === 0) await this.#settle(1_000);
      if (this.#operations % roundLength === 0) await this.#round();
      if (this.#operations % recountEvery === 0) await this.#recount();
      if (stopEarly && this.#allFaults.length > 0) return;
    }
    await this.#round();
    await this.#recount();
    await this.#clearUp();
  }

  get #allFaults(): Fault[] {
    return [...this.#faults, ...this.#world.faults];
  }

  #play(operation: Operation): void {
    this.#operations += 1;
    this.#server.play(operation);
    count(this.#tally.byKind, operation.kind);
    if (operation.what !== 'put' && operation.what !== 'delete') return;
    count(this.#tally.byStory, operation.story);
    for (const mutation of operation.mutations) count(this.#tally.byMutation, mutation);
    if (operation.what === 'put') this.#objects += 1;
  }

  /** Lets everything arrive and be tried. */
  async #settle(ms: number): Promise<void> {
    for (let turn = 0; turn < 200 && !this.#server.isRead; turn += 1) await nextTurn();
    await this.#world.advance(ms);
  }

  async #round(): Promise<void> {
    this.#rounds += 1;
    const round = controlRound(this.#rounds);
    for (const { name, object } of round.pods) this.#server.put('Pod', `${controlNamespace}/${name}`, object);
    this.#controlPods += round.pods.length;
    let unmet: string[] = [];
    for (let second = 0; second < patience; second += 1) {
      await this.#settle(1_000);
      unmet = this.#unmet(round);
      if (unmet.length === 0) break;
    }
    if (unmet.length > 0) {
      const { queue, cluster } = this.#world.berth;
      const state = { ...queue.counts, inFlight: queue.inFlightPods, assumed: cluster.assumedCount };
      this.#fault('control pods wait', JSON.stringify({ ...state, watched: this.#server.isWatched }));
    }
    for (const text of unmet) this.#fault('a control pod is not where it belongs', text);
    for (const { name } of round.pods) {
      this.#server.remove('Pod', `${controlNamespace}/${name}`);
      this.#world.pending.delete(`${controlNamespace}/${name}`);
    }
    await this.#settle(1_000);
  }

  #unmet({ expected }: ControlRound): string[] {
    return expected.flatMap((expectation) => {
      const { pods } = expectation;
      const where = pods.map((name) => nodeOf(this.#server.object('Pod', `${controlNamespace}/${name}`)));
      const reasons = pods.map((name) => this.#world.pending.get(`${controlNamespace}/${name}`) ?? '');
      if (isMet(expectation, where, reasons)) return [];
      const why = reasons.join(' | ').slice(0, 600);
      return [`${pods.join(', ')}: on ${where.join(', ') || 'no node'} ${why}`];
    });
  }

  /** Somebody who begins now has to come to know the same. */
  async #recount(): Promise<void> {
    this.#recounts += 1;
    await this.#rest();
    const fresh = new FuzzWorld(this.#server, { seed: 0 });
    await fresh.watch();
    for (const text of differences(this.#world.berth, fresh.berth, { samples: 12 }))
      this.#fault('what is known differs from what is there', text);
    this.#faults.push(...fresh.faults);
    await fresh.stop();
    if (this.#options.heap !== undefined) this.#heap.push(this.#options.heap());
  }

  /** Until no binding is under way and every write has come back. */
  async #rest(): Promise<void> {
    const { cluster, queue } = this.#world.berth;
    // A watch that met something unreadable waits a while before it goes on, and a pod ten minutes for volumes that nobody makes.
    for (let turn = 0; turn < 4_000; turn += 1) {
      const isAtRest = cluster.assumedCount === 0 && queue.inFlightPods === 0;
      if (isAtRest && this.#server.isWatched && this.#server.isRead) return;
      await nextTurn();
      if (turn % 20 === 19) await this.#world.advance(turn < 1_000 ? 500 : 5_000);
    }
    const { pods } = this.#world.berth;
    const assumed = Array.from(cluster.assumedPods(), ({ uid, namespace, name, nodeName }) => {
      const shown = pods.get(uid);
      const state = shown && {
        nodeName: shown.nodeName,
        terminating: shown.terminating,
        by: shown.schedulerName,
      };
      return `${namespace}/${name} on ${nodeName}, shown ${JSON.stringify(state)}, queued ${queue.whereIs(uid)}`;
    });
    const watched = `all watched: ${this.#server.isWatched}`;
    this.#fault(
      'attempts do not come to an end',
      [...assumed, `${queue.inFlightPods} under way`, watched].join('; '),
    );
  }

  /** The storm is over and all it brought is gone: nothing of it may be left. */
  async #clearUp(): Promise<void> {
    const kinds = Object.keys(this.#tally.byKind);
    const own = new Set(controlObjects().map(({ kind, place }) => `${kind} ${place}`));
    for (const kind of kinds)
      for (const place of this.#server.places(kind))
        if (!own.has(`${kind} ${place}`)) this.#server.remove(kind, place);
    await this.#settle(12_000);
    await this.#recount();
    const { queue, pods } = this.#world.berth;
    const left = {
      ...queue.counts,
      inFlight: queue.inFlightPods,
      events: queue.inFlightEvents,
      pods: pods.size,
    };
    if (Object.values(left).some((amount) => amount > 0) || !queue.nominator.isEmpty)
      this.#fault('something is left when everything is gone', JSON.stringify(left));
  }

  #fault(what: string, object: string): void {
    this.#faults.push({ what, object });
  }

  #result(): RunResult {
    const { refused, disruptions, outcomes, errors, warnings } = this.#world;
    return {
      faults: this.#allFaults,
      operations: this.#operations,
      objects: this.#objects,
      ...this.#tally,
      refused,
      disruptions,
      outcomes,
      errors,
      warnings,
      frames: this.#server.sent,
      controlPods: this.#controlPods,
      recounts: this.#recounts,
      heap: this.#heap,
    };
  }
}

function isMet(
  { nodes, zones, refusal, anywhere }: Expectation,
  where: readonly string[],
  reasons: readonly string[],
): boolean {
  const isBound = where.every((node) => node !== '');
  if (refusal !== undefined)
    return where.every((node) => node === '') && reasons.every((reason) => reason.includes(refusal));
  if (anywhere) return isBound;
  const found = zones === undefined || !isBound ? where : where.map(zoneOf);
  return [...found].sort().join() === [...(nodes ?? zones ?? [])].sort().join();
}

function nodeOf(pod: Json | undefined): string {
  const name = read(pod, ['spec', 'nodeName']);
  return typeof name === 'string' ? name : '';
}
