import { expect, it } from '@jest/globals';
import { ClusterState } from '../../../src/cluster/cluster-state.js';
import type { Node } from '../../../src/cluster/node.js';
import type { Pod } from '../../../src/cluster/pod.js';
import { seededRandom } from '../../../src/random.js';
import { makeNode, makePod } from '../../build-objects.js';
import { tableState } from '../cluster/table-state.js';

const names = ['a', 'b', 'c', 'd', 'e'];

it('failure-04: nodes that are deleted and made again under the same names, a thousand times, leave no trace of former ones', () => {
  const random = seededRandom(4);
  const cluster = new ClusterState();
  const nodes = new Map<string, Node>();
  const pods = new Map<string, Pod>();
  for (let step = 0; step < 1_000; step += 1) {
    const name = names[Math.floor(random() * names.length)]!;
    if (nodes.delete(name)) cluster.removeNode(name);
    if (random() < 0.8) {
      const zone = `zone-${Math.floor(random() * 3)}`;
      const cpu = String(1 + Math.floor(random() * 8));
      const metadata = { uid: `node-${step}` };
      const node = makeNode({ name, labels: { zone }, allocatable: { cpu }, metadata });
      nodes.set(name, node);
      cluster.setNode(node);
    }
    // Pods stay while their node is away, and may go before it is back.
    const pod = makePod({ uid: `pod-${step}`, nodeName: name, requests: { cpu: '100m' } });
    pods.set(pod.uid, pod);
    cluster.setBoundPod(pod);
    const [oldest] = pods.keys();
    if (pods.size > 20 && oldest !== undefined && pods.delete(oldest)) cluster.removePod(oldest);
  }

  const fresh = new ClusterState();
  for (const node of nodes.values()) fresh.setNode(node);
  for (const pod of pods.values()) fresh.setBoundPod(pod);
  expect(tableState(cluster.nodes)).toEqual(tableState(fresh.nodes));
  expect(cluster.podCount).toBe(pods.size);
});
