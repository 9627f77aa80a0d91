import type { Rows } from '../cluster/node-table.js';
import type { Pod } from '../cluster/pod.js';
import type { EventRegistration } from '../framework/cluster-event.js';
import { type Cycle, StateKey } from '../framework/cycle.js';
import { NodeView } from '../framework/node-view.js';
import type {
  ExtensionPoint,
  NormalizePlugin,
  Plugin,
  PostFilterPlugin,
  PostFilterResult,
  PreEnqueuePlugin,
  PreFilterPlugin,
  PreFilterResult,
  PreScorePlugin,
  QueueSortPlugin,
  RowFilterPlugin,
  RowScorePlugin,
} from '../framework/plugin.js';
import type { AnyPluginFunctions, PluginEvent } from '../framework/plugin-definition.js';
import { failure, type Status, unschedulable } from '../framework/status.js';
import {
  checkNormalized,
  checkScore,
  describe,
  nodeNamesIn,
  refusalOrNothing,
  skipOrRefusal,
} from './answers.js';
import { hostBind, hostPermit, hostPostBind, hostPreBind, hostReserve } from './hosted-placement.js';
import { attemptOf, type Functions, type Hosting, messageOf } from './hosting.js';
import { WrongAnswer } from './plugin-supervisor.js';
import { keyParts, QueueKeys } from './queue-keys.js';

/**
 * Makes of an author's functions a plugin as the framework knows it: each extension point becomes one supervised call over all nodes,
 * and answers are checked before anybody relies on them.
 */
export function hostPlugin(
  hosting: Hosting,
  points: readonly ExtensionPoint[],
  functions: AnyPluginFunctions,
): Plugin {
  const plugin: Plugin = { name: hosting.name };
  // What is absent stands for something else than what is undefined.
  if (functions.events !== undefined) {
    Object.assign(plugin, { events: functions.events.map((event) => hostEvent(hosting, event)) });
  }
  for (const point of new Set(points)) Object.assign(plugin, makers[point](hosting, functions as never));
  return plugin;
}

type Makers = {
  readonly [Point in ExtensionPoint]: (hosting: Hosting, functions: Functions<Point>) => object;
};

const makers: Makers = {
  preEnqueue: hostPreEnqueue,
  queueSort: hostQueueSort,
  preFilter: hostPreFilter,
  filter: hostFilter,
  postFilter: hostPostFilter,
  preScore: hostPreScore,
  score: hostScore,
  reserve: hostReserve,
  permit: hostPermit,
  preBind: hostPreBind,
  bind: hostBind,
  postBind: hostPostBind,
};

/** A hint that fails must not strand the pod. */
function hostEvent({ supervisor }: Hosting, event: PluginEvent): EventRegistration<unknown, unknown> {
  const { resource, action } = event;
  const hint = event.hint as EventRegistration<unknown, unknown>['hint'];
  if (hint === undefined) return { resource, action };
  const spec = { point: 'QueueingHint', interrupt: false };
  return {
    resource,
    action,
    hint: (pod, old, now) => {
      try {
        return supervisor.call(spec, 'Queue', () => {
          const answer: unknown = hint(pod, old, now);
          if (answer === 'Queue' || answer === 'Skip') return answer;
          throw new WrongAnswer(`hint() returned ${describe(answer)}; it has to return 'Queue' or 'Skip'`);
        });
      } catch {
        return 'Queue';
      }
    },
  };
}

/** A pod whose plugin fails stays outside, unless it is to do without the plugin. */
function hostPreEnqueue(
  { supervisor }: Hosting,
  functions: Functions<'preEnqueue'>,
): Omit<PreEnqueuePlugin, keyof Plugin> {
  const spec = { point: 'PreEnqueue', repeatable: true };
  return {
    preEnqueue: (pod) => {
      try {
        return supervisor.call(spec, undefined, () =>
          refusalOrNothing('preEnqueue()', functions.preEnqueue(pod)),
        );
      } catch (thrown) {
        return failure(messageOf(thrown), thrown);
      }
    },
  };
}

