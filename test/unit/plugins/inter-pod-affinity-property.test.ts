import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { InterPodAffinity } from '../../../src/plugins/inter-pod-affinity.js';
import { makeNode } from '../../build-objects.js';
import { type Placed, placedIn, Recount } from './inter-pod-affinity-recount.js';
import { addNamespace, podWith, Trial } from './inter-pod-affinity-world.js';
import { scoresOf } from './judge.js';

const nodeNames = ['n0', 'n1', 'n2', 'n3', 'ghost'];
const namespaceNames = ['home', 'away', 'unknown'];

const key = fc.constantFrom('zone', 'rack');
const labelSelector = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b').map((app) => ({ matchLabels: { app } })) },
  fc.constant({}),
  fc.constant(undefined),
  fc.constant({ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a'] }] }),
  fc.constant({ matchExpressions: [{ key: 'app', operator: 'Exists' }] }),
);
const namespaceSelector = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  fc.constant({}),
  fc.constant({ matchLabels: { team: 'x' } }),
  fc.constant({ matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['x'] }] }),
);
const namespaces = fc.option(fc.subarray(namespaceNames), { nil: undefined });
const term = fc.record({ topologyKey: key, labelSelector, namespaceSelector, namespaces });
const terms = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.array(term, { maxLength: 2 }) },
);
const weighted = fc.option(fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), term), { maxLength: 2 }), {
  nil: undefined,
});
const podPlan = fc.record({
  namespace: fc.constantFrom(...namespaceNames),
  labels: fc.constantFrom<Record<string, string>>({}, { app: 'a' }, { app: 'b' }),
  wishes: fc.record({ near: terms, apart: terms, ratherNear: weighted, ratherApart: weighted }),
});
const place = fc.record({ plan: podPlan, on: fc.constantFrom(...nodeNames) });
const value = fc.constantFrom('1', '2', undefined);
const relabel = fc.record({ name: fc.constantFrom(...nodeNames.slice(0, 4)), zone: value, rack: value });
const renamespace = fc.record({
  name: fc.constantFrom('home', 'away'),
  team: fc.constantFrom('x', 'y', undefined),
});

const change = fc.oneof(
  fc.record({ do: fc.constant('place' as const), place }),
  fc.record({ do: fc.constant('remove' as const), which: fc.nat() }),
  fc.record({ do: fc.constant('relabel' as const), relabel }),
  fc.record({ do: fc.constant('removeNode' as const), name: fc.constantFrom(...nodeNames.slice(0, 4)) }),
  fc.record({ do: fc.constant('namespace' as const), renamespace }),
  fc.record({ do: fc.constant('judge' as const) }),
);
const world = fc.record({
  nodes: fc.array(relabel, { minLength: 2, maxLength: 4 }),
  placed: fc.array(place, { maxLength: 6 }),
  changes: fc.array(change, { maxLength: 8 }),
  pod: podPlan,
  hypothesis: fc.record({ removed: fc.nat(3), added: fc.array(podPlan, { maxLength: 2 }), on: fc.nat() }),
});

type Planned<T> = T extends fc.Arbitrary<infer V> ? V : never;

function podOf({ namespace, labels, wishes }: Planned<typeof podPlan>, nodeName?: string): Pod {
  return podWith(wishes, { namespace, labels, ...(nodeName !== undefined && { nodeName }) });
}

function setNode(cluster: ClusterState, { name, zone, rack }: Planned<typeof relabel>): void {
  const labels = { ...(zone !== undefined && { zone }), ...(rack !== undefined && { rack }) };
  cluster.setNode(makeNode({ name, labels }));
}

