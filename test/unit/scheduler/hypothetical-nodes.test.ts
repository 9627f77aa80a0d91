import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { Cycle, StateKey } from '../../../src/framework/cycle.js';
import type {
  HypotheticalNode,
  HypotheticalNodes,
  Plugin,
  PreFilterPlugin,
  RowFilterPlugin,
} from '../../../src/framework/plugin.js';
import { unresolvable, unschedulable } from '../../../src/framework/status.js';
import { createNodePorts } from '../../../src/plugins/node-ports.js';
import { NodeResourcesFit } from '../../../src/plugins/node-resources-fit.js';
import { Nominator } from '../../../src/queue/nominator.js';
import { seededRandom } from '../../../src/random.js';
import { evaluate } from '../../../src/scheduler/evaluate.js';
import { EvaluationSpace } from '../../../src/scheduler/evaluation-space.js';
import { makeNode, makePod } from '../../build-objects.js';
import { tableState } from '../cluster/table-state.js';
import { clusterOf } from '../plugins/cluster-objects.js';
import { profileOf } from './scheduling-fixture.js';

/** Counts pods by node name in the cycle's state, and refuses a node with more than `limit`. */
class PodCounter implements PreFilterPlugin, RowFilterPlugin {
  readonly name: string = 'PodCounter';
  readonly counts = new StateKey<Map<string, number>>('counts');
  readonly limit: number;
  /** What the hooks were told, in order. */
  readonly told: string[] = [];
  /** Hooks fail when they are told of a pod with this name. */
  stumblesOver = '';

  constructor(limit: number) {
    this.limit = limit;
  }

  preFilter(cycle: Cycle, _pod: Pod, nodes: ClusterState['nodes']): ReturnType<PreFilterPlugin['preFilter']> {
    const counts = new Map<string, number>();
    for (const slot of nodes.rows().slots) counts.set(nodes.nameAt(slot), nodes.podsAt(slot).size);
    cycle.write(this.counts, counts);
    return { kind: 'proceed' };
  }

  addPod(cycle: Cycle, pod: Pod, slot: number): void {
    this.#tell('+', cycle, pod, slot, 1);
  }

  removePod(cycle: Cycle, pod: Pod, slot: number): void {
    this.#tell('-', cycle, pod, slot, -1);
  }

  filterRows(
    cycle: Cycle,
    _pod: Pod,
    rows: { slots: Int32Array; length: number },
    verdicts: Int32Array,
  ): undefined {
    for (let i = 0; i < rows.length; i++) {
      const count = cycle.read(this.counts).get(cycle.nodes.nameAt(rows.slots[i]!))!;
      verdicts[i] = count > this.limit ? count : 0;
    }
  }

  verdictStatus(_cycle: Cycle, verdict: number) {
    return unschedulable(`${verdict} pods`);
  }

  #tell(sign: string, cycle: Cycle, pod: Pod, slot: number, delta: 1 | -1): void {
    this.told.push(`${sign}${pod.name}`);
    if (pod.name === this.stumblesOver) throw new Error('stumbled');
    const counts = cycle.read(this.counts);
    const name = cycle.nodes.nameAt(slot);
    counts.set(name, counts.get(name)! + delta);
  }
}

interface Refused {
  readonly cycle: Cycle;
  readonly hypothetical: HypotheticalNodes;
}

/** Evaluates a pod that must not fit. */
function refused(
  cluster: ClusterState,
  plugins: readonly Plugin[],
  pod: Pod,
  nominator = new Nominator(),
): Refused {
  const cycle = new Cycle(pod, cluster.nodes);
  const decision = evaluate(cycle, profileOf(plugins), {
    space: new EvaluationSpace(),
    random: seededRandom(1),
    nominations: nominator,
  });
  if (decision.kind !== 'unschedulable') throw new Error(`the pod ${decision.kind}`);
  return { cycle, hypothetical: decision.hypothetical };
}

const never: RowFilterPlugin = {
  name: 'Never',
  filterRows: (_cycle, _pod, rows, verdicts) => {
    for (let i = 0; i < rows.length; i++) verdicts[i] = 1;
  },
  verdictStatus: () => unresolvable('never'),
};

