import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Node } from '../../../src/cluster/node.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { makeNode, makePod } from '../../build-objects.js';
import {
  hostname,
  missingLabel,
  pluginFor,
  SpreadCycle,
  spreadPod,
  tooSkewed,
  zone,
} from './spread-cluster.js';
import { type Difference, modelScores, modelVerdict, type World } from './spread-model.js';

const nodeNames = ['n1', 'n2', 'n3', 'n4', 'n5'];
const optional = { requiredKeys: [] };

const podLabels = fc.record({ app: fc.constantFrom('web', 'db'), rev: fc.constantFrom('1', '2') }, optional);
const namespace = fc.constantFrom('default', 'default', 'other');
const nodeParts = fc.record({
  zone: fc.constantFrom('a', 'b', 'c', undefined),
  rack: fc.constantFrom('x', 'y', undefined),
  disk: fc.constantFrom('ssd', undefined),
  taint: fc.constantFrom('NoSchedule', 'PreferNoSchedule', undefined),
  named: fc.boolean(),
});

const node = fc.constantFrom(...nodeNames);
const podNames = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'p8'];
const name = fc.constantFrom(...podNames);
const event = fc.oneof(
  fc.record({ kind: fc.constant('node' as const), node, parts: nodeParts }),
  fc.record({ kind: fc.constant('node gone' as const), node }),
  fc.record({
    kind: fc.constant('pod' as const),
    name,
    node,
    labels: podLabels,
    namespace,
    ending: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('pod gone' as const), name }),
);

const selector = fc.constantFrom(
  undefined,
  {},
  { matchLabels: { app: 'web' } },
  { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] },
  { matchExpressions: [{ key: 'rev', operator: 'Exists' }] },
);
const policy = fc.constantFrom('Honor', 'Ignore', undefined);
const constraint = fc.record({
  maxSkew: fc.integer({ min: 1, max: 3 }),
  topologyKey: fc.constantFrom(zone, 'rack', hostname),
  whenUnsatisfiable: fc.constantFrom('DoNotSchedule', 'ScheduleAnyway'),
  labelSelector: selector,
  minDomains: fc.constantFrom(undefined, 2, 3),
  nodeAffinityPolicy: policy,
  nodeTaintsPolicy: policy,
  matchLabelKeys: fc.constantFrom(undefined, ['rev']),
});
const pending = fc.record({
  labels: podLabels,
  namespace,
  constraints: fc.array(constraint, { minLength: 1, maxLength: 3 }),
  ssd: fc.boolean(),
  tolerant: fc.boolean(),
});

type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

function nodeFrom(called: string, parts: typeof nodeParts extends fc.Arbitrary<infer T> ? T : never): Node {
  const labels = {
    ...(parts.zone && { [zone]: parts.zone }),
    ...(parts.rack && { rack: parts.rack }),
    ...(parts.disk && { disk: parts.disk }),
    ...(parts.named && { [hostname]: called }),
  };
  const taints = parts.taint === undefined ? {} : { taints: [{ key: 'k', effect: parts.taint }] };
  return makeNode({ name: called, metadata: { labels }, ...taints });
}

function pendingFrom({
  constraints,
  ssd,
  tolerant,
  ...parts
}: typeof pending extends fc.Arbitrary<infer T> ? T : never) {
  const spec = {
    ...(ssd && { nodeSelector: { disk: 'ssd' } }),
    ...(tolerant && { tolerations: [{ key: 'k', operator: 'Exists' }] }),
  };
  return spreadPod(constraints, { ...parts, spec });
}

/** A cluster, and beside it what is in it, in the plainest form. */
class History {
  readonly cluster = new ClusterState();
  readonly #nodes = new Map<string, Node>();
  readonly #pods = new Map<string, Pod>();

