import { describe, expect, it } from '@jest/globals';
import { Action } from '../../../src/cluster/action.js';
import { Cycle } from '../../../src/framework/cycle.js';
import { createNodeDeclaredFeatures } from '../../../src/plugins/node-declared-features.js';
import { createNodeName } from '../../../src/plugins/node-name.js';
import { createNodePorts } from '../../../src/plugins/node-ports.js';
import { createNodeUnschedulable } from '../../../src/plugins/node-unschedulable.js';
import { clusterOf, nodeOf, podOf } from './cluster-objects.js';
import { passing, verdictsOf } from './judge.js';

describe('NodeUnschedulable', () => {
  const plugin = createNodeUnschedulable();
  const cluster = clusterOf([nodeOf('open'), nodeOf('cordoned', { spec: { unschedulable: true } })]);
  const tolerating = (toleration: object) => podOf({ spec: { tolerations: [toleration] } });
  const key = 'node.kubernetes.io/unschedulable';

  it('refuses cordoned nodes', () => {
    expect(verdictsOf(plugin, podOf(), cluster)).toEqual({
      open: undefined,
      cordoned: { code: 'UnschedulableAndUnresolvable', reasons: ['node(s) were unschedulable'] },
    });
  });

  it.each([
    [{ operator: 'Exists' }, true],
    [{ key, operator: 'Exists', effect: 'NoSchedule' }, true],
    [{ key, operator: 'Equal', value: '' }, true],
    [{ key, operator: 'Equal', value: 'x' }, false],
    [{ key, operator: 'Exists', effect: 'NoExecute' }, false],
  ])('lets a pod with toleration %j pass: %s', (toleration, passes) => {
    expect(passing(plugin, tolerating(toleration), cluster).includes('cordoned')).toBe(passes);
  });

  it('asks for another try when a node is uncordoned, not when only its taints change', () => {
    const hint = plugin.events![0]!.hint!;
    const open = nodeOf('n') as never;
    const cordoned = nodeOf('n', { spec: { unschedulable: true } }) as never;
    expect(hint(podOf(), cordoned, open)).toBe('Queue');
    expect(hint(podOf(), open, open)).toBe('Skip');
    expect(hint(podOf(), undefined, open)).toBe('Queue');
    expect(hint(podOf(), undefined, cordoned)).toBe('Skip');
  });
});

describe('NodeName', () => {
  const plugin = createNodeName();
  const cluster = clusterOf([nodeOf('a'), nodeOf('b')]);

  it('narrows a pod that names its node, and refuses all others', () => {
    const pod = podOf({ spec: { nodeName: 'b' } });
    const cycle = new Cycle(pod, cluster.nodes);
    expect(plugin.preFilter(cycle, pod, cluster.nodes)).toEqual({
      kind: 'proceed',
      nodeNames: new Set(['b']),
    });
    const reasons = ["node(s) didn't match the requested node name"];
    expect(verdictsOf(plugin, pod, cluster)).toEqual({
      a: { code: 'UnschedulableAndUnresolvable', reasons },
      b: undefined,
    });
  });

  it('does not skip, and passes, for a pod without a node', () => {
    const pod = podOf();
    expect(plugin.preFilter(new Cycle(pod, cluster.nodes), pod, cluster.nodes)).toEqual({ kind: 'proceed' });
    expect(passing(plugin, pod, cluster)).toEqual(['a', 'b']);
  });
});

