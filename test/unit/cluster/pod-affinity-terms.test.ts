import { describe, expect, it } from '@jest/globals';
import { affinityTermsOf, noAffinityTerms, termMatches } from '../../../src/cluster/pod-affinity-terms.js';
import { makePod } from '../../build-objects.js';

const invalid = { matchExpressions: [{ key: 'app', operator: 'In', values: [] }] };
const owner = (term: object) =>
  makePod({
    namespace: 'home',
    spec: {
      affinity: {
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', ...term }] },
      },
    },
  });
const matches = (term: object, namespace: string, namespaceLabels = {}, labels = {}) =>
  termMatches(affinityTermsOf(owner(term)).requiredAffinity[0]!, { namespace, labels }, namespaceLabels);

describe('terms of pod affinity', () => {
  it.each<[string, object, boolean, boolean]>([
    ['says nothing of namespaces: its own', {}, true, false],
    ['lists none and selects none: its own', { namespaces: [] }, true, false],
    ['lists some', { namespaces: ['away'] }, false, true],
    ['selects all', { namespaceSelector: {} }, true, true],
    [
      'selects by a label that only the other has',
      { namespaceSelector: { matchLabels: { team: 'x' } } },
      false,
      true,
    ],
    [
      'lists one and selects another',
      { namespaces: ['home'], namespaceSelector: { matchLabels: { team: 'x' } } },
      true,
      true,
    ],
  ])('a term that %s', (_, term, home, away) => {
    const everybody = { labelSelector: {}, ...term };
    expect(matches(everybody, 'home')).toBe(home);
    expect(matches(everybody, 'away', { team: 'x' })).toBe(away);
  });

  it('an absent selector matches no pod, an empty one every pod', () => {
    expect(matches({}, 'home', {}, { app: 'a' })).toBe(false);
    expect(matches({ labelSelector: {} }, 'home', {}, {})).toBe(true);
    expect(matches({ labelSelector: { matchLabels: { app: 'a' } } }, 'home', {}, { app: 'a' })).toBe(true);
    expect(matches({ labelSelector: { matchLabels: { app: 'a' } } }, 'home', {}, { app: 'b' })).toBe(false);
  });

  it('an invalid selector drops the terms of its kind, and no others', () => {
    const good = { topologyKey: 'zone', labelSelector: {} };
    const groups = (kinds: { required: object[]; preferred: object[] }) => ({
      requiredDuringSchedulingIgnoredDuringExecution: kinds.required,
      preferredDuringSchedulingIgnoredDuringExecution: kinds.preferred.map((podAffinityTerm) => ({
        weight: 3,
        podAffinityTerm,
      })),
    });
    const pod = makePod({
      spec: {
        affinity: {
          podAffinity: groups({ required: [good, { ...good, labelSelector: invalid }], preferred: [good] }),
          podAntiAffinity: groups({
            required: [good],
            preferred: [good, { ...good, namespaceSelector: invalid }],
          }),
        },
      },
    });
    const terms = affinityTermsOf(pod);
    expect(terms.requiredAffinity).toEqual([]);
    expect(terms.preferredAntiAffinity).toEqual([]);
    expect(terms.requiredAntiAffinity).toMatchObject([{ topologyKey: 'zone', weight: 0 }]);
    expect(terms.preferredAffinity).toMatchObject([{ topologyKey: 'zone', weight: 3 }]);
    expect(terms.error).toContain('app');
  });

  it('are the same object for pods of one template in one namespace, and others elsewhere', () => {
    const affinity = owner({ labelSelector: {} }).spec.affinity!;
    const [a, b, c] = ['home', 'home', 'away'].map((namespace) => makePod({ namespace, spec: { affinity } }));
    expect(affinityTermsOf(a!)).toBe(affinityTermsOf(b!));
    expect(affinityTermsOf(c!).requiredAffinity[0]!.namespaces).toEqual(new Set(['away']));
  });

  it('are nothing for a pod without pod affinity', () => {
    expect(affinityTermsOf(makePod())).toBe(noAffinityTerms);
    expect(affinityTermsOf(makePod({ spec: { affinity: { nodeAffinity: {} } } }))).toBe(noAffinityTerms);
  });
});
