import { describe, expect, it } from '@jest/globals';
import { rawNode, rawPod } from '../../build-objects.js';
import type { NodeObject, PodObject } from '../../faults/api-objects.js';
import { overcommitted, waitingWithoutReason } from '../../faults/final-state.js';
import { brokenRules, viewOf } from '../../faults/placement-rules.js';

type PodParts = NonNullable<Parameters<typeof rawPod>[0]>;
type NodeParts = NonNullable<Parameters<typeof rawNode>[0]>;

const pod = (parts: PodParts = {}): PodObject => rawPod(parts) as unknown as PodObject;
const node = (name: string, parts: NodeParts = {}): NodeObject =>
  rawNode({ name, ...parts, labels: { zone: name.slice(0, 1), ...parts.labels } }) as unknown as NodeObject;
const on = (nodeName: string, parts: PodParts = {}): PodObject => pod({ nodeName, ...parts });

const app = { matchLabels: { app: 'web' } };
const web = { labels: { app: 'web' } };
const zone = { topologyKey: 'zone', labelSelector: app };
const hard = (kind: 'podAffinity' | 'podAntiAffinity', term: object) => ({
  spec: { affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } },
});
const spread = {
  spec: { topologySpreadConstraints: [{ ...zone, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }] },
};
const port = (hostPort: number) => ({
  spec: { containers: [{ name: 'app', image: 'i', ports: [{ containerPort: 80, hostPort }] }] },
});

/** What keeps the pod off `a1`. */
function broken(subject: PodObject, nodes: readonly NodeObject[], pods: readonly PodObject[] = []): string[] {
  return brokenRules(subject, 'a1', viewOf(nodes, pods));
}

