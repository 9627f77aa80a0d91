import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { Cycle } from '../../../src/framework/cycle.js';
import { createVolumeBinding, type VolumeBinding } from '../../../src/plugins/volume-binding.js';
import { makeNode } from '../../build-objects.js';
import { claimsOf, judgeNode, type NodeOutcome } from './volume-binding-node-by-node.js';
import {
  boundClaim,
  claim,
  clusterWith,
  csiDriver,
  podUsing,
  pool,
  storageClass,
  volume,
} from './volume-binding-objects.js';

/* Judging all nodes at once, from lists and columns, has to come to what each node is told by itself. */

const key = fc.constantFrom('zone', 'disk', 'kubernetes.io/hostname');
const values = fc.uniqueArray(fc.constantFrom('a', 'b', 'n0', 'n1', 'n2', '7'), {
  minLength: 1,
  maxLength: 3,
});
const expression = fc.oneof(
  { weight: 5, arbitrary: fc.record({ key, operator: fc.constant('In'), values }) },
  fc.record({ key, operator: fc.constant('NotIn'), values }),
  fc.record({ key, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
  fc.record({ key, operator: fc.constant('Gt'), values: fc.constant(['5']) }),
  fc.record({ key, operator: fc.constant('Bad'), values }),
);
const term = fc.record(
  {
    matchExpressions: fc.array(expression, { maxLength: 2 }),
    matchFields: fc.constantFrom(
      [{ key: 'metadata.name', operator: 'In', values: ['n0'] }],
      [{ key: 'metadata.name', operator: 'In', values: ['n0', 'n1'] }],
    ),
  },
  { requiredKeys: ['matchExpressions'] },
);
const className = fc.constantFrom('late', 'made');
const gibibytes = fc.integer({ min: 1, max: 4 }).map((size) => `${size}Gi`);
const claimRef = fc.record({
  namespace: fc.constant('default'),
  name: fc.constantFrom('c0', 'c1', 'other'),
  uid: fc.constantFrom('', 'uid-of-c0', 'uid-of-c1'),
});
const sometimes = <T>(arbitrary: fc.Arbitrary<T>, freq = 3) => fc.option(arbitrary, { nil: undefined, freq });
const volumePlan = fc.record({
  class: className,
  storage: gibibytes,
  phase: fc.constantFrom('Available', 'Available', 'Available', 'Bound'),
  labels: fc.constantFrom({ tier: 'x' }, { tier: 'y' }),
  modes: fc.constantFrom(['ReadWriteOnce'], ['ReadWriteOnce', 'ReadOnlyMany'], ['ReadOnlyMany']),
  nodes: sometimes(fc.array(term, { maxLength: 2 }), 5),
  claimRef: sometimes(claimRef, 1),
  terminating: fc.nat(9).map((n) => n === 0),
});
const claimPlan = fc.record({
  class: className,
  storage: fc.option(gibibytes, { nil: null, freq: 8 }),
  modes: fc.constantFrom(['ReadWriteOnce'], ['ReadWriteOnce'], ['ReadOnlyMany']),
  selectedNode: sometimes(fc.constantFrom('n0', 'n1'), 1),
  selector: sometimes(fc.constant({ matchLabels: { tier: 'x' } }), 1),
  /** Index of the volume that it is bound to; beyond the last: one that does not exist. */
  boundTo: sometimes(fc.nat(9), 1),
});
const topology = fc.oneof(
  fc.constant({}),
  expression.map((requirement) => ({ matchExpressions: [requirement] })),
  values.map(([zone]) => ({ matchLabels: { zone } })),
);
const world = fc.record({
  nodes: fc.array(
    fc.record(
      { zone: fc.constantFrom('a', 'b', '7', '3'), disk: fc.constantFrom('a', 'b') },
      { requiredKeys: [] },
    ),
    { minLength: 1, maxLength: 5 },
  ),
  volumes: fc.array(volumePlan, { maxLength: 8 }),
  claims: fc.array(claimPlan, { minLength: 1, maxLength: 3 }),
  /** Which claims the pod uses, by index; a claim may come twice. */
  uses: fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }),
  allowed: sometimes(
    fc.array(fc.array(fc.record({ key, values }), { maxLength: 2 }), { minLength: 1, maxLength: 2 }),
    1,
  ),
  tracked: fc.boolean(),
  pools: fc.array(
    fc.record({
      storageClassName: className,
      capacity: fc.option(gibibytes, { nil: null, freq: 5 }),
      maximumVolumeSize: sometimes(gibibytes, 1),
      nodeTopology: fc.option(topology, { nil: null, freq: 8 }),
    }),
    { maxLength: 4 },
  ),
});
type Plan = typeof world extends fc.Arbitrary<infer T> ? T : never;

function build(plan: Plan): { cluster: ClusterState; pod: Pod; plugin: VolumeBinding } {
  const cluster = clusterWith({
    nodes: plan.nodes.map((labels, i) =>
      makeNode({ name: `n${i}`, labels: labels as Record<string, string> }),
    ),
    volumes: plan.volumes.map(({ nodes, claimRef: ref, ...parts }, i) =>
      volume(`v${i}`, { ...parts, ...(nodes && { nodes }), ...(ref && { claimRef: ref }) }),
    ),
    claims: plan.claims.map(({ selector, boundTo, selectedNode, ...parts }, i) =>
      boundTo === undefined
        ? claim(`c${i}`, {
            ...parts,
            ...(selectedNode && { selectedNode }),
            ...(selector && { spec: { selector } }),
          })
        : boundClaim(`c${i}`, `v${boundTo}`),
    ),
    classes: [
      storageClass('late'),
      storageClass('made', {
        provisioner: 'csi.example.com',
        allowedTopologies: plan.allowed?.map((matchLabelExpressions) => ({ matchLabelExpressions })),
      }),
    ],
    csiDrivers: [csiDriver('csi.example.com', { storageCapacity: plan.tracked })],
    pools: plan.pools.map((fields, i) => pool(`p${i}`, fields)),
  });
  const pod = podUsing(...plan.uses.map((index) => `c${index % plan.claims.length}`));
  return { cluster, pod, plugin: createVolumeBinding(undefined, { cluster }) };
}

