import type { Cycle } from '../framework/cycle.js';
import type { PreFilterPlugin, PreFilterResult } from '../framework/plugin.js';
import type { Profile } from '../framework/profile.js';
import { type Status, type StatusCode, statusMessage, unresolvable } from '../framework/status.js';
import { type EvaluationObserver, timedPlugin, timedPoint } from './evaluation-observer.js';
import { PluginFault } from './plugin-fault.js';

/** What all PreFilter plugins together say of a pod. */
export type PreFilterOutcome =
  | {
      readonly kind: 'proceed';
      /** Plugins whose Filter and whose hooks are left out in this cycle. */
      readonly skipped: ReadonlySet<string>;
      /** Absent: every node is worth judging. */
      readonly nodeNames?: ReadonlySet<string>;
      /** Sorted. Empty without `nodeNames`. */
      readonly narrowedBy: readonly string[];
    }
  | {
      readonly kind: 'rejected';
      readonly skipped: ReadonlySet<string>;
      readonly status: Status;
      readonly narrowedBy: readonly string[];
    };

/**
 * Runs PreFilter plugins in order. A final refusal ends the pass; one that preemption may cure does not, so that the later
 * plugins have prepared what preemption reads. Throws `PluginFault`.
 */
export function runPreFilters(
  cycle: Cycle,
  profile: Profile,
  observer?: EvaluationObserver,
): PreFilterOutcome {
  return timedPoint(observer, 'PreFilter', () => mergePreFilters(cycle, profile, observer), outcomeCode);
}

function mergePreFilters(cycle: Cycle, profile: Profile, observer?: EvaluationObserver): PreFilterOutcome {
  const skipped = new Set<string>();
  const narrowing: string[] = [];
  let nodeNames: ReadonlySet<string> | undefined;
  let refusal: Status | undefined;
  for (const plugin of profile.preFilter) {
    const result = ask(plugin, cycle, observer);
    if (result.kind === 'skip') {
      skipped.add(plugin.name);
    } else if (result.kind === 'rejected') {
      const status = { ...result.status, plugin: plugin.name };
      if (status.code === 'UnschedulableAndUnresolvable') {
        // Its events alone can change the answer: who narrowed the nodes before is not a rejector.
        return { kind: 'rejected', skipped, status, narrowedBy: [] };
      }
      refusal = status;
    } else if (result.nodeNames !== undefined) {
      narrowing.push(plugin.name);
      nodeNames = nodeNames === undefined ? result.nodeNames : intersection(nodeNames, result.nodeNames);
      if (nodeNames.size === 0) {
        const status = unresolvable(conflictMessage(narrowing.sort()));
        return { kind: 'rejected', skipped, status, narrowedBy: narrowing };
      }
    }
  }
  narrowing.sort();
  if (refusal !== undefined) return { kind: 'rejected', skipped, status: refusal, narrowedBy: narrowing };
  return { kind: 'proceed', skipped, narrowedBy: narrowing, ...(nodeNames && { nodeNames }) };
}

function ask(
  plugin: PreFilterPlugin,
  cycle: Cycle,
  observer: EvaluationObserver | undefined,
): PreFilterResult {
  let result: PreFilterResult;
  try {
    const run = () => plugin.preFilter(cycle, cycle.pod, cycle.nodes);
    result = timedPlugin(observer, plugin.name, 'PreFilter', run, resultCode);
  } catch (cause) {
    throw PluginFault.of(plugin.name, (text) => `running PreFilter plugin "${plugin.name}": ${text}`, cause);
  }
  if (result.kind === 'rejected' && !mayRefuse.has(result.status.code)) {
    const { status } = result;
    const describe = (text: string) => `running PreFilter plugin "${plugin.name}": ${text}`;
    throw PluginFault.of(plugin.name, describe, status.cause ?? statusMessage(status));
  }
  return result;
}

const mayRefuse: ReadonlySet<StatusCode> = new Set(['Unschedulable', 'UnschedulableAndUnresolvable']);

function conflictMessage(plugins: readonly string[]): string {
  return plugins.length === 1
    ? `node(s) didn't satisfy plugin ${plugins[0]}`
    : `node(s) didn't satisfy plugin(s) [${plugins.join(' ')}] simultaneously`;
}

function intersection(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...a].filter((name) => b.has(name)));
}

function resultCode(result: PreFilterResult): StatusCode {
  if (result.kind === 'skip') return 'Skip';
  return result.kind === 'rejected' ? result.status.code : 'Success';
}

function outcomeCode(outcome: PreFilterOutcome): StatusCode {
  return outcome.kind === 'rejected' ? outcome.status.code : 'Success';
}
