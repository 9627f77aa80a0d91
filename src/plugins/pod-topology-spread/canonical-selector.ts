import { type LabelRequirement, requirementsAccept } from '../../kube/label-requirement.js';
import { type LabelMatcher, matchEverything } from '../../kube/label-selector.js';

/** All of the requirements as one selector, each once and in an order of its own, so that equal selectors have equal keys. */
export function canonicalSelector(requirements: readonly LabelRequirement[]): LabelMatcher {
  if (requirements.length === 0) return matchEverything;
  const byText = new Map(requirements.map((requirement) => [textOf(requirement), requirement]));
  const sorted = [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, requirement]) => requirement);
  return {
    kind: 'requirements',
    requirements: sorted,
    isEmpty: false,
    matches: (labels) => requirementsAccept(sorted, labels),
  };
}

function textOf({ key, operator, values }: LabelRequirement): string {
  return JSON.stringify([key, operator, [...values].sort()]);
}
