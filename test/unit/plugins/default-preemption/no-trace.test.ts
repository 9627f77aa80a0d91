import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ClusterState } from '../../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../../src/cluster/pod.js';
import { Cycle } from '../../../../src/framework/cycle.js';
import type { HypotheticalNodes } from '../../../../src/framework/plugin.js';
import { DefaultPreemption, type PreemptionFindings } from '../../../../src/plugins/default-preemption.js';
import { Nominator } from '../../../../src/queue/nominator.js';
import { seededRandom } from '../../../../src/random.js';
import { evaluate } from '../../../../src/scheduler/evaluate.js';
import { EvaluationSpace } from '../../../../src/scheduler/evaluation-space.js';
import { makeNode, makePod } from '../../../build-objects.js';
import { tableState } from '../../cluster/table-state.js';
import { defaultProfile } from '../../scheduler/scheduling-fixture.js';

const nodeNames = ['a', 'b', 'c', 'd'];

/** A pod that most plugins have something to say about. */
const podParts = fc.record({
  node: fc.constantFrom(...nodeNames),
  app: fc.constantFrom('web', 'db'),
  priority: fc.nat(3),
  cpu: fc.nat(3),
  port: fc.boolean(),
  apart: fc.boolean(),
  spread: fc.boolean(),
});
type Parts = typeof podParts extends fc.Arbitrary<infer T> ? T : never;

function build({ node, app, priority, cpu, port, apart, spread }: Parts, isBound: boolean): Pod {
  const selector = { labelSelector: { matchLabels: { app } } };
  const term = { ...selector, topologyKey: 'kubernetes.io/hostname' };
  return makePod({
    priority,
    labels: { app },
    ...(isBound && { nodeName: node }),
    spec: {
      containers: [
        {
          name: 'app',
          image: 'app',
          resources: { requests: { cpu: `${cpu}` } },
          ...(port && { ports: [{ containerPort: 80, hostPort: 80 }] }),
        },
      ],
      ...(apart && {
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
      }),
      ...(spread && {
        topologySpreadConstraints: [
          { ...selector, maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' },
        ],
      }),
    },
  });
}

function summary({ candidates, statuses, best, failures }: PreemptionFindings): unknown {
  return {
    candidates: candidates.map(({ nodeName, victims, budgetViolations }) => [
      nodeName,
      victims.map(({ uid }) => uid),
      budgetViolations,
    ]),
    statuses: [...statuses],
    best: best.map(({ nodeName }) => nodeName),
    failures,
  };
}

/** What the plugins say, from what they noted in the cycle, of every node as it is. */
function refusals(hypothetical: HypotheticalNodes, { nodes }: ClusterState): unknown {
  return nodeNames.map((name) => hypothetical.try(nodes.slotOf(name)!, (node) => node.refusal()));
}

describe('a search for victims', () => {
  it('leaves no trace in the table, in counts of pods, and in what plugins noted', () => {
    let searches = 0;
    fc.assert(
      fc.property(
        fc.array(podParts, { minLength: 4, maxLength: 16 }),
        podParts,
        fc.array(podParts, { maxLength: 3 }),
        fc.nat(2),
        (running, pending, nominated, disruptionsAllowed) => {
          const cluster = new ClusterState();
          for (const [i, name] of nodeNames.entries())
            cluster.setNode(makeNode({ name, allocatable: { cpu: '4' }, labels: { zone: `z${i % 2}` } }));
          for (const parts of running) cluster.setBoundPod(build(parts, true));
          cluster.disruptionBudgets.set({
            uid: 'web',
            namespace: 'default',
            name: 'web',
            resourceVersion: '1',
            selector: { matchLabels: { app: 'web' } },
            disruptionsAllowed,
            disruptedPods: new Set(),
          });
          const nominations = new Nominator();
          for (const parts of nominated) nominations.nominate(build(parts, false), parts.node);
          const pod = { ...build(pending, false), priority: 2 };
          const profile = defaultProfile({ handle: { cluster } });
          const cycle = new Cycle(pod, cluster.nodes);
          const options = { space: new EvaluationSpace(), random: seededRandom(1), nominations };
          const decision = evaluate(cycle, profile, options);
          if (decision.kind !== 'unschedulable') return;
          searches += 1;
          const { diagnosis, hypothetical } = decision;
          const handle = { profile: 'berth', cluster };
          const plugin = new DefaultPreemption(undefined, handle, { random: () => 0.4 });
          const look = (): unknown => [
            tableState(cluster.nodes),
            cluster.nodes.generation,
            refusals(hypothetical, cluster),
          ];
          const before = look();
          const found = summary(plugin.search(cycle, pod, diagnosis, hypothetical));
          expect(look()).toEqual(before);
          expect(summary(plugin.search(cycle, pod, diagnosis, hypothetical))).toEqual(found);
          expect(found).toMatchObject({ failures: [] });
        },
      ),
      { numRuns: 300 },
    );
    // Otherwise the property says nothing.
    expect(searches).toBeGreaterThan(50);
  });
});
