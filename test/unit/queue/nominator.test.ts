import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Pod } from '../../../src/cluster/pod.js';
import { Nominator } from '../../../src/queue/nominator.js';
import { makePod } from '../../build-objects.js';

let nominator: Nominator;

beforeEach(() => {
  nominator = new Nominator();
});

function names(node: string): string[] {
  return nominator.podsFor(node).map(({ name }) => name);
}

/** The same pod, as the API server shows it with this nomination. */
function version(nominatedNodeName: string): Pod {
  return makePod({ name: 'web', uid: 'web', status: { nominatedNodeName } });
}

describe('Nominator', () => {
  it('knows for each node which pods it is promised to', () => {
    const first = makePod({ name: 'first' });
    const second = makePod({ name: 'second' });
    nominator.nominate(first, 'a');
    nominator.nominate(second, 'a');
    expect(names('a')).toEqual(['first', 'second']);
    expect(nominator.nodeOf(first.uid)).toBe('a');
    expect(nominator.isEmpty).toBe(false);
  });

  it('keeps one promise for each pod', () => {
    const pod = makePod({ name: 'web' });
    nominator.nominate(pod, 'a');
    nominator.nominate(pod, 'b');
    expect([names('a'), names('b')]).toEqual([[], ['web']]);
    nominator.nominate(pod, '');
    expect(nominator.isEmpty).toBe(true);
  });

  it('promises nothing to a pod that has a node', () => {
    nominator.nominate(makePod({ nodeName: 'a' }), 'b');
    expect(nominator.isEmpty).toBe(true);
  });

  it('keeps a promise that the API server does not show yet', () => {
    nominator.nominate(version(''), 'a');
    nominator.update(version(''), version(''));
    expect(names('a')).toEqual(['web']);
  });

  it('follows what the API server shows', () => {
    nominator.nominate(version(''), 'a');
    nominator.update(version(''), version('b'));
    expect([names('a'), names('b')]).toEqual([[], ['web']]);
    nominator.update(version('b'), version(''));
    expect(nominator.isEmpty).toBe(true);
  });

  it('shows the newest version of a pod', () => {
    nominator.nominate(version('a'), 'a');
    const newest = version('a');
    nominator.update(version('a'), newest);
    expect(nominator.podsFor('a')).toEqual([newest]);
    expect(nominator.podsFor('a')[0]).toBe(newest);
  });

  it('bears the removal of what it does not know', () => {
    nominator.remove('nobody');
    expect(nominator.podsFor('nowhere')).toEqual([]);
  });
});
