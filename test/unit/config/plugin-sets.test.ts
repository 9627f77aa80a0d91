import { describe, expect, it } from '@jest/globals';
import { defaultPluginSets } from '../../../src/config/defaults.js';
import {
  completePluginSets,
  type ExpandOptions,
  expandPluginSets,
  mergePluginSets,
} from '../../../src/config/plugin-sets.js';
import type { ExtensionPoint, PluginSets } from '../../../src/config/scheduler-configuration.js';

/** What each plugin of kube-scheduler implements, for the points looked at here. */
const implemented: Readonly<Record<string, readonly ExtensionPoint[]>> = {
  SchedulingGates: ['preEnqueue'],
  PrioritySort: ['queueSort'],
  NodeName: ['filter'],
  NodeUnschedulable: ['filter'],
  TaintToleration: ['filter', 'preScore', 'score'],
  NodeAffinity: ['preFilter', 'filter', 'preScore', 'score'],
  NodeResourcesFit: ['preFilter', 'filter', 'preScore', 'score'],
  NodeResourcesBalancedAllocation: ['preScore', 'score'],
  ImageLocality: ['score'],
  DefaultBinder: ['bind'],
  Own: ['filter', 'score'],
};
const implementsPoint = (plugin: string, point: ExtensionPoint): boolean =>
  implemented[plugin]?.includes(point) ?? false;

function expand(user: Partial<PluginSets>, options: ExpandOptions = {}) {
  return expandPluginSets(mergePluginSets(defaultPluginSets, user), implementsPoint, options);
}

const names = (plugins: readonly { readonly name: string }[]): string[] => plugins.map(({ name }) => name);

describe('the default sets', () => {
  it('expand to the points in the order of 1.37, NodeName before NodeUnschedulable', () => {
    const expanded = expand({});
    expect(names(expanded.filter)).toEqual([
      'NodeName',
      'NodeUnschedulable',
      'TaintToleration',
      'NodeAffinity',
      'NodeResourcesFit',
    ]);
    expect(names(expanded.queueSort)).toEqual(['PrioritySort']);
    expect(names(expanded.bind)).toEqual(['DefaultBinder']);
  });

  it('carry the default weights', () => {
    expect(expand({}).score).toEqual([
      { name: 'TaintToleration', weight: 3 },
      { name: 'NodeAffinity', weight: 2 },
      { name: 'NodeResourcesFit', weight: 1 },
      { name: 'NodeResourcesBalancedAllocation', weight: 1 },
      { name: 'ImageLocality', weight: 1 },
    ]);
  });
});

describe('merging', () => {
  const defaults = completePluginSets({
    score: { enabled: [{ name: 'A', weight: 1 }, { name: 'B', weight: 2 }, { name: 'C' }], disabled: [] },
  });
  const merged = (score: PluginSets['score']) => mergePluginSets(defaults, { score }).score.enabled;

  it("keeps the default's position and takes the user's weight of a plugin enabled by both", () => {
    expect(merged({ enabled: [{ name: 'Z' }, { name: 'B', weight: 9 }], disabled: [] })).toEqual([
      { name: 'A', weight: 1 },
      { name: 'B', weight: 9 },
      { name: 'C' },
      { name: 'Z' },
    ]);
  });

  it('drops disabled defaults, and all of them for *', () => {
    expect(names(merged({ enabled: [], disabled: [{ name: 'B' }] }))).toEqual(['A', 'C']);
    expect(names(merged({ enabled: [{ name: 'C' }], disabled: [{ name: '*' }] }))).toEqual(['C']);
  });

  it('moves to the end what is disabled and enabled', () => {
    expect(names(merged({ enabled: [{ name: 'A' }], disabled: [{ name: 'A' }] }))).toEqual(['B', 'C', 'A']);
  });

  it('keeps duplicates for the expansion to refuse', () => {
    expect(names(merged({ enabled: [{ name: 'Z' }, { name: 'Z' }], disabled: [] }))).toEqual([
      'A',
      'B',
      'C',
      'Z',
      'Z',
    ]);
  });
});

describe('expanding', () => {
  it('puts overrides first in their own order, then multiPoint, then the other specific ones', () => {
    const filter = {
      enabled: [{ name: 'Own' }, { name: 'NodeAffinity' }, { name: 'NodeName' }],
      disabled: [],
    };
    expect(names(expand({ filter }).filter)).toEqual([
      'NodeAffinity',
      'NodeName',
      'NodeUnschedulable',
      'TaintToleration',
      'NodeResourcesFit',
      'Own',
    ]);
  });

  it('resets to 1 the weight of a default plugin listed under score without one', () => {
    const score = { enabled: [{ name: 'TaintToleration' }], disabled: [] };
    expect(expand({ score }).score[0]).toEqual({ name: 'TaintToleration', weight: 1 });
  });

  it('leaves a point to its specific plugins when it disables *', () => {
    const score = { enabled: [{ name: 'ImageLocality', weight: 7 }], disabled: [{ name: '*' }] };
    const expanded = expand({ score });
    expect(expanded.score).toEqual([{ name: 'ImageLocality', weight: 7 }]);
    expect(names(expanded.preScore)).toContain('TaintToleration');
  });

  it('leaves a multiPoint plugin out of the one point that disables it', () => {
    const score = { enabled: [], disabled: [{ name: 'NodeAffinity' }] };
    const expanded = expand({ score });
    expect(names(expanded.score)).not.toContain('NodeAffinity');
    expect(names(expanded.filter)).toContain('NodeAffinity');
  });

  it.each([
    [
      { filter: { enabled: [{ name: 'ImageLocality' }], disabled: [] } },
      'plugin "ImageLocality" does not extend FilterPlugin plugin',
    ],
    [
      { filter: { enabled: [{ name: 'Own' }, { name: 'Own' }], disabled: [] } },
      'plugin "Own" already registered as "FilterPlugin"',
    ],
    [
      { multiPoint: { enabled: [{ name: 'Own' }, { name: 'Own' }], disabled: [] } },
      'plugin "Own" already registered as "FilterPlugin"',
    ],
    [{ filter: { enabled: [{ name: 'Nope' }], disabled: [] } }, 'FilterPlugin "Nope" does not exist'],
    [
      { queueSort: { enabled: [], disabled: [{ name: '*' }] } },
      'only one queue sort plugin required for profile with scheduler name "berth", but got 0',
    ],
    [
      { bind: { enabled: [], disabled: [{ name: '*' }] } },
      'at least one bind plugin is needed for profile with scheduler name "berth"',
    ],
  ])("refuses lists that cannot work in kube-scheduler's words: %#", (user, message) => {
    const options = { schedulerName: 'berth', exists: (name: string) => name !== 'Nope' };
    expect(() => expand(user, options)).toThrow(message);
  });
});

describe('what only a configuration knows', () => {
  it('may be enabled at points of pod groups, whether or not the registry has heard of them', () => {
    const enabled = [{ name: 'NodeResourcesFit', weight: 3 }];
    const expanded = expand({ placementScore: { enabled, disabled: [] } });
    expect(expanded.placementScore).toEqual(enabled);
  });

  it('keeps disabled entries as they are written, twice where they are', () => {
    const disabled = [{ name: 'Z' }, { name: 'ImageLocality' }, { name: 'Z' }];
    const { score } = mergePluginSets(defaultPluginSets, { score: { enabled: [], disabled } });
    expect(score.disabled).toEqual(disabled);
  });
});