describe('a hypothetical node', () => {
  it('is judged by the filters as it was changed, and the real node stays as it is', () => {
    const inTheWay = makePod({ nodeName: 'a', requests: { cpu: '3' } });
    const cluster = clusterOf([makeNode({ name: 'a' })], [inTheWay]);
    const { hypothetical } = refused(cluster, [new NodeResourcesFit()], makePod({ requests: { cpu: '2' } }));
    const slot = cluster.nodes.slotOf('a')!;
    hypothetical.try(slot, (node) => {
      expect(node.refusal()).toEqual({
        code: 'Unschedulable',
        reasons: ['Insufficient cpu'],
        plugin: 'NodeResourcesFit',
      });
      node.remove(inTheWay);
      expect(node.refusal()).toBeUndefined();
      expect(cluster.nodes.podsAt(node.slot).size).toBe(0);
      expect(cluster.nodes.podsAt(slot).size).toBe(1);
      node.add(inTheWay);
      expect(node.refusal()).toBeDefined();
    });
    expect(cluster.nodes.requestedCpu[slot]).toBe(3_000);
  });

  it('answers what the experiment answers', () => {
    const cluster = clusterOf([makeNode({ name: 'a' })]);
    const { hypothetical } = refused(cluster, [never], makePod());
    expect(hypothetical.try(cluster.nodes.slotOf('a')!, () => 42)).toBe(42);
  });

  it('tells the hooks of every change, and of taking it back in reverse order', () => {
    const [first, second] = ['first', 'second'].map((name) => makePod({ name, nodeName: 'a' }));
    const cluster = clusterOf([makeNode({ name: 'a' })], [first!, second!]);
    const counter = new PodCounter(0);
    const { hypothetical } = refused(cluster, [counter], makePod());
    hypothetical.try(cluster.nodes.slotOf('a')!, (node) => {
      node.remove(first!);
      node.remove(second!);
      expect(node.refusal()).toBeUndefined();
      node.add(first!);
    });
    expect(counter.told).toEqual(['-first', '-second', '+first', '-first', '+second', '+first']);
  });

  it('leaves the hooks of plugins that skipped the pod alone', () => {
    const skipping = new (class extends PodCounter {
      override preFilter(): { kind: 'skip' } {
        return { kind: 'skip' };
      }
    })(0);
    const inTheWay = makePod({ nodeName: 'a' });
    const cluster = clusterOf([makeNode({ name: 'a' })], [inTheWay]);
    const { hypothetical } = refused(cluster, [skipping, never], makePod());
    hypothetical.try(cluster.nodes.slotOf('a')!, (node) => {
      node.remove(inTheWay);
      expect(node.refusal()).toMatchObject({ plugin: 'Never' });
    });
    expect(skipping.told).toEqual([]);
  });

  it('has to fit with and without the pods that it is promised to, weaker ones left out', () => {
    const cluster = clusterOf(
      [makeNode({ name: 'a' })],
      [makePod({ nodeName: 'a', requests: { cpu: '3' } })],
    );
    const nominator = new Nominator();
    const promise = (priority: number, cpu: string): Pod => {
      const pod = makePod({ priority, requests: { cpu } });
      nominator.nominate(pod, 'a');
      return pod;
    };
    const pod = makePod({ priority: 5, requests: { cpu: '2' } });
    promise(4, '4');
    const equal = promise(5, '1');
    const { hypothetical } = refused(cluster, [new NodeResourcesFit()], pod, nominator);
    const slot = cluster.nodes.slotOf('a')!;
    const [inTheWay] = cluster.nodes.podsAt(slot).values();
    const refusal = (): unknown =>
      hypothetical.try(slot, (node) => {
        node.remove(inTheWay!);
        const status = node.refusal();
        expect([...cluster.nodes.podsAt(node.slot).values()]).toEqual([]);
        return status;
      });
    expect(refusal()).toBeUndefined();
    promise(6, '2');
    expect(refusal()).toMatchObject({ reasons: ['Insufficient cpu'] });
    nominator.remove(equal.uid);
    expect(refusal()).toBeUndefined();
  });

  it('does not count the pod at hand among those that its own node is promised to', () => {
    const inTheWay = makePod({ nodeName: 'a', requests: { cpu: '3' } });
    const cluster = clusterOf([makeNode({ name: 'a' })], [inTheWay]);
    const nominator = new Nominator();
    const pod = makePod({ requests: { cpu: '3' } });
    nominator.nominate(pod, 'a');
    const { hypothetical } = refused(cluster, [new NodeResourcesFit()], pod, nominator);
    hypothetical.try(cluster.nodes.slotOf('a')!, (node) => {
      node.remove(inTheWay);
      expect(node.refusal()).toBeUndefined();
    });
  });

  it('can be tried after a PreFilter plugin refused the pod as a whole', () => {
    const refusing: PreFilterPlugin = {
      name: 'Refusing',
      preFilter: () => ({ kind: 'rejected', status: unschedulable('not now') }),
    };
    const cluster = clusterOf([makeNode({ name: 'a' })]);
    const { hypothetical } = refused(cluster, [refusing, new NodeResourcesFit()], makePod());
    expect(hypothetical.try(cluster.nodes.slotOf('a')!, (node) => node.refusal())).toBeUndefined();
  });

  it('frees a host port when one of two holders leaves, as in kube-scheduler', () => {
    const app = { name: 'app', image: 'app', ports: [{ containerPort: 80, hostPort: 80 }] };
    const spec = { containers: [app] };
    // The other one holds it twice: as a sidecar beside its container may.
    const both = { ...spec, initContainers: [{ ...app, name: 'sidecar', restartPolicy: 'Always' }] };
    const holders = [spec, both].map((of) => makePod({ nodeName: 'a', spec: of }));
    const cluster = clusterOf([makeNode({ name: 'a' })], holders);
    const { hypothetical } = refused(cluster, [createNodePorts()], makePod({ spec }));
    const slot = cluster.nodes.slotOf('a')!;
    hypothetical.try(slot, (node) => {
      node.remove(holders[0]!);
      expect(node.refusal()).toBeUndefined();
      node.add(holders[0]!);
      expect(node.refusal()).toBeDefined();
    });
    expect(cluster.nodes.portsAt(slot)!.conflictsWith(holders[0]!.spec.hostPorts)).toBe(true);
  });

  it('passes a plugin’s failure on and takes everything back all the same', () => {
    const inTheWay = makePod({ name: 'in-the-way', nodeName: 'a' });
    const other = makePod({ name: 'other', nodeName: 'a' });
    const cluster = clusterOf([makeNode({ name: 'a' })], [inTheWay, other]);
    const counter = new PodCounter(1);
    const { cycle, hypothetical } = refused(cluster, [counter], makePod());
    const before = tableState(cluster.nodes);
    counter.stumblesOver = 'in-the-way';
    const experiment = (node: HypotheticalNode): void => {
      node.remove(other);
      node.remove(inTheWay);
    };
    expect(() => hypothetical.try(cluster.nodes.slotOf('a')!, experiment)).toThrow(
      'running RemovePod on PreFilter plugin "PodCounter": stumbled',
    );
    expect(tableState(cluster.nodes)).toEqual(before);
    expect(cycle.read(counter.counts).get('a')).toBe(2);
  });
});

