import { expect, it } from '@jest/globals';
import { Action } from '../../../src/cluster/action.js';
import type { ClusterEvent, EventRegistration } from '../../../src/framework/cluster-event.js';
import { assignedPodDelete, nodeAdd, updateEvents } from '../../../src/framework/cluster-events.js';
import { HintTable } from '../../../src/queue/hints.js';
import { SchedulingQueue } from '../../../src/queue/scheduling-queue.js';
import { makeNode, makePod } from '../../build-objects.js';
import { ManualClock } from '../../manual-clock.js';
import { HintWorld } from '../queue/hint-mutations/hint-world.js';

const many = 10_000;

it('failure-17: ten thousand events cost nothing for ten thousand pods that do not wait for them, and nothing of them is kept', () => {
  let asked = 0;
  const waitsForNodes: EventRegistration<never, never> = {
    resource: 'Node',
    action: Action.Add,
    hint: () => {
      asked += 1;
      return 'Skip';
    },
  };
  const waitsForPods: EventRegistration<never, never> = { ...waitsForNodes, resource: 'AssignedPod' };
  const hints = new HintTable([
    { name: 'Nodes', events: [waitsForNodes] },
    { name: 'Pods', events: [{ ...waitsForPods, action: Action.Delete }] },
  ]);
  const queue = new SchedulingQueue({
    profiles: new Map([['berth', { preEnqueue: [], hints }]]),
    less: (a, b) => a.timestamp < b.timestamp,
    clock: new ManualClock(),
  });
  for (let index = 0; index < many; index += 1) {
    queue.add(makePod());
    const entry = queue.pop()!;
    queue.putBack(entry, entry.pod, { rejectors: new Set(['Nodes']) });
  }
  const gone = makePod({ nodeName: 'a' });
  let looked = 0;
  const concerns = (): boolean => {
    looked += 1;
    return true;
  };
  for (let index = 0; index < many && looked === 0; index += 1)
    queue.onEvent(assignedPodDelete, gone, undefined, { concerns });
  expect([looked, asked]).toEqual([0, 0]);
  expect(queue.inFlightEvents).toBe(0);

  queue.onEvent(nodeAdd, undefined, makeNode());
  expect(asked).toBe(many);
});

it('failure-17: of a steady stream of attempts and events nothing is left', () => {
  const queue = new SchedulingQueue({
    profiles: new Map([['berth', { preEnqueue: [], hints: new HintTable([{ name: 'Any' }]) }]]),
    less: (a, b) => a.timestamp < b.timestamp,
    clock: new ManualClock(),
  });
  // There is always one under way when the next begins, so that there is no moment at which everything could be dropped.
  queue.add(makePod());
  let former = queue.pop()!;
  for (let index = 0; index < many; index += 1) {
    queue.add(makePod());
    const next = queue.pop()!;
    queue.onEvent(nodeAdd, undefined, makeNode({ name: 'a' }));
    queue.done(former.pod.uid);
    expect(queue.inFlightEvents).toBeLessThanOrEqual(1);
    former = next;
  }
  queue.done(former.pod.uid);
  expect([queue.inFlightEvents, queue.inFlightPods]).toEqual([0, 0]);
});

/** Ten thousand pods of so many templates that this plugin of the default profile has refused, and how often its hints are asked. */
function refusedBy(
  plugin: string,
  templates: number,
  specOf: (template: number) => object,
): { readonly queue: SchedulingQueue; asked(): number } {
  let asked = 0;
  const { events, name } = new HintWorld().profile.all.find((each) => each.name === plugin)!;
  const hints = new HintTable([{ name, ...(events === undefined ? {} : { events }) }], {
    observe: () => void asked++,
  });
  const queue = new SchedulingQueue({
    profiles: new Map([['berth', { preEnqueue: [], hints }]]),
    less: (a, b) => a.timestamp < b.timestamp,
    clock: new ManualClock(),
  });
  for (let index = 0; index < many; index += 1) {
    const template = index % templates;
    queue.add(makePod({ labels: { app: `app-${template}` }, spec: { ...specOf(template) } }));
    const entry = queue.pop()!;
    queue.putBack(entry, entry.pod, { rejectors: new Set([plugin]) });
  }
  return { queue, asked: () => asked };
}

const avoid = (app: string): object => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app } }, topologyKey: 'kubernetes.io/hostname' },
      ],
    },
  },
});
const templates = 10;

it('failure-17: ten thousand deletions that help none of ten thousand waiting pods ask one question for each template, not for each pod', () => {
  const { queue, asked } = refusedBy('InterPodAffinity', templates, () => avoid('database'));
  const gone = makePod({ nodeName: 'a', labels: { app: 'something else' } });
  for (let index = 0; index < many; index += 1) queue.onEvent(assignedPodDelete, gone, undefined);
  expect(asked()).toBe(templates * many);
  expect(queue.counts.unschedulable).toBe(many);
});

it('failure-17: a deletion that helps the pods of one template moves these, and asks about no other one by one', () => {
  const { queue, asked } = refusedBy('InterPodAffinity', templates, (template) => avoid(`rival-${template}`));
  queue.onEvent(assignedPodDelete, makePod({ nodeName: 'a', labels: { app: 'rival-3' } }), undefined);
  expect(queue.counts).toMatchObject({ backoff: many / templates, unschedulable: many - many / templates });
  expect(asked()).toBe(templates + many / templates);
});

it('failure-17: of ten thousand deletions that each make room for all, the first moves ten thousand pods and the others cost nothing', () => {
  const { queue, asked } = refusedBy('NodeResourcesFit', templates, () => ({}));
  const gone = makePod({ nodeName: 'a' });
  for (let index = 0; index < many; index += 1) queue.onEvent(assignedPodDelete, gone, undefined);
  expect(queue.counts).toMatchObject({ backoff: many, unschedulable: 0 });
  expect(asked()).toBe(templates + many);
});

it('failure-17: changes of nodes that concern no waiting pod ask one question for each template', () => {
  const { queue, asked } = refusedBy('NodeAffinity', templates, (template) => ({
    nodeSelector: { disk: `d${template}` },
  }));
  const [before, after] = ['1', '2'].map((shelf) => makeNode({ name: 'a', labels: { shelf } }));
  const relabelled: readonly ClusterEvent[] = updateEvents('Node', Action.UpdateNodeLabel);
  for (let index = 0; index < 1_000; index += 1)
    for (const event of relabelled) queue.onEvent(event, before, after);
  expect(asked()).toBe(templates * 1_000);
});
