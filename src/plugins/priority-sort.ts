import type { QueueSortPlugin } from '../framework/plugin.js';

export const prioritySort = 'PrioritySort';

/** The higher priority first; of equal ones, what was queued earlier. */
export function createPrioritySort(): QueueSortPlugin {
  return {
    name: prioritySort,
    events: [],
    less: (a, b) =>
      a.pod.priority > b.pod.priority || (a.pod.priority === b.pod.priority && a.timestamp < b.timestamp),
  };
}
