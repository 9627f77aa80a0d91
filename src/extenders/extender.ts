import type { Clock } from '../clock.js';
import type { Pod } from '../cluster/pod.js';
import type { ExtenderConfiguration } from '../config/scheduler-configuration.js';
import { withoutCredentials } from '../config/url-credentials.js';
import type { TlsMaterial } from '../kube/http/tls-material.js';
import { type BindOrder, bindRequest, readBindAnswer } from './bind-wire.js';
import type { ExtenderAnswer, ExtenderTrouble } from './extender-answer.js';
import { type ExtenderCall, ExtenderClient } from './extender-client.js';
import { type FilterAnswer, type NodesQuestion, nodesRequest, readFilterAnswer } from './filter-wire.js';
import {
  type NamedVictims,
  type PreemptQuestion,
  preemptRequest,
  readPreemptAnswer,
} from './preempt-wire.js';
import { readPrioritizeAnswer } from './prioritize-wire.js';

export type ExtenderVerb = 'filter' | 'prioritize' | 'preempt' | 'bind';

export interface ExtenderOptions {
  readonly configuration: ExtenderConfiguration;
  readonly tls: TlsMaterial;
  readonly clock: Clock;
  /** One exchange ended; `extender` is its name. */
  readonly exchanged?: (
    extender: string,
    verb: ExtenderVerb,
    result: 'success' | ExtenderTrouble,
    seconds: number,
  ) => void;
}

/** Room for the answer about a large cluster, and nothing that hurts. */
const maxResponseBytes = 8 * 1024 * 1024;
/** An extender's score goes up to 10, a plugin's up to 100. */
const scoreScale = 10;

/** One configured extender: which pods concern it, and its verbs. Its methods never reject. */
export class Extender {
  /** Its address as configured, without a password. */
  readonly name: string;
  readonly ignorable: boolean;
  readonly filters: boolean;
  readonly prioritizes: boolean;
  readonly preempts: boolean;
  readonly binds: boolean;
  /** Whether it knows nodes and pods by itself, so that their names are enough. */
  readonly nodeCacheCapable: boolean;
  /** What a point of its score counts in a node's total. */
  readonly pointWeight: number;
  readonly #options: ExtenderOptions;
  readonly #managed: readonly string[];
  /** A binding that hangs keeps no question waiting: each kind has connections of its own. */
  readonly #questions: ExtenderClient;
  readonly #bindings: ExtenderClient;

  constructor(options: ExtenderOptions) {
    const { configuration, tls, clock } = options;
    const { urlPrefix, weight, managedResources, httpTimeoutMs: timeoutMs } = configuration;
    this.#options = options;
    this.name = withoutCredentials(urlPrefix);
    this.ignorable = configuration.ignorable;
    this.filters = configuration.filterVerb !== '';
    this.prioritizes = configuration.prioritizeVerb !== '';
    this.preempts = configuration.preemptVerb !== '';
    this.binds = configuration.bindVerb !== '';
    this.nodeCacheCapable = configuration.nodeCacheCapable;
    this.pointWeight = weight * scoreScale;
    this.#managed = managedResources.map(({ name }) => name);
    this.#questions = new ExtenderClient({ urlPrefix, tls, timeoutMs, clock });
    this.#bindings = new ExtenderClient({ urlPrefix, tls, timeoutMs, clock });
  }

  /**
   * True for pods of which a container or an init container asks for a resource that it manages; without managed resources for all.
   * Limits need not be looked at: the API server makes requests of them.
   */
  isInterestedIn({ spec }: Pod): boolean {
    return this.#managed.length === 0 || this.#managed.some((name) => spec.requests.scalars.has(name));
  }

  /** Which of the nodes the pod may have. */
  filter(question: NodesQuestion, signal?: AbortSignal): Promise<ExtenderAnswer<FilterAnswer>> {
    const { name, nodeCacheCapable } = this;
    const context = { extender: name, nodeCacheCapable, asked: question.nodeNames };
    return this.#ask('filter', nodesRequest(question, this), signal, (document) =>
      readFilterAnswer(document, context),
    );
  }

  /** Scores by node name; those of nodes that it says nothing about are 0. */
  prioritize(
    question: NodesQuestion,
    signal?: AbortSignal,
  ): Promise<ExtenderAnswer<ReadonlyMap<string, number>>> {
    return this.#ask('prioritize', nodesRequest(question, this), signal, readPrioritizeAnswer);
  }

  /** Which nodes remain, and who has to leave them. */
  preempt(
    question: PreemptQuestion,
    signal?: AbortSignal,
  ): Promise<ExtenderAnswer<ReadonlyMap<string, NamedVictims>>> {
    return this.#ask('preempt', preemptRequest(question, this), signal, readPreemptAnswer);
  }

  /** Has the pod bound by the extender. */
  bind(order: BindOrder, signal?: AbortSignal): Promise<ExtenderAnswer<undefined>> {
    return this.#measured('bind', () =>
      this.#bindings.call({
        verb: this.#options.configuration.bindVerb,
        body: bindRequest(order),
        repeatable: false,
        maxResponseBytes,
        signal,
        read: readBindAnswer,
      }),
    );
  }

  /** Cuts all connections. */
  async close(): Promise<void> {
    await Promise.all([this.#questions.close(), this.#bindings.close()]);
  }

  #ask<T>(
    kind: 'filter' | 'prioritize' | 'preempt',
    body: string,
    signal: AbortSignal | undefined,
    read: ExtenderCall<T>['read'],
  ): Promise<ExtenderAnswer<T>> {
    return this.#measured(kind, () =>
      this.#questions.call({
        verb: this.#options.configuration[`${kind}Verb`],
        body,
        repeatable: true,
        // Whole nodes come back as they were sent.
        maxResponseBytes: maxResponseBytes + (this.nodeCacheCapable ? 0 : 2 * body.length),
        signal,
        read,
      }),
    );
  }

  async #measured<T>(verb: ExtenderVerb, call: () => Promise<ExtenderAnswer<T>>): Promise<ExtenderAnswer<T>> {
    const { clock, exchanged } = this.#options;
    const started = clock.monotonic();
    const answer = await call();
    const seconds = (clock.monotonic() - started) / 1000;
    if (answer.kind === 'answered') exchanged?.(this.name, verb, 'success', seconds);
    else if (answer.kind === 'failed') exchanged?.(this.name, verb, answer.trouble, seconds);
    return answer;
  }
}
