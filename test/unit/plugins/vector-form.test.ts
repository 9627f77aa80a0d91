import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Cycle } from '../../../src/framework/cycle.js';
import type { PreScorePlugin, RowFilterPlugin, RowScorePlugin } from '../../../src/framework/plugin.js';
import { createInTreeRegistry } from '../../../src/plugins/in-tree.js';
import { clusterOf, nodeOf, podOf } from './cluster-objects.js';

/* A plugin must say of a row what it says of it alone, in whatever company and order the row comes. */

const taint = fc.record({
  key: fc.constantFrom('a', 'b'),
  value: fc.constantFrom('', '1'),
  effect: fc.constantFrom('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
});
const labels = fc.dictionary(fc.constantFrom('zone', 'disk'), fc.constantFrom('a', 'b', '7'));
const amount = fc.constantFrom('0', '1', '2', '5');
const ports = fc.array(fc.record({ hostPort: fc.constantFrom(80, 81), containerPort: fc.constant(80) }), {
  maxLength: 2,
});
const requests = fc.record({ cpu: amount, memory: amount, 'example.com/gpu': amount }, { requiredKeys: [] });

const node = fc.record({
  labels,
  taints: fc.array(taint, { maxLength: 2 }),
  unschedulable: fc.boolean(),
  allocatable: fc.record({ cpu: amount, memory: amount, 'example.com/gpu': amount, pods: amount }),
  images: fc.subarray(['x:1', 'y:1']),
  declaredFeatures: fc.subarray(['UserNamespacesHostNetworkSupport']),
});
const pod = fc.record({
  requests,
  ports,
  nodeSelector: fc.option(labels, { nil: undefined }),
  tolerations: fc.array(
    fc.record({ key: fc.constantFrom('a', 'b'), operator: fc.constantFrom('Exists', 'Equal') }),
    { maxLength: 2 },
  ),
  preferred: fc.array(
    fc.record({ weight: fc.integer({ min: 1, max: 9 }), key: fc.constantFrom('zone', 'disk') }),
    { maxLength: 2 },
  ),
  image: fc.constantFrom('x:1', 'y:1', 'z:1'),
  hostUsers: fc.boolean(),
});
const world = fc.record({
  nodes: fc.array(node, { minLength: 1, maxLength: 8 }),
  placed: fc.array(fc.record({ pod, on: fc.nat(7) }), { maxLength: 5 }),
  pod,
});

type PodPlan = typeof pod extends fc.Arbitrary<infer T> ? T : never;

function makePod(plan: PodPlan, nodeName?: string) {
  const preferred = plan.preferred.map(({ weight, key }) => ({
    weight,
    preference: { matchExpressions: [{ key, operator: 'Exists' }] },
  }));
  return podOf({
    spec: {
      nodeName,
      nodeSelector: plan.nodeSelector,
      tolerations: plan.tolerations,
      hostNetwork: true,
      hostUsers: plan.hostUsers,
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } },
      containers: [
        { name: 'c', image: plan.image, ports: plan.ports, resources: { requests: plan.requests } },
      ],
    },
  });
}

function build({ nodes, placed, pod: pending }: typeof world extends fc.Arbitrary<infer T> ? T : never) {
  const made = nodes.map(({ labels: of, taints, unschedulable, allocatable, images, declaredFeatures }, i) =>
    nodeOf(`node-${i}`, {
      labels: of,
      allocatable,
      spec: { taints, unschedulable },
      status: { declaredFeatures, images: images.map((name) => ({ names: [name], sizeBytes: 3e8 })) },
    }),
  );
  const pods = placed.map(({ pod: plan, on }) => makePod(plan, `node-${on % nodes.length}`));
  return { cluster: clusterOf(made, pods), pod: makePod(pending) };
}

const registry = createInTreeRegistry({ bind: async () => undefined });
const named = (point: 'filter' | 'score') =>
  registry.names.filter((name) => registry.get(name)!.points.includes(point));

describe('plugins in vector form', () => {
  it.each(named('filter'))('%s refuses a row among all rows as it refuses it alone', (name) => {
    fc.assert(
      fc.property(world, (given) => {
        const { cluster, pod: pending } = build(given);
        const plugin = registry.get(name)!.create(undefined, { cluster, profile: 'p' }) as RowFilterPlugin;
        const cycle = new Cycle(pending, cluster.nodes);
        const rows = cluster.nodes.rows();
        const together = new Int32Array(rows.length);
        plugin.filterRows(cycle, pending, rows, together);
        const alone = Array.from(rows.slots.toReversed(), (slot) => {
          const verdict = new Int32Array(1);
          plugin.filterRows(cycle, pending, { slots: Int32Array.of(slot), length: 1 }, verdict);
          return verdict[0];
        });
        expect([...together]).toEqual(alone.reverse());
      }),
      { numRuns: 60 },
    );
  });

  it.each(named('score'))('%s scores a row among all rows as it scores it alone', (name) => {
    fc.assert(
      fc.property(world, (given) => {
        const { cluster, pod: pending } = build(given);
        const plugin = registry.get(name)!.create(undefined, { cluster, profile: 'p' }) as RowScorePlugin &
          Partial<PreScorePlugin>;
        const cycle = new Cycle(pending, cluster.nodes);
        const rows = cluster.nodes.rows();
        plugin.preScore?.(cycle, pending, rows);
        for (const form of ['scoreRows', 'exactScoreRows'] as const) {
          if (plugin[form] === undefined) continue;
          const together = new Float64Array(rows.length);
          plugin[form](cycle, pending, rows, together);
          const alone = Array.from(rows.slots, (slot) => {
            const score = new Float64Array(1);
            plugin[form]!(cycle, pending, { slots: Int32Array.of(slot), length: 1 }, score);
            return score[0];
          });
          expect([...together]).toEqual(alone);
        }
      }),
      { numRuns: 60 },
    );
  });
});
