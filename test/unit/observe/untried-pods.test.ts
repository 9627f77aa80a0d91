import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../../src/kube/event-recorder.js';
import { UntriedPods } from '../../../src/observe/untried-pods.js';
import { makePod } from '../../build-objects.js';

let told: string[];
let untried: UntriedPods;

beforeEach(() => {
  told = [];
  untried = new UntriedPods({
    record: ({ type, reason, note, regarding }: EventRecord) =>
      told.push(`${type} ${reason} ${regarding.name}: ${note}`),
    isOurs: (name) => name === 'berth',
  });
});

const gated = (name: string) => makePod({ name, spec: { schedulerName: 'berth' } });
const raw = (schedulerName: unknown, more: object = {}) => ({
  metadata: { name: 'odd', namespace: 'default', uid: 'u' },
  spec: { schedulerName, ...more },
});

describe('pods that are not tried', () => {
  it('hear nothing of a replica that only stands by, and all of it when its turn comes', () => {
    untried.gated(gated('a'), 'waiting for x');
    untried.unreadable(raw('berth'), new Error('spec.x: expected a text'));
    expect(told).toEqual([]);
    untried.begin();
    untried.begin();
    expect(told).toEqual([
      'Normal SchedulingGated a: not tried yet: waiting for x',
      'Warning FailedScheduling odd: the pod cannot be read: spec.x: expected a text',
    ]);
  });

  it('hear the same only once, and of another cause at once', () => {
    untried.begin();
    const pod = gated('a');
    untried.gated(pod, 'waiting for x');
    untried.gated(pod, 'waiting for x');
    untried.gated(pod, 'waiting for y');
    expect(told).toHaveLength(2);
  });

  it('are forgotten when they are settled', () => {
    const pod = gated('a');
    untried.gated(pod, 'waiting for x');
    untried.settled(pod.uid);
    untried.begin();
    expect(told).toEqual([]);
  });

  it('are remembered up to a number, the newest ones', () => {
    for (let index = 0; index < 10_002; index++)
      untried.unreadable(
        { ...raw('berth'), metadata: { name: `p${index}`, namespace: 'default', uid: `${index}` } },
        'no',
      );
    untried.begin();
    expect(told).toHaveLength(10_000);
    expect(told[0]).toContain(' p2: ');
  });

  it.each([
    ['of another scheduler', raw('other')],
    ['that is bound', raw('berth', { nodeName: 'a' })],
    ['without a scheduler', raw(undefined)],
    ['whose name is a number', { ...raw('berth'), metadata: { name: 7, namespace: 'default', uid: 'u' } }],
    ['that is no object', 7],
    ['that is nothing', null],
    ['without a spec', { metadata: null, spec: null }],
  ])('and a pod %s is none of ours', (_what, pod) => {
    untried.begin();
    untried.unreadable(pod, new Error('no'));
    expect(told).toEqual([]);
  });
});
