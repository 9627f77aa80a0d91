import { describe, expect, it } from '@jest/globals';
import {
  type AnyRegistration,
  covers,
  type Damage,
  HintWorld,
  type Interest,
  interestsOf,
  interestText,
} from './hint-mutations/hint-world.js';
import { nodeScenarios } from './hint-mutations/node-scenarios.js';
import { podScenarios } from './hint-mutations/pod-scenarios.js';
import { type Scenario, subject } from './hint-mutations/scenario.js';
import { volumeScenarios } from './hint-mutations/volume-scenarios.js';

const scenarios = [...nodeScenarios, ...podScenarios, ...volumeScenarios];
const table = scenarios.map((scenario) => [interestText(scenario), scenario] as const);

/** What nothing can come of, and why. */
const beyondReach: Readonly<Record<string, string>> = {
  'NodeName: Node/Add': 'a pod that names its node is bound: it never waits',
};

/** The pod was refused, by its plugin and those that are expected besides, and waits. */
function refused(scenario: Scenario, damage?: Damage): HintWorld {
  const world = new HintWorld({ damage, only: scenario.only });
  scenario.given(world);
  world.pod({ ...scenario.pod, name: subject });
  const rejectors = world.attempt();
  if (!world.held.has(subject) && world.queue.whereIs(subject) !== 'gated')
    expect(rejectors).toEqual([scenario.plugin, ...(scenario.besides ?? [])].sort());
  expect(world.waits(subject)).toBe(true);
  scenario.meanwhile?.(world);
  expect(world.waits(subject)).toBe(true);
  return world;
}

/** Whether the pod still waits when the change has happened that cures it. */
function waitsAfterCure(scenario: Scenario, damage?: Damage): boolean {
  const world = refused(scenario, damage);
  scenario.cure(world);
  return world.waits(subject);
}

describe('a change that cures a refusal', () => {
  it.each(table)('brings the pod back and lets it be placed: %s', (_, scenario) => {
    const world = refused(scenario);
    scenario.cure(world);
    expect(world.waits(subject)).toBe(false);
    world.attempt();
    expect(world.isPlaced(subject)).toBe(true);
  });

  it.each(table)('leaves the pod where it is if the plugin has not registered for it: %s', (_, scenario) => {
    expect(waitsAfterCure(scenario, { interest: scenario, how: 'not registered' })).toBe(true);
  });

  it.each(table.filter(([, scenario]) => hasHint(scenario) && scenario.hintDecides !== false))(
    'leaves the pod where it is if the hint says Skip: %s',
    (_, scenario) => {
      expect(waitsAfterCure(scenario, { interest: scenario, how: 'always Skip' })).toBe(true);
    },
  );

  it('is known for everything that a plugin has registered for', () => {
    const registered = interestsOf(new HintWorld().profile).map(interestText);
    const known = [...scenarios.map(interestText), ...Object.keys(beyondReach)];
    expect([...known].sort()).toEqual([...registered].sort());
  });
});

describe('a hint that answers for all pods of a template', () => {
  it('reads nothing of the pod that they do not share', () => {
    const read = new Map<string, string>();
    for (const scenario of scenarios) {
      const world = new HintWorld({
        only: scenario.only,
        onRead: (field, plugin) => read.set(field, plugin),
      });
      scenario.given(world);
      world.pod({ ...scenario.pod, name: subject });
      world.attempt();
      scenario.meanwhile?.(world);
      for (const change of [...Object.values(scenario.idle ?? {}), scenario.cure]) change(world);
    }
    const shared = new Set(['spec', 'labels', 'namespace', 'controller']);
    expect(read.size).toBeGreaterThan(0);
    expect([...read].filter(([field]) => !shared.has(field))).toEqual([]);
  });
});

describe('a change of the same kind that cures nothing', () => {
  const idle = scenarios.flatMap((scenario) =>
    Object.entries(scenario.idle ?? {}).map(
      ([what, change]) => [interestText(scenario), what, scenario, change] as const,
    ),
  );

  it.each(idle)('leaves the pod where it is: %s, %s', (_interest, _what, scenario, change) => {
    const world = refused(scenario);
    change(world);
    expect(world.waits(subject)).toBe(true);
  });
});

function hasHint(interest: Interest): boolean {
  const { all } = new HintWorld().profile;
  const events = all.find(({ name }) => name === interest.plugin)?.events as readonly AnyRegistration[];
  return events.some((registration) => covers(registration, interest) && registration.hint !== undefined);
}
