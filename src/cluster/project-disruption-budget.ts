import type { DisruptionBudget } from './disruption-budget.js';
import { projectLabelSelector } from './project-constraints.js';
import { namespacedIdentity, objectProjector } from './project-object.js';
import { integer, optionalObject } from './raw-field.js';

/** Turns decoded policy/v1 PodDisruptionBudgets into `DisruptionBudget`s. Throws `ProjectionError` alone. */
export const projectDisruptionBudget = objectProjector<DisruptionBudget>(
  'PodDisruptionBudget',
  (raw, metadata) => {
    const spec = optionalObject(raw.spec, 'spec') ?? {};
    const status = optionalObject(raw.status, 'status') ?? {};
    const disrupted = optionalObject(status.disruptedPods, 'status.disruptedPods') ?? {};
    return {
      ...namespacedIdentity(metadata),
      selector: projectLabelSelector(spec.selector, 'spec.selector'),
      disruptionsAllowed: integer(status.disruptionsAllowed, 'status.disruptionsAllowed'),
      disruptedPods: new Set(Object.keys(disrupted)),
    };
  },
);