function hostQueueSort(
  { supervisor }: Hosting,
  functions: Functions<'queueSort'>,
): Omit<QueueSortPlugin, keyof Plugin> {
  const spec = { point: 'QueueSort', repeatable: true };
  const keys = new QueueKeys(({ pod, timestamp }) => {
    try {
      return supervisor.call(spec, undefined, () => {
        const answer = functions.queueKey(pod, timestamp);
        const parts = keyParts(answer);
        if (parts !== undefined) return parts;
        throw new WrongAnswer(
          `queueKey() returned ${describe(answer)}; it has to return a number, a text, or a list of them`,
        );
      });
    } catch {
      // A queue has to have an order whatever happens: there is no attempt yet that could fail.
      return undefined;
    }
  });
  return { less: (a, b) => keys.less(a, b) };
}

function hostPreFilter(
  { supervisor }: Hosting,
  functions: Functions<'preFilter'>,
): Omit<PreFilterPlugin, keyof Plugin> {
  const skip: PreFilterResult = { kind: 'skip' };
  const noted =
    (hook: 'addPod' | 'removePod', point: string) =>
    (cycle: Cycle, pod: Pod, slot: number): void => {
      const node = new NodeView(cycle.nodes).moveTo(slot);
      const spec = { point, attempt: cycle, interrupt: false };
      supervisor.call(spec, undefined, () => functions[hook]?.(pod, node, attemptOf(cycle)));
    };
  return {
    preFilter: (cycle, pod) =>
      supervisor.call({ point: 'PreFilter', attempt: cycle, repeatable: true }, skip, () =>
        preFilterResult(functions.preFilter(pod, attemptOf(cycle))),
      ),
    ...(functions.addPod === undefined ? {} : { addPod: noted('addPod', 'AddPod') }),
    ...(functions.removePod === undefined ? {} : { removePod: noted('removePod', 'RemovePod') }),
  };
}

function preFilterResult(answer: unknown): PreFilterResult {
  const nodeNames = nodeNamesIn('preFilter()', answer);
  if (nodeNames !== undefined) return { kind: 'proceed', nodeNames };
  const status = skipOrRefusal('preFilter()', answer);
  if (status === 'skip') return { kind: 'skip' };
  return status === undefined ? { kind: 'proceed' } : { kind: 'rejected', status };
}

/** Statuses that a filter gave in one attempt: verdict 1 is the first of them. */
class Verdicts {
  readonly #statuses: Status[] = [];
  readonly #verdictOf = new Map<string, number>();

  /** Equal statuses share one verdict, so that a plugin that refuses 5,000 nodes keeps one status. */
  of(status: Status): number {
    const text = `${status.code}\u0000${status.reasons.join('\u0000')}`;
    let verdict = this.#verdictOf.get(text);
    if (verdict === undefined) {
      verdict = this.#statuses.push({ code: status.code, reasons: [...status.reasons] });
      this.#verdictOf.set(text, verdict);
    }
    return verdict;
  }

  status(verdict: number): Status {
    return this.#statuses[verdict - 1]!;
  }
}

function hostFilter(
  { name, supervisor }: Hosting,
  functions: Functions<'filter'>,
): Omit<RowFilterPlugin, keyof Plugin> {
  const key = new StateKey<Verdicts>(`${name}/verdicts`);
  return {
    filterRows: (cycle, pod, rows, verdicts) => {
      const known = cycle.find(key);
      const given = known ?? new Verdicts();
      if (known === undefined) cycle.write(key, given);
      const attempt = attemptOf(cycle);
      // Preemption asks about one hypothetical node after the other, thousands of times: a timer for each would cost more than they do.
      const interrupt = known === undefined || rows.length > 1;
      const spec = { point: 'Filter', attempt: cycle, interrupt, repeatable: true };
      const done = supervisor.call(spec, false, () => {
        const view = new NodeView(cycle.nodes);
        for (let i = 0; i < rows.length; i++) {
          const status = refusalOrNothing(
            'filter()',
            functions.filter(pod, view.moveTo(rows.slots[i]!), attempt),
          );
          verdicts[i] = status === undefined ? 0 : given.of(status);
        }
        return true;
      });
      if (!done) verdicts.fill(0, 0, rows.length);
      return undefined;
    },
    verdictStatus: (cycle, verdict) => cycle.read(key).status(verdict),
  };
}