/** Replays a history, asking in between so that counts are kept and not only made. */
function build(given: Planned<typeof world>): { cluster: ClusterState; plugin: InterPodAffinity; pod: Pod } {
  const cluster = new ClusterState();
  const plugin = new InterPodAffinity(cluster, {
    hardPodAffinityWeight: 3,
    ignorePreferredTermsOfExistingPods: false,
  });
  const pod = podOf(given.pod);
  for (const node of given.nodes) setNode(cluster, node);
  for (const { plan, on } of given.placed) cluster.setBoundPod(podOf(plan, on));
  for (const step of given.changes) {
    if (step.do === 'place') cluster.setBoundPod(podOf(step.place.plan, step.place.on));
    else if (step.do === 'remove') {
      const pods = [...cluster.pods()];
      if (pods.length > 0) cluster.removePod(pods[step.which % pods.length]!.uid);
    } else if (step.do === 'relabel') setNode(cluster, step.relabel);
    else if (step.do === 'removeNode') cluster.removeNode(step.name);
    else if (step.do === 'namespace') {
      const { name, team } = step.renamespace;
      addNamespace(cluster, name, team === undefined ? {} : { team });
    } else {
      new Trial(cluster, pod, plugin).judgeAll();
      scoresOf(plugin, pod, cluster);
    }
  }
  return { cluster, plugin, pod };
}

const runs = { numRuns: 300 };

describe('InterPodAffinity after any history', () => {
  it('refuses what a look at every pod refuses, row by row as all at once', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { cluster, plugin, pod } = build(given);
        const recount = new Recount(cluster, pod);
        const placed = placedIn(cluster);
        const { nodes } = cluster;
        const slots = [...nodes.rows().slots];
        const trial = new Trial(cluster, pod, plugin);
        const expected = slots.map((slot) => recount.filter(placed, nodes.nodeAt(slot)!.labels));
        const together = trial.judgeAll();
        expect(slots.map((slot) => together[nodes.nameAt(slot)])).toEqual(expected);
        expect(slots.map((slot) => trial.judge(slot))).toEqual(expected);
      }),
      runs,
    );
  });

  it('scores what a look at every pod scores', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { cluster, plugin, pod } = build(given);
        const recount = new Recount(cluster, pod);
        const worth = recount.worth(placedIn(cluster), 3);
        const { nodes } = cluster;
        const expected = Object.fromEntries(
          Array.from(nodes.rows().slots, (slot) => [
            nodes.nameAt(slot),
            recount.score(worth, nodes.nodeAt(slot)!.labels),
          ]),
        );
        expect(scoresOf(plugin, pod, cluster)).toEqual(worth.size === 0 ? 'skip' : expected);
      }),
      runs,
    );
  });

  it('judges a hypothetical row as a look at every pod would, and leaves no trace of it', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { cluster, plugin, pod } = build(given);
        const { nodes } = cluster;
        const slots = [...nodes.rows().slots];
        if (slots.length === 0) return;
        const slot = slots[given.hypothesis.on % slots.length]!;
        const here = nodes.nodeAt(slot)!.labels;
        const victims = [...nodes.podsAt(slot).values()].slice(0, given.hypothesis.removed);
        const added = given.hypothesis.added.map((plan) => podOf(plan));
        const trial = new Trial(cluster, pod, plugin);
        const before = trial.judgeAll();
        const changes = [
          ...victims.map((victim) => ({ pod: victim, added: false })),
          ...added.map((newcomer) => ({ pod: newcomer, added: true })),
        ];
        const verdict = trial.judgeHypothetical(nodes.nameAt(slot), changes);
        if (trial.answer.kind === 'proceed') {
          const gone = new Set(victims.map(({ uid }) => uid));
          const changed: Placed[] = [
            ...placedIn(cluster).filter(({ pod: { uid } }) => !gone.has(uid)),
            ...added.map((newcomer) => ({ pod: newcomer, nodeLabels: here })),
          ];
          expect(verdict).toBe(new Recount(cluster, pod).filter(changed, here));
        } else expect(verdict).toBe('fits');
        expect(trial.judgeAll()).toEqual(before);
        expect(new Trial(cluster, pod, plugin).judgeAll()).toEqual(before);
      }),
      runs,
    );
  });
});