describe('the rules that placements are judged by', () => {
  it('let a pod go where nothing speaks against it', () => {
    expect(broken(pod({ requests: { cpu: '4', memory: '32Gi' } }), [node('a1')])).toEqual([]);
  });

  it('find a node that does not exist', () => {
    expect(broken(pod(), [])).toEqual(['the node does not exist']);
  });

  it('find more than is allocatable, and too many pods', () => {
    const full = [on('a1', { requests: { cpu: '3500m' } })];
    expect(broken(pod({ requests: { cpu: '500m' } }), [node('a1')], full)).toEqual([]);
    expect(broken(pod({ requests: { cpu: '600m' } }), [node('a1')], full)).toEqual(['cpu: 3.5 + 0.6 > 4']);
    const small = node('a1', { allocatable: { pods: '1' } });
    expect(broken(pod(), [small])).toEqual([]);
    expect(broken(pod(), [small], full)).toContain('number of pods');
  });

  it('do not count pods that have ended, or are elsewhere', () => {
    const others = [
      on('a2', { requests: { cpu: '4' } }),
      on('a1', { requests: { cpu: '4' }, status: { phase: 'Failed' } }),
    ];
    expect(broken(pod({ requests: { cpu: '4' } }), [node('a1'), node('a2')], others)).toEqual([]);
  });

  it('find a host port that is taken', () => {
    expect(broken(pod(port(80)), [node('a1')], [on('a1', port(80))])).toEqual(['host port TCP/80']);
    expect(broken(pod(port(80)), [node('a1')], [on('a1', port(81))])).toEqual([]);
  });

  it('find taints and cordons that are not tolerated', () => {
    const tainted = node('a1', { taints: [{ key: 'dedicated', value: 'x', effect: 'NoSchedule' }] });
    const tolerations = [{ key: 'dedicated', operator: 'Equal', value: 'x', effect: 'NoSchedule' }];
    expect(broken(pod(), [tainted])).toEqual(['taint dedicated']);
    expect(broken(pod({ spec: { tolerations } }), [tainted])).toEqual([]);
    expect(
      broken(pod({ spec: { tolerations: [{ ...tolerations[0], value: 'y' }] } }), [tainted]),
    ).toHaveLength(1);
    expect(broken(pod(), [node('a1', { unschedulable: true })])).toEqual(['cordoned']);
  });

  it('find selectors and affinity that the node does not meet', () => {
    expect(broken(pod({ spec: { nodeSelector: { disk: 'ssd' } } }), [node('a1')])).toHaveLength(1);
    const terms = (operator: string) => ({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator, values: ['a'] }] }],
        },
      },
    });
    expect(broken(pod({ spec: { affinity: terms('In') } }), [node('a1')])).toEqual([]);
    expect(broken(pod({ spec: { affinity: terms('NotIn') } }), [node('a1')])).toHaveLength(1);
  });

  it('find anti-affinity of the pod and of those that are there', () => {
    const nodes = [node('a1'), node('a2'), node('b1')];
    const repelling = hard('podAntiAffinity', zone);
    expect(broken(pod({ ...web, ...repelling }), nodes, [on('a2', web)])).toEqual(['anti-affinity by zone']);
    expect(broken(pod({ ...web, ...repelling }), nodes, [on('b1', web)])).toEqual([]);
    expect(broken(pod(web), nodes, [on('a2', { name: 'loner', ...repelling })])).toEqual([
      'anti-affinity of loner',
    ]);
  });

  it('find affinity that nobody near meets, unless the pod is the first of its kind', () => {
    const nodes = [node('a1'), node('a2'), node('b1')];
    const wanting = hard('podAffinity', zone);
    expect(broken(pod(wanting), nodes, [on('b1', web)])).toEqual(['affinity']);
    expect(broken(pod(wanting), nodes, [on('a2', web)])).toEqual([]);
    expect(broken(pod({ ...web, ...wanting }), nodes)).toEqual([]);
    expect(broken(pod({ ...web, ...wanting }), nodes, [on('b1', web)])).toEqual(['affinity']);
    // The node of the other is gone: nobody is where it was.
    expect(broken(pod({ ...web, ...wanting }), nodes, [on('b2', web)])).toEqual([]);
  });

  it('find a spread that is exceeded', () => {
    const nodes = [node('a1'), node('a2'), node('b1')];
    const spreading = pod({ ...web, ...spread });
    expect(broken(spreading, nodes, [on('a2', web)])).toEqual(['spread by zone: 1 + 1 - 0 > 1']);
    expect(broken(spreading, nodes, [on('a2', web), on('b1', web)])).toEqual([]);
    expect(broken(spreading, [node('a1'), node('a2')], [on('a2', web)])).toEqual([]);
  });

  it('give the benefit of every state that may have been seen', () => {
    const nodes = [node('a1'), node('a2'), node('b1')];
    const view = viewOf(nodes, [on('a2', web)]);
    const cordoned = node('a1', { unschedulable: true });
    const seen = new Map([...view.nodes, ['a1', [node('a1'), cordoned]]]);
    expect(brokenRules(pod(), 'a1', { ...view, nodes: seen })).toEqual([]);
    expect(brokenRules(pod(), 'a1', { ...view, nodes: new Map([['a1', [cordoned]]]) })).toEqual(['cordoned']);
    const spreading = pod({ ...web, ...spread });
    expect(brokenRules(spreading, 'a1', { ...view, certain: [] })).toEqual([]);
    expect(brokenRules(spreading, 'a1', { ...view, possible: [...view.possible, on('b1', web)] })).toEqual(
      [],
    );
  });
});

describe('the state at the end', () => {
  it('shows a pod that waits although a node would take it', () => {
    const waiting = pod({ name: 'waits', requests: { cpu: '1' } });
    const found = (...pods: PodObject[]) =>
      waitingWithoutReason({ nodes: [node('a1')], pods, schedulerName: 'berth' });
    expect(found(waiting)).toEqual(['waits waits, a1 would take it']);
    expect(found(waiting, on('a1', { requests: { cpu: '4' } }))).toEqual([]);
    expect(found(pod({ schedulerName: 'other' }))).toEqual([]);
    expect(found(pod({ spec: { schedulingGates: [{ name: 'later' }] } }))).toEqual([]);
    expect(found(pod({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }))).toEqual([]);
  });

  it('shows nodes above what is allocatable', () => {
    const pods = [on('a1', { requests: { cpu: '3' } }), on('a1', { requests: { cpu: '2' } })];
    expect(overcommitted({ nodes: [node('a1')], pods, schedulerName: 'berth' })).toEqual(['a1: 5 of cpu']);
  });
});