describe('taking back', () => {
  it('goes on when a plugin fails over one change, and says so', () => {
    const pods = ['first', 'second'].map((name) => makePod({ name, nodeName: 'a' }));
    const cluster = clusterOf([makeNode({ name: 'a' })], pods);
    const counter = new PodCounter(1);
    const { hypothetical } = refused(cluster, [counter], makePod());
    const before = tableState(cluster.nodes);
    const experiment = (node: HypotheticalNode): void => {
      for (const pod of pods) node.remove(pod);
      counter.stumblesOver = 'second';
    };
    expect(() => hypothetical.try(cluster.nodes.slotOf('a')!, experiment)).toThrow(
      'running AddPod on PreFilter plugin "PodCounter": stumbled',
    );
    expect(counter.told.slice(-2)).toEqual(['+second', '+first']);
    expect(tableState(cluster.nodes)).toEqual(before);
  });
});

describe('experiments', () => {
  it('leave no trace in the table, in the counts of pods and in what plugins noted, whatever is tried', () => {
    const action = fc.record({
      kind: fc.constantFrom('toggle', 'judge', 'throw', 'stumble'),
      pod: fc.nat(7),
    });
    fc.assert(
      fc.property(
        fc.array(fc.record({ node: fc.nat(2), actions: fc.array(action, { maxLength: 12 }) }), {
          maxLength: 6,
        }),
        fc.array(fc.record({ node: fc.nat(2), priority: fc.nat(3), cpu: fc.nat(4) }), { maxLength: 4 }),
        (trials, nominated) => {
          const names = ['a', 'b', 'c'];
          const pods = Array.from({ length: 8 }, (_, i) =>
            makePod({
              name: `pod-${i}`,
              nodeName: names[i % 3]!,
              labels: { app: `app-${i % 2}` },
              requests: { cpu: '1', 'example.com/gpu': '1' },
              ...(i < 4 && {
                spec: { containers: [{ name: 'app', image: 'app', ports: [{ hostPort: 80 }] }] },
              }),
            }),
          );
          const cluster = clusterOf(
            names.map((name) => makeNode({ name, allocatable: { 'example.com/gpu': '4' } })),
            pods,
          );
          const counted = cluster.podCounts.bySlot({
            key: 'all',
            clauses: [
              {
                namespaces: 'all',
                selector: { kind: 'everything', requirements: [], isEmpty: true, matches: () => true },
              },
            ],
          });
          const nominator = new Nominator();
          for (const { node, priority, cpu } of nominated)
            nominator.nominate(makePod({ priority, requests: { cpu: `${cpu}` } }), names[node]!);
          const counter = new PodCounter(0);
          const pod = makePod({ priority: 1, requests: { cpu: '2' } });
          const plugins = [new NodeResourcesFit(), createNodePorts(), counter];
          const { cycle, hypothetical } = refused(cluster, plugins, pod, nominator);
          const snapshot = (): unknown => ({
            table: tableState(cluster.nodes),
            generation: cluster.nodes.generation,
            counts: [...cycle.read(counter.counts)],
            counted: [...counted.counts],
          });
          const before = snapshot();
          for (const { node: index, actions } of trials) {
            const slot = cluster.nodes.slotOf(names[index]!)!;
            try {
              hypothetical.try(slot, (node) => {
                try {
                  for (const { kind, pod: which } of actions) {
                    const other = pods[which]!;
                    if (kind === 'throw') throw new Error('given up');
                    if (kind === 'stumble') counter.stumblesOver = other.name;
                    else if (kind === 'judge') node.refusal();
                    else if (cluster.nodes.podsAt(node.slot).has(other.uid)) node.remove(other);
                    else node.add(other);
                  }
                } finally {
                  counter.stumblesOver = '';
                }
              });
            } catch {
              // Whatever went wrong, nothing may be left of it.
            }
          }
          expect(snapshot()).toEqual(before);
        },
      ),
      { numRuns: 200 },
    );
  });
});