describe('NodePorts', () => {
  const plugin = createNodePorts();
  const wanting = (ports: object[], nodeName?: string) =>
    podOf({
      spec: {
        nodeName,
        containers: [{ name: 'c', ports: ports.map((port) => ({ containerPort: 80, ...port })) }],
      },
    });

  it.each<[string, object, object, boolean]>([
    ['the same port', { hostPort: 80 }, { hostPort: 80 }, true],
    ['another port', { hostPort: 80 }, { hostPort: 81 }, false],
    ['another protocol', { hostPort: 80 }, { hostPort: 80, protocol: 'UDP' }, false],
    ['another address', { hostPort: 80, hostIP: '10.0.0.1' }, { hostPort: 80, hostIP: '10.0.0.2' }, false],
    ['every address against one', { hostPort: 80, hostIP: '10.0.0.1' }, { hostPort: 80 }, true],
    ['one address against every', { hostPort: 80 }, { hostPort: 80, hostIP: '10.0.0.1' }, true],
    [
      'the IPv6 wildcard, which is an ordinary text',
      { hostPort: 80, hostIP: '10.0.0.1' },
      { hostPort: 80, hostIP: '::' },
      false,
    ],
  ])('knows a conflict with %s', (_what, used, wanted, conflicts) => {
    const cluster = clusterOf([nodeOf('a'), nodeOf('b')], [wanting([used], 'a')]);
    const refusal = {
      code: 'Unschedulable',
      reasons: ["node(s) didn't have free ports for the requested pod ports"],
    };
    expect(verdictsOf(plugin, wanting([wanted]), cluster)).toEqual({
      a: conflicts ? refusal : undefined,
      b: undefined,
    });
  });

  it('skips pods without host ports, and does not count two containers of one pod against each other', () => {
    const cluster = clusterOf([nodeOf('a')]);
    const pod = podOf();
    expect(plugin.preFilter(new Cycle(pod, cluster.nodes), pod, cluster.nodes)).toEqual({ kind: 'skip' });
    expect(passing(plugin, wanting([{ hostPort: 80 }, { hostPort: 80 }]), cluster)).toEqual(['a']);
  });

  it('asks for another try when a deleted pod held a wanted port, wherever it ran', () => {
    const hint = plugin.events!.find(({ resource }) => resource === 'AssignedPod')!.hint!;
    const pod = wanting([{ hostPort: 80 }]);
    expect(hint(pod, wanting([{ hostPort: 80 }], 'a') as never, undefined)).toBe('Queue');
    expect(hint(pod, wanting([{ hostPort: 81 }], 'a') as never, undefined)).toBe('Skip');
    expect(hint(pod, podOf({ spec: { nodeName: 'a' } }) as never, undefined)).toBe('Skip');
    expect(hint(pod, wanting([{ hostPort: 80 }]) as never, undefined)).toBe('Skip');
  });
});

describe('NodeDeclaredFeatures', () => {
  const plugin = createNodeDeclaredFeatures();
  const feature = 'UserNamespacesHostNetworkSupport';
  const needing = podOf({ spec: { hostNetwork: true, hostUsers: false } });
  const declaring = (name: string, ...declaredFeatures: string[]) =>
    nodeOf(name, { status: { declaredFeatures } });

  it('refuses nodes that do not declare what the spec relies on', () => {
    const cluster = clusterOf([declaring('a', feature), declaring('b'), declaring('c', 'Other', feature)]);
    const reasons = ["node(s) didn't match Pod's required features"];
    expect(verdictsOf(plugin, needing, cluster)).toEqual({
      a: undefined,
      b: { code: 'UnschedulableAndUnresolvable', reasons },
      c: undefined,
    });
  });

  it('skips pods that need none', () => {
    const cluster = clusterOf([declaring('a')]);
    const pod = podOf();
    expect(plugin.preFilter(new Cycle(pod, cluster.nodes), pod, cluster.nodes)).toEqual({ kind: 'skip' });
  });
});

describe('registered events', () => {
  it('do not include taints for plugins that taints do not concern', () => {
    const masks = [createNodeName(), createNodePorts(), createNodeDeclaredFeatures()].flatMap(({ events }) =>
      events!
        .filter(({ resource }) => resource === 'Node')
        .map(({ action }) => action & Action.UpdateNodeTaint),
    );
    expect(masks).toEqual([0, 0, 0]);
  });
});
