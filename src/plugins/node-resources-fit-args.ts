import { formatPath } from '../config/field-problem.js';
import type { NodeResourcesFitArgs } from '../config/plugin-args.js';
import { validateArgs } from '../config/validate-args.js';
import type { WeightedResource } from './resource-columns.js';
import {
  leastAllocated,
  mostAllocated,
  type ResourceStrategy,
  requestedToCapacityRatio,
} from './resource-strategies.js';

/** What NodeResourcesFit and NodeResourcesBalancedAllocation look at when nothing is configured. */
export const defaultResources: readonly WeightedResource[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

export const defaultFitArgs: NodeResourcesFitArgs = {
  scoringStrategy: { type: 'LeastAllocated', resources: defaultResources },
};

/** Throws on arguments out of range; kube-scheduler, too, checks these only when the plugin is made. */
export function checkFitArgs(args: NodeResourcesFitArgs): void {
  const problems = validateArgs('NodeResourcesFit', { ...args }, []);
  if (problems.length === 0) return;
  throw new Error(problems.map(({ path, text }) => `${formatPath(path)}: ${text}`).join('; '));
}

/** The strategy of checked arguments. */
export function strategyOf({ scoringStrategy }: NodeResourcesFitArgs): ResourceStrategy {
  switch (scoringStrategy.type) {
    case 'MostAllocated':
      return mostAllocated;
    case 'RequestedToCapacityRatio':
      return requestedToCapacityRatio(scoringStrategy.requestedToCapacityRatio?.shape ?? []);
    default:
      return leastAllocated;
  }
}