  get world(): World {
    return { nodes: [...this.#nodes.values()], pods: [...this.#pods.values()] };
  }

  apply(happened: Event): void {
    switch (happened.kind) {
      case 'node': {
        const made = nodeFrom(happened.node, happened.parts);
        this.#nodes.set(happened.node, made);
        this.cluster.setNode(made);
        break;
      }
      case 'node gone':
        this.#nodes.delete(happened.node);
        this.cluster.removeNode(happened.node);
        break;
      case 'pod': {
        const { name: uid, node: nodeName, labels, namespace: of, ending } = happened;
        const metadata = ending ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {};
        const pod = makePod({ uid, name: uid, nodeName, labels, namespace: of, metadata });
        this.#pods.set(uid, pod);
        this.cluster.setBoundPod(pod);
        break;
      }
      case 'pod gone':
        this.#pods.delete(happened.name);
        this.cluster.removePod(happened.name);
    }
  }
}

const statuses = [undefined, missingLabel, tooSkewed];

function modelVerdicts(world: World, pod: Pod, differences: readonly Difference[] = []) {
  return Object.fromEntries(
    world.nodes.map((one) => [one.name, statuses[modelVerdict(world, pod, one, differences)]]),
  );
}

const history = fc.array(event, { maxLength: 30 });

describe('spread constraints under random histories', () => {
  it('are judged by counts kept as by counts made anew', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(history, pending), { minLength: 1, maxLength: 4 }), (chapters) => {
        const story = new History();
        const plugin = pluginFor(story.cluster);
        // Pods are judged over and over, so that counts are there while nodes and pods come and go.
        const pods = chapters.map(([, plan]) => pendingFrom(plan));
        for (const [events] of chapters) {
          for (const happened of events) story.apply(happened);
          for (const pod of pods) {
            expect(new SpreadCycle(story.cluster, pod, plugin).verdicts()).toEqual(
              modelVerdicts(story.world, pod),
            );
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('score as if counted anew, whichever nodes fit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(history, pending, fc.subarray(nodeNames)), { minLength: 1, maxLength: 3 }),
        (chapters) => {
          const story = new History();
          for (const [events, plan, wanted] of chapters) {
            for (const happened of events) story.apply(happened);
            const pod = pendingFrom(plan);
            const fitting = story.world.nodes.filter(({ name: called }) => wanted.includes(called));
            const names = fitting.map(({ name: called }) => called);
            const scores = new SpreadCycle(story.cluster, pod).scores(names);
            const soft = plan.constraints.some(
              ({ whenUnsatisfiable }) => whenUnsatisfiable === 'ScheduleAnyway',
            );
            if (!soft || story.world.nodes.length === 0) expect(scores).toBe('skip');
            else {
              const model = modelScores(story.world, pod, fitting);
              const byName = (values: readonly number[]) =>
                Object.fromEntries(names.map((called, i) => [called, values[i]]));
              expect(scores).toMatchObject({ raw: byName(model.raw), normalized: byName(model.normalized) });
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('see hypothetical nodes as they would be, and leave no trace of them', () => {
    const extra = fc.array(fc.record({ labels: podLabels, namespace }), { maxLength: 3 });
    const change = fc.record({ on: node, leaving: fc.subarray(podNames), coming: extra });
    const changes = fc.uniqueArray(change, { minLength: 1, maxLength: 2, selector: ({ on }) => on });
    fc.assert(
      fc.property(history, pending, changes, (events, plan, changed) => {
        const story = new History();
        for (const happened of events) story.apply(happened);
        const { world, cluster } = story;
        const pod = pendingFrom(plan);
        const cycle = new SpreadCycle(cluster, pod);
        const differences = changed
          .filter(({ on }) => world.nodes.some(({ name: called }) => called === on))
          .map(({ on, leaving, coming }) => ({
            node: on,
            added: coming.map((parts) => makePod(parts)),
            removed: world.pods.filter(({ uid, nodeName }) => nodeName === on && leaving.includes(uid)),
          }));
        const look = ([first, ...others]: readonly Difference[]): void => {
          if (first === undefined) {
            expect(cycle.verdicts()).toEqual(modelVerdicts(world, pod, differences));
            return;
          }
          cycle.hypothetically(first.node, first, (row) => {
            look(others);
            if (others.length > 0) return;
            const itself = world.nodes.find(({ name: called }) => called === first.node)!;
            expect(cycle.verdictOn(row)).toEqual(statuses[modelVerdict(world, pod, itself, differences)]);
          });
        };
        if (cycle.started.kind === 'proceed') look(differences);
        expect(cycle.verdicts()).toEqual(modelVerdicts(world, pod));
      }),
      { numRuns: 400 },
    );
  });
});
