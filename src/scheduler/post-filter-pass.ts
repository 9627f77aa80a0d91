import type { Cycle } from '../framework/cycle.js';
import type {
  HypotheticalNodes,
  PostFilterPlugin,
  PostFilterResult,
  Rejections,
} from '../framework/plugin.js';
import type { Profile } from '../framework/profile.js';
import { failure, isRejection, type StatusCode, statusMessage } from '../framework/status.js';
import type {
  AdvisedPostFilterPlugin,
  PreemptionAdviser,
} from '../plugins/default-preemption/preemption-advice.js';
import { type EvaluationObserver, timedPoint } from './evaluation-observer.js';

/** What PostFilter plugins made of a pod that fits nowhere. */
export interface PostFilterOutcome {
  /** `Success` when one found a node to promise. */
  readonly code: StatusCode;
  /** Goes behind the fit message; '' when they had nothing to say. */
  readonly message: string;
  /** A node to promise to the pod, '' to take a promise back, undefined to leave things as they are. */
  readonly nominate: string | undefined;
  /** Plugins whose word kept it from helping. */
  readonly rejectors: ReadonlySet<string>;
}

export interface PostFilterInput {
  readonly rejections: Rejections;
  readonly hypothetical: HypotheticalNodes;
  readonly observer?: EvaluationObserver | undefined;
}

const nothingToAsk: PostFilterOutcome = {
  code: 'Unschedulable',
  message: '',
  nominate: '',
  rejectors: new Set(),
};

/**
 * Runs PostFilter plugins until one promises a node, says that nothing helps, or fails; what the others say is joined. Without
 * any plugin a promise that the pod has is taken back, as kube-scheduler does. A plugin's failure is part of the message, not an
 * error of the attempt.
 */
export function runPostFilters(cycle: Cycle, profile: Profile, input: PostFilterInput): PostFilterOutcome {
  if (profile.postFilter.length === 0) return nothingToAsk;
  return timedPoint(
    input.observer,
    'PostFilter',
    () => askInOrder(cycle, profile, input),
    ({ code }) => code,
  );
}

/** What the attempt looks like now; undefined when the pod does not fit nowhere any more, or is gone. */
export type Renew = () => { readonly cycle: Cycle; readonly input: PostFilterInput } | undefined;

/**
 * As `runPostFilters`, with plugins that ask an adviser first. Begins within the turn of the decision; once a plugin has waited, the
 * next one is given a view of its own from `renew`, and without one the plugins asked so far have the last word. Undefined: the program
 * is ending, and nothing was done.
 */
export async function runPostFiltersWithAdvice(
  cycle: Cycle,
  profile: Profile,
  input: PostFilterInput,
  advice: { readonly adviser: PreemptionAdviser; readonly renew: Renew },
): Promise<PostFilterOutcome | undefined> {
  if (profile.postFilter.length === 0) return nothingToAsk;
  const { observer } = input;
  const started = observer?.seconds() ?? 0;
  const outcome = await askInTurns(cycle, profile, input, advice);
  const code = outcome?.code ?? 'Error';
  if (observer !== undefined) observer.onPoint?.('PostFilter', code, observer.seconds() - started);
  return outcome;
}

function askInOrder(cycle: Cycle, profile: Profile, input: PostFilterInput): PostFilterOutcome {
  const soFar = new Refusals();
  for (const plugin of profile.postFilter) {
    const end = soFar.take(ask(plugin, cycle, input));
    if (end !== undefined) return end;
  }
  return soFar.outcome();
}

async function askInTurns(
  cycle: Cycle,
  profile: Profile,
  input: PostFilterInput,
  { adviser, renew }: { readonly adviser: PreemptionAdviser; readonly renew: Renew },
): Promise<PostFilterOutcome | undefined> {
  const soFar = new Refusals();
  let view: ReturnType<Renew> = { cycle, input };
  let isOld = false;
  for (const plugin of profile.postFilter) {
    if (isOld) view = renew();
    if (view === undefined) break;
    isOld = takesAdvice(plugin);
    const result = takesAdvice(plugin)
      ? await askWithAdvice(plugin, view.cycle, view.input, adviser)
      : ask(plugin, view.cycle, view.input);
    if (result === undefined) return undefined;
    const end = soFar.take(result);
    if (end !== undefined) return end;
  }
  return soFar.outcome();
}

/** What plugins that did not help have said, in order. */
class Refusals {
  readonly #reasons: string[] = [];
  readonly #rejectors = new Set<string>();
  #nominate: string | undefined;

  /** The outcome, when no further plugin is to be asked. */
  take(result: PostFilterResult): PostFilterOutcome | undefined {
    if (result.kind === 'nominated')
      return { ...this.#end('Success', result.message), nominate: result.nodeName };
    const { status, clearNomination, rejectors = [] } = result;
    const { code } = status;
    // A failed plugin has no say in the promise.
    if (!isRejection(status)) return this.#end('Error', statusMessage(status));
    for (const name of rejectors) this.#rejectors.add(name);
    if (code === 'UnschedulableAndUnresolvable')
      return { ...this.#end(code, statusMessage(status)), nominate: clearNomination ? '' : undefined };
    if (clearNomination) this.#nominate = '';
    this.#reasons.push(...status.reasons);
    return undefined;
  }

  outcome(): PostFilterOutcome {
    return { ...this.#end('Unschedulable', this.#reasons.join(', ')), nominate: this.#nominate };
  }

  #end(code: StatusCode, message: string): PostFilterOutcome {
    return { code, message, nominate: undefined, rejectors: this.#rejectors };
  }
}

function takesAdvice(plugin: PostFilterPlugin): plugin is AdvisedPostFilterPlugin {
  return 'postFilterWithAdvice' in plugin;
}

function ask(
  plugin: PostFilterPlugin,
  cycle: Cycle,
  { rejections, hypothetical }: PostFilterInput,
): PostFilterResult {
  try {
    return plugin.postFilter(cycle, cycle.pod, rejections, hypothetical);
  } catch (thrown) {
    return brokenDown(thrown);
  }
}

async function askWithAdvice(
  plugin: AdvisedPostFilterPlugin,
  cycle: Cycle,
  { rejections, hypothetical }: PostFilterInput,
  adviser: PreemptionAdviser,
): Promise<PostFilterResult | undefined> {
  try {
    return await plugin.postFilterWithAdvice(cycle, cycle.pod, rejections, hypothetical, adviser);
  } catch (thrown) {
    return brokenDown(thrown);
  }
}

function brokenDown(thrown: unknown): PostFilterResult {
  const status = failure(thrown instanceof Error ? thrown.message : String(thrown), thrown);
  return { kind: 'rejected', status, clearNomination: false };
}
