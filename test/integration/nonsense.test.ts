import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PodParts } from '../build-objects.js';
import { eventually } from './eventually.js';
import { SchedulingCluster } from './scheduling-cluster.js';

let cluster: SchedulingCluster;

beforeEach(async () => {
  cluster = await SchedulingCluster.start();
  await cluster.node({ name: 'a' });
});
afterEach(() => cluster.stop());

/** What the API server lets through, or some day might. */
const nonsense: Readonly<Record<string, PodParts>> = {
  'a request beyond every number': { requests: { cpu: '1e30', memory: '1e30' } },
  'a negative request': { requests: { cpu: '-1', memory: '-1Gi' } },
  'an unknown resource': { requests: { 'nobody.example/has-it': '1' } },
  'empty and strange label values': { labels: { a: '', b: '__proto__', constructor: 'x', __proto__x: 'y' } },
  'labels that are no object': { metadata: { labels: 'red' } },
  'null where lists belong': {
    spec: { tolerations: null, initContainers: null, volumes: null, schedulingGates: null, affinity: null },
  },
  'null inside affinity': { spec: { affinity: { nodeAffinity: null, podAffinity: null } } },
  'terms that are no terms': {
    spec: {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [null, 7, {}] },
        },
      },
    },
  },
  'an unknown operator': {
    spec: {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Perhaps', values: ['b'] }] }],
          },
        },
      },
    },
  },
  'a Gt with words': {
    spec: {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Gt', values: ['many'] }] }],
          },
        },
      },
    },
  },
  'tolerations without sense': { spec: { tolerations: [{ operator: 'Maybe' }, {}, { key: 7 }] } },
  'a selector that is a list': { spec: { nodeSelector: ['a'] } },
  'a port that is a word': {
    spec: { containers: [{ name: 'app', image: 'x', ports: [{ hostPort: 'http', protocol: 9 }] }] },
  },
  'an image that is a number': { spec: { containers: [{ name: 'app', image: 'x', resources: null }] } },
  'constraints of no kind': { spec: { topologySpreadConstraints: [{}] } },
  'overhead of no sense': { spec: { overhead: { cpu: 'lots' } } },
};

describe('pods with nonsense in their spec', () => {
  it('never stop the others', async () => {
    let accepted = 0;
    for (const [what, parts] of Object.entries(nonsense)) {
      try {
        cluster.pod(parts);
        accepted += 1;
      } catch (error) {
        // A server that refuses it spares us the trouble.
        expect([what, (error as { code?: number }).code ?? String(error)]).toEqual([
          what,
          expect.any(Number),
        ]);
      }
    }
    expect(accepted).toBeGreaterThan(8);
    cluster.pod({ name: 'sane' });
    await cluster.bound('sane');
    await cluster.node({ name: 'b' });
    cluster.pod({ name: 'later', spec: { nodeSelector: { 'kubernetes.io/hostname': 'b' } } });
    await cluster.bound('later');
  });

  it('that nothing can satisfy are refused with a reason, the others are bound', async () => {
    cluster.pod({ name: 'huge', requests: { cpu: '1e15' } });
    cluster.pod({ name: 'sane' });
    await cluster.bound('sane');
    expect(await cluster.refused('huge')).toBe(
      '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    );
  });
});

describe('nodes with nonsense in them', () => {
  it('never keep pods from the others', async () => {
    const odd = [
      { name: 'none', status: { allocatable: null } },
      { name: 'words', status: { allocatable: { cpu: 'many', memory: '-5', pods: '1e40' } } },
      { name: 'labels', metadata: { labels: null } },
      { name: 'images', status: { images: [null, { names: null, sizeBytes: 'x' }] } },
    ];
    let accepted = 0;
    for (const parts of odd) {
      try {
        cluster.createNode(parts);
        accepted += 1;
      } catch (error) {
        expect((error as { code?: number }).code).toEqual(expect.any(Number));
      }
    }
    expect(accepted).toBeGreaterThan(0);
    for (let index = 0; index < 4; index++) cluster.pod({ requests: { cpu: '1' } });
    await eventually('all pods to be bound', () =>
      cluster.pods().every(({ spec }) => spec.nodeName !== undefined),
    );
  });
});
