import type { Sighting } from './pod-records.js';

/** What has to come of a pod, in this order. */
export interface Expectation {
  /** Of how many of a workload's pods it is said. */
  readonly count: number;
  readonly outcomes: readonly Outcome[];
  /** As it was written. */
  readonly text: string;
}

export type Outcome =
  /** On a node: one of these, or on any if none is named. */
  | { readonly kind: 'bound'; readonly nodes: readonly string[] }
  /** Not on a node, for a reason that contains this text. */
  | { readonly kind: 'refused'; readonly text: string }
  /** Not on a node yet, and promised one of these, or any if none is named. */
  | { readonly kind: 'nominated'; readonly nodes: readonly string[] }
  /** On a node, or refused without a promise, whichever it is. */
  | { readonly kind: 'decided' }
  | { readonly kind: 'gated' }
  /** Being deleted, and still there. */
  | { readonly kind: 'terminating' }
  | { readonly kind: 'gone' };

/**
 * Reads `bound`, `bound: NODE or NODE`, `refused: TEXT`, `nominated`, `nominated: NODE or NODE`, `decided`, `gated`, `terminating` or `gone`; several in a row are joined by
 * ` then `, and a number before them says of how many pods they are said.
 */
export function parseExpectation(text: string): Expectation {
  const [, count = '1', rest = ''] = /^\s*(?:(\d+)\s+)?(.*?)\s*$/s.exec(text) ?? [];
  return { count: Number(count), outcomes: rest.split(/,?\s+then\s+/).map(parseOutcome), text: text.trim() };
}

function parseOutcome(text: string): Outcome {
  const [, kind, detail = ''] = /^([a-z]+)(?::\s*(.*))?$/s.exec(text) ?? [];
  switch (kind) {
    case 'bound':
    case 'nominated':
      return { kind, nodes: detail === '' ? [] : detail.split(/\s+or\s+/) };
    case 'refused':
      return { kind, text: detail };
    case 'decided':
    case 'gated':
    case 'terminating':
    case 'gone':
      return { kind };
    default:
      throw new Error(`nobody knows what is expected by \`${text}\``);
  }
}

/** True when the outcomes were seen in their order, and the last of them is how things stand. */
export function isMet({ outcomes }: Pick<Expectation, 'outcomes'>, sightings: readonly Sighting[]): boolean {
  let next = 0;
  for (const sighting of sightings) {
    while (next < outcomes.length - 1 && matches(outcomes[next]!, sighting)) next += 1;
  }
  const [last, now] = [outcomes.at(-1), sightings.at(-1)];
  return next === outcomes.length - 1 && last !== undefined && now !== undefined && matches(last, now);
}

export function matches(outcome: Outcome, sighting: Sighting): boolean {
  const { nodeName, nominatedNodeName, condition, deletion, phase } = sighting;
  const isOne = (node: string, nodes: readonly string[]): boolean =>
    nodes.length === 0 || nodes.includes(node);
  switch (outcome.kind) {
    case 'bound':
      // A pod on a node is settled when its kubelet has taken it over.
      return nodeName !== '' && phase !== 'Pending' && isOne(nodeName, outcome.nodes);
    case 'nominated':
      return nodeName === '' && nominatedNodeName !== '' && isOne(nominatedNodeName, outcome.nodes);
    case 'refused':
      return (
        nodeName === '' &&
        condition?.reason === 'Unschedulable' &&
        (condition.message ?? '').includes(outcome.text)
      );
    case 'decided':
      return nodeName === ''
        ? nominatedNodeName === '' && condition?.reason === 'Unschedulable'
        : phase !== 'Pending';
    case 'gated':
      return nodeName === '' && condition?.reason === 'SchedulingGated';
    case 'terminating':
      return deletion === 'under way';
    case 'gone':
      return deletion === 'done';
  }
}
