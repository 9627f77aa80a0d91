import { describe, expect, it } from '@jest/globals';
import { functionsProblem } from '../../../src/plugin-host/check-definition.js';

function problemOf(events: unknown): string | undefined {
  return functionsProblem({ filter: () => undefined, events } as never, ['filter']);
}

describe('the events of a plugin', () => {
  it.each([
    [[{ resource: 'Node', action: 1 }]],
    [[{ resource: 'storage.k8s.io/CSINode', action: 3, hint: () => 'Queue' }]],
    [[{ resource: '*', action: -1 }]],
    [undefined],
  ])('may be %j', (events) => {
    expect(problemOf(events)).toBeUndefined();
  });

  it.each([
    ['a kind that never brings one', { resource: 'Nod', action: 1 }],
    ['an action by name', { resource: 'Node', action: 'Add' }],
    ['half an action', { resource: 'Node', action: 0.5 }],
    ['no action', { resource: 'Node' }],
    ['a hint that is no function', { resource: 'Node', action: 1, hint: 'Queue' }],
  ])('are refused with %s', (_what, event) => {
    expect(problemOf([{ resource: 'Node', action: 1 }, event])).toMatch(/^events\[1\] is no event; /);
  });
});