/** A cycle through PreFilter. */
function begin(plugin: VolumeBinding, pod: Pod, { nodes }: ClusterState): Cycle {
  const cycle = new Cycle(pod, nodes);
  expect(plugin.preFilter(cycle, pod, nodes)).toEqual({ kind: 'proceed' });
  return cycle;
}

function verdictsOf(plugin: VolumeBinding, cycle: Cycle, slots: Int32Array): number[] {
  const verdicts = new Int32Array(slots.length);
  plugin.filterRows(cycle, cycle.pod, { slots, length: slots.length }, verdicts);
  return [...verdicts];
}

function scoresOf(plugin: VolumeBinding, cycle: Cycle, slots: Int32Array): number[] {
  const scores = new Float64Array(slots.length);
  plugin.scoreRows(cycle, cycle.pod, { slots, length: slots.length }, scores);
  return [...scores];
}

/** What reserving on a node makes the cluster believe: by claim a volume, or `made`; then it is taken back. */
function reserved(plugin: VolumeBinding, cycle: Cycle, cluster: ClusterState, nodeName: string) {
  const { volumes, claims } = cluster.storage;
  const before = new Set<unknown>([...volumes.values(), ...claims.values()]);
  expect(plugin.reserve(cycle, cycle.pod, nodeName)).toBeUndefined();
  const decided: Record<string, string> = {};
  for (const object of claims.values()) {
    if (before.has(object)) continue;
    expect(object.selectedNode).toBe(nodeName);
    decided[object.name] = 'made';
  }
  for (const object of volumes.values()) {
    if (before.has(object)) continue;
    expect(object.claim?.uid).toBe(`uid-of-${object.claim?.name}`);
    decided[object.claim!.name] = object.name;
  }
  plugin.unreserve(cycle);
  expect(new Set<unknown>([...volumes.values(), ...claims.values()])).toEqual(before);
  return decided;
}

/** Without what is so already, and without what a claim used twice got for its second use. */
function assumed(
  { decided }: NodeOutcome,
  cluster: ClusterState,
  pod: Pod,
): Record<string, string> | undefined {
  const { claimNames } = pod.spec;
  if (new Set(claimNames).size < claimNames.length) return undefined;
  const { volumes, claims } = cluster.storage;
  return Object.fromEntries(
    Object.entries(decided).filter(([name, choice]) => {
      const { uid, selectedNode } = claims.get(name, 'default')!;
      return choice === 'made' ? selectedNode === '' : volumes.get(choice)!.claim?.uid !== uid;
    }),
  );
}

describe('VolumeBinding', () => {
  it('judges, scores and reserves on all nodes as on each by itself, and on borrowed rows as on their nodes', () => {
    const seen = { refused: 0, fits: 0, taken: 0, made: 0, scored: 0 };
    fc.assert(
      fc.property(world, (plan) => {
        const { cluster, pod, plugin } = build(plan);
        const { nodes } = cluster;
        const slots = nodes.rows().slots.slice();
        const claims = claimsOf(pod, cluster);
        const expected = Array.from(slots, (slot) => judgeNode(nodes.nodeAt(slot)!, claims, cluster));
        const cycle = begin(plugin, pod, cluster);
        expect(verdictsOf(plugin, cycle, slots)).toEqual(expected.map(({ verdict }) => verdict));

        const fitting = slots.filter((_, i) => expected[i]!.verdict === 0);
        const fits = expected.filter(({ verdict }) => verdict === 0);
        expect(scoresOf(plugin, cycle, fitting)).toEqual(fits.map(({ score }) => score));

        const fresh = begin(plugin, pod, cluster);
        slots.forEach((slot, i) => {
          const row = nodes.borrowRow(slot);
          expect(verdictsOf(plugin, fresh, Int32Array.of(row))).toEqual([expected[i]!.verdict]);
          nodes.returnRow(row);
          expect(verdictsOf(plugin, fresh, Int32Array.of(slot))).toEqual([expected[i]!.verdict]);
          // The slot that is borrowed next has been another node in between.
          const other = nodes.borrowRow(slots[(i + 1) % slots.length]!);
          verdictsOf(plugin, fresh, Int32Array.of(other));
          nodes.returnRow(other);
          const again = nodes.borrowRow(slot);
          expect(verdictsOf(plugin, fresh, Int32Array.of(again))).toEqual([expected[i]!.verdict]);
          if (expected[i]!.verdict === 0)
            expect(scoresOf(plugin, fresh, Int32Array.of(again))).toEqual([expected[i]!.score]);
          nodes.returnRow(again);
        });

        fits.forEach((outcome, i) => {
          const decided = assumed(outcome, cluster, pod);
          const made = reserved(plugin, cycle, cluster, nodes.nameAt(fitting[i]!));
          if (decided !== undefined) expect(made).toEqual(decided);
        });
        seen.refused += expected.length - fits.length;
        seen.fits += fits.length;
        seen.scored += fits.filter(({ score }) => score > 0).length;
        for (const { decided } of fits)
          for (const choice of Object.values(decided)) seen[choice === 'made' ? 'made' : 'taken'] += 1;
      }),
      { numRuns: 400 },
    );
    // The worlds are worth something only if all of this happens in them.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(30);
  });
});