function hostPostFilter(
  { supervisor }: Hosting,
  functions: Functions<'postFilter'>,
): Omit<PostFilterPlugin, keyof Plugin> {
  const nothing: PostFilterResult = { kind: 'rejected', status: unschedulable(), clearNomination: false };
  return {
    postFilter: (cycle, pod, rejections) => {
      const refusals = {
        nodeCount: rejections.nodeCount,
        statusOf: (nodeName: string) => {
          const slot = cycle.nodes.slotOf(nodeName);
          return slot === undefined ? undefined : rejections.statusOf(slot);
        },
      };
      return supervisor.call({ point: 'PostFilter', attempt: cycle, repeatable: true }, nothing, () =>
        postFilterResult(functions.postFilter(pod, refusals, attemptOf(cycle)), nothing),
      );
    },
  };
}

function postFilterResult(answer: unknown, nothing: PostFilterResult): PostFilterResult {
  if (typeof answer === 'object' && answer !== null && 'nominate' in answer) {
    const { nominate, message = '' } = answer as { readonly nominate: unknown; readonly message?: unknown };
    if (typeof nominate === 'string' && nominate !== '' && typeof message === 'string') {
      return { kind: 'nominated', nodeName: nominate, message };
    }
    throw new WrongAnswer(
      `postFilter() returned a nomination of ${describe(nominate)}; it takes a node's name`,
    );
  }
  const status = refusalOrNothing('postFilter()', answer);
  return status === undefined ? nothing : { kind: 'rejected', status, clearNomination: false };
}

function hostPreScore(
  { supervisor }: Hosting,
  functions: Functions<'preScore'>,
): Omit<PreScorePlugin, keyof Plugin> {
  return {
    preScore: (cycle, pod, rows) =>
      supervisor.call({ point: 'PreScore', attempt: cycle, repeatable: true }, 'skip' as const, () => {
        const answer = skipOrRefusal(
          'preScore()',
          functions.preScore(pod, viewsOf(cycle, rows), attemptOf(cycle)),
        );
        if (answer === undefined || answer === 'skip') return answer;
        throw new WrongAnswer("preScore() returned a refusal; it has to return nothing or 'skip'");
      }),
  };
}

function* viewsOf(cycle: Cycle, rows: Rows): Generator<NodeView> {
  const view = new NodeView(cycle.nodes);
  for (let i = 0; i < rows.length; i++) yield view.moveTo(rows.slots[i]!);
}

/** `100 * (1 - 0.9)` is meant to be 10. */
const roundingNoise = 1e-9;

/** What of a score counts in totals. */
function wholePart(score: number): number {
  return Math.trunc(score + roundingNoise);
}

function hostScore(
  { supervisor }: Hosting,
  functions: Functions<'score'>,
): Omit<RowScorePlugin & Partial<NormalizePlugin>, keyof Plugin> {
  /** By slot, of the attempt that was scored last: scores before they were cut to integers. */
  let exact = new Float64Array(0);
  const normalizes = functions.normalizeScores !== undefined;
  const scoreRows = (cycle: Cycle, pod: Pod, rows: Rows, scores: Float64Array): undefined => {
    if (exact.length < cycle.nodes.capacity) exact = new Float64Array(cycle.nodes.capacity);
    const attempt = attemptOf(cycle);
    const done = supervisor.call({ point: 'Score', attempt: cycle, repeatable: true }, false, () => {
      const view = new NodeView(cycle.nodes);
      for (let i = 0; i < rows.length; i++) {
        const slot = rows.slots[i]!;
        const given = checkScore(functions.score(pod, view.moveTo(slot), attempt), normalizes, view.name);
        exact[slot] = given;
        scores[i] = normalizes ? given : wholePart(given);
      }
      return true;
    });
    if (done) return;
    scores.fill(0, 0, rows.length);
    for (let i = 0; i < rows.length; i++) exact[rows.slots[i]!] = 0;
  };
  if (!normalizes) {
    const exactScoreRows: RowScorePlugin['exactScoreRows'] = (_cycle, _pod, rows, scores) => {
      for (let i = 0; i < rows.length; i++) scores[i] = exact[rows.slots[i]!]!;
    };
    return { scoreRows, exactScoreRows };
  }
  return {
    scoreRows,
    normalizeScores: (cycle, pod, scores, length) => {
      const spec = { point: 'NormalizeScore', attempt: cycle, repeatable: false };
      const done = supervisor.call(spec, false, () => {
        const given = scores.subarray(0, length);
        functions.normalizeScores?.(pod, given, attemptOf(cycle));
        checkNormalized(given);
        for (let i = 0; i < length; i++) scores[i] = wholePart(scores[i]!);
        return true;
      });
      if (!done) scores.fill(0, 0, length);
    },
  };
}
