import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from './eventually.js';
import { SchedulingCluster } from './scheduling-cluster.js';

let cluster: SchedulingCluster;

beforeEach(async () => {
  cluster = await SchedulingCluster.start();
});
afterEach(() => cluster.stop());

const toldOf = (name: string) =>
  cluster.events(name).map(({ type, reason, note }) => ({ type, reason, note }));

async function told(name: string): Promise<void> {
  await eventually(`an event of ${name}`, () => cluster.events(name).length > 0);
}

describe('a pod that names Berth hears of it', () => {
  it('while it has scheduling gates, once', async () => {
    await cluster.node();
    const gates = [{ name: 'example.com/quota' }, { name: 'example.com/approval' }];
    cluster.pod({ name: 'gated', spec: { schedulingGates: gates } });
    await told('gated');
    cluster.changePod('gated', { metadata: { labels: { some: 'change' } } });
    cluster.changePod('gated', { spec: { schedulingGates: null } });
    await cluster.bound('gated');
    await eventually('the event of the binding', () => cluster.events('gated').length > 1);
    expect(toldOf('gated')).toEqual([
      {
        type: 'Normal',
        reason: 'SchedulingGated',
        note: 'not tried yet: waiting for scheduling gates: [example.com/quota example.com/approval]',
      },
      { type: 'Normal', reason: 'Scheduled', note: expect.stringContaining('Successfully assigned') },
    ]);
  });

  it('and what was written is counted', async () => {
    cluster.pod({ name: 'counted' });
    await told('counted');
    await eventually('it is counted', async () => (await cluster.metric('berth_events_posted_total')) === 1);
  });

  it('when there is no node at all', async () => {
    cluster.pod({ name: 'lonely' });
    await told('lonely');
    expect(toldOf('lonely')).toEqual([
      { type: 'Warning', reason: 'FailedScheduling', note: expect.stringContaining('no nodes available') },
    ]);
  });

  it('when it has resource claims', async () => {
    await cluster.node();
    cluster.pod({
      name: 'device',
      spec: { resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }] },
    });
    await told('device');
    expect(toldOf('device')[0]).toMatchObject({
      type: 'Warning',
      reason: 'FailedScheduling',
      note: expect.stringContaining('spec.resourceClaims'),
    });
  });

  it('when it cannot be read', async () => {
    await cluster.node();
    const affinity = {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [7] } },
    };
    cluster.pod({ name: 'odd', spec: { affinity } });
    cluster.pod({ name: 'foreign', spec: { affinity, schedulerName: 'other' } });
    await told('odd');
    expect(toldOf('odd')).toEqual([
      { type: 'Warning', reason: 'FailedScheduling', note: expect.stringContaining('spec.affinity') },
    ]);
    expect(toldOf('foreign')).toEqual([]);
  });
});
