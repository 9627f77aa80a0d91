import { describe, expect, it } from '@jest/globals';
import { Action } from '../../../src/cluster/action.js';
import type { Hint } from '../../../src/framework/cluster-event.js';
import {
  assignedPodDelete,
  nodeAdd,
  nodeDelete,
  updateEvents,
} from '../../../src/framework/cluster-events.js';
import { type HintingPlugin, HintTable } from '../../../src/queue/hints.js';
import { QueueEntry } from '../../../src/queue/queued-pod.js';
import { makePod } from '../../build-objects.js';

const added = { event: nodeAdd, old: undefined, now: {} };

/** A plugin that waits for nodes to be added and answers so; 'throw' for one that cannot tell. */
function plugin(name: string, answer: Hint | 'throw'): HintingPlugin {
  const hint = (): Hint => {
    if (answer === 'throw') throw new Error('cannot tell');
    return answer;
  };
  return { name, events: [{ resource: 'Node', action: Action.Add, hint }] };
}

function refused(rejectors: readonly string[], pending: readonly string[] = []): QueueEntry {
  const entry = new QueueEntry(makePod(), 0);
  entry.rejectors = new Set(rejectors);
  entry.pendingPlugins = new Set(pending);
  return entry;
}

const table = new HintTable([
  plugin('Yes', 'Queue'),
  plugin('Sure', 'Queue'),
  plugin('No', 'Skip'),
  plugin('Faulty', 'throw'),
]);

describe('the weight of an event', () => {
  it('is decided by the plugins that refused the pod, and one of them is enough', () => {
    expect(table.weigh(refused(['No']), added)).toBe('stay');
    expect(table.weigh(refused(['Yes']), added)).toBe('after-backoff');
    expect(table.weigh(refused(['No', 'Yes']), added)).toBe('after-backoff');
  });

  it('is nothing for a plugin that did not register for it', () => {
    expect(table.weigh(refused(['Yes']), { ...added, event: nodeDelete })).toBe('stay');
    expect(table.weigh(refused(['unknown']), added)).toBe('stay');
  });

  it('brings a pod back at once when the plugin had promised to say when', () => {
    expect(table.weigh(refused(['Yes'], ['Yes']), added)).toBe('at-once');
    expect(table.weigh(refused(['Yes', 'No'], ['No']), added)).toBe('after-backoff');
    expect(table.weigh(refused(['No', 'Yes'], ['Yes']), added)).toBe('at-once');
    expect(table.weigh(refused(['Yes', 'Sure'], ['Sure']), added)).toBe('at-once');
  });

  it('is in favour of the pod when a plugin cannot tell, or when nobody is known to have refused it', () => {
    expect(table.weigh(refused(['Faulty']), added)).toBe('after-backoff');
    expect(table.weigh(refused([]), added)).toBe('after-backoff');
  });
});

describe('a plugin', () => {
  it('that names no events is asked for every one, one with an empty list for none', () => {
    const both = new HintTable([{ name: 'Any' }, { name: 'None', events: [] }]);
    expect(both.weigh(refused(['Any']), { event: assignedPodDelete, old: {}, now: undefined })).toBe(
      'after-backoff',
    );
    expect(both.weigh(refused(['None']), added)).toBe('stay');
  });

  it('is asked through each of its registrations that match', () => {
    const two = new HintTable([
      {
        name: 'Two',
        events: [
          { resource: 'Node', action: Action.UpdateNodeLabel, hint: () => 'Skip' },
          { resource: 'Node', action: Action.Add | Action.UpdateNodeLabel, hint: () => 'Queue' },
        ],
      },
    ]);
    const [labels] = updateEvents('Node', Action.UpdateNodeLabel);
    expect(two.weigh(refused(['Two']), { event: labels!, old: {}, now: {} })).toBe('after-backoff');
  });

  it('has its answers observed, with the event and the outcome', () => {
    const seen: unknown[] = [];
    let now = 0;
    const observed = new HintTable(
      [plugin('Yes', 'Queue'), plugin('No', 'Skip'), plugin('Faulty', 'throw')],
      {
        observe: (...answer) => seen.push(answer),
        seconds: () => ++now,
      },
    );
    for (const name of ['Yes', 'No', 'Faulty']) observed.weigh(refused([name]), added);
    expect(seen).toEqual([
      ['Yes', 'NodeAdd', 'Queue', 1],
      ['No', 'NodeAdd', 'QueueSkip', 1],
      ['Faulty', 'NodeAdd', 'Error', 1],
    ]);
  });
});
