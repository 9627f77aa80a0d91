import { describe, expect, it } from '@jest/globals';
import { type EnabledParts, neededAccess } from '../../../src/commands/needed-access.js';
import { loadConfiguration } from '../../../src/config/load.js';
import { describeAccess } from '../../../src/kube/access-review.js';
import { objectKinds } from '../../../src/scheduler/object-kinds.js';

const { leaderElection } = loadConfiguration(
  undefined,
  { schedulerName: 'berth' },
  { allowDefaultLease: true },
);
const nobodyElects = { ...leaderElection, leaderElect: false };

function needed(parts: Partial<EnabledParts> = {}, election = nobodyElects): string[] {
  const configuration = { leaderElection: election };
  const all = { configuration, watchedKinds: [], enabledPlugins: new Set<string>(), ...parts };
  return neededAccess(all).map(describeAccess);
}

const always = [
  'get pods',
  'list pods',
  'watch pods',
  'list nodes',
  'watch nodes',
  'create pods/binding',
  'patch pods/status',
  'create events.events.k8s.io',
  'patch events.events.k8s.io',
];

describe('the rights that are asked about at start', () => {
  it('are few when the profiles ask for little', () => {
    expect(needed().sort()).toEqual([...always].sort());
  });

  it('are to list and watch every kind that is watched, and no other', () => {
    const watchedKinds = objectKinds.filter(({ resource }) =>
      ['services', 'storageclasses'].includes(resource),
    );
    const more = needed({ watchedKinds }).filter((right) => !always.includes(right));
    expect(more.sort()).toEqual([
      'list services',
      'list storageclasses.storage.k8s.io',
      'watch services',
      'watch storageclasses.storage.k8s.io',
    ]);
  });

  it.each([
    ['DefaultPreemption', ['delete pods']],
    ['VolumeBinding', ['patch persistentvolumeclaims', 'patch persistentvolumes']],
    ['NodeName', []],
  ])('are to write what %s writes when it is enabled', (plugin, rights) => {
    const more = needed({ enabledPlugins: new Set([plugin]) }).filter((right) => !always.includes(right));
    expect(more.sort()).toEqual(rights);
  });

  it('are for the one Lease when replicas elect a leader', () => {
    const more = needed({}, leaderElection).filter((right) => !always.includes(right));
    expect(more).toEqual(
      ['create', 'get', 'update'].map(
        (verb) => `${verb} leases.coordination.k8s.io in namespace berth-system`,
      ),
    );
  });

  it('are asked about once each', () => {
    const all = needed({
      watchedKinds: objectKinds,
      enabledPlugins: new Set(['DefaultPreemption', 'VolumeBinding']),
    });
    expect(new Set(all).size).toBe(all.length);
  });
});
