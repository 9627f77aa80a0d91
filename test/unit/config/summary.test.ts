import { describe, expect, it } from '@jest/globals';
import { loadConfiguration } from '../../../src/config/load.js';
import { summarize } from '../../../src/config/summary.js';

const head = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
const summaryOf = (fields: object) =>
  summarize(loadConfiguration('c', {}, { readFile: () => JSON.stringify({ ...head, ...fields }) }));

describe('the summary of a configuration', () => {
  it('says nothing of what is as by default', () => {
    const { differences, profiles } = summaryOf({ profiles: [{ schedulerName: 'mine' }] });
    expect(differences).toEqual([]);
    expect(profiles).toMatchObject([{ schedulerName: 'mine', differences: [], unread: [] }]);
  });

  it('names settings that differ, with the default beside', () => {
    const { differences } = summaryOf({
      parallelism: 4,
      leaderElection: { leaderElect: false },
      extenders: [{ urlPrefix: 'http://x' }],
    });
    expect(differences).toEqual([
      'parallelism: 4 (default 16)',
      'leaderElection.leaderElect: false (default true)',
      'extenders: [{"urlPrefix":"http://x","httpTimeout":"5s"}] (not set by default)',
    ]);
  });

  it('names plugins, weights, order and arguments that differ', () => {
    const { profiles } = summaryOf({
      profiles: [
        {
          percentageOfNodesToScore: 5,
          plugins: {
            postFilter: { disabled: [{ name: 'DefaultPreemption' }] },
            score: {
              disabled: [{ name: 'ImageLocality' }],
              enabled: [{ name: 'NodeResourcesFit', weight: 5 }],
            },
          },
          pluginConfig: [
            { name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'MostAllocated' } } },
            { name: 'NodeName', args: { x: 1 } },
          ],
        },
      ],
    });
    expect(profiles[0]?.differences).toEqual([
      'postFilter: without DefaultPreemption',
      'score: without ImageLocality',
      'score: in another order',
      'score: NodeResourcesFit with weight 5 (default 1)',
      'percentageOfNodesToScore: 5 (not set by default)',
      'NodeResourcesFit.scoringStrategy.type: "MostAllocated" (default "LeastAllocated")',
      'NodeName.x: 1 (not set by default)',
    ]);
  });

  it('lists plugins in the order in which they are called, with weights where they score', () => {
    const { profiles } = summaryOf({
      profiles: [{ plugins: { score: { enabled: [{ name: 'ImageLocality', weight: 7 }] } } }],
    });
    const { score = [], bind, placementScore } = profiles[0]!.plugins;
    expect(score[0]).toEqual({ name: 'ImageLocality', weight: 7 });
    expect(score[1]).toEqual({ name: 'TaintToleration', weight: 3 });
    expect(bind).toEqual([{ name: 'DefaultBinder' }]);
    expect(placementScore).toBeUndefined();
  });
});
