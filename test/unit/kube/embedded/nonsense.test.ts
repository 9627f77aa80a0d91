import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { withServer } from './embedded-client.js';
import { SAMPLE_KINDS } from './sample-kinds.js';

/** Field names the server itself reads, so that nonsense gets past the first check. */
const FIELDS = [
  'spec',
  'status',
  'containers',
  'initContainers',
  'resources',
  'requests',
  'limits',
  'tolerations',
  'conditions',
  'containerStatuses',
  'state',
  'waiting',
  'terminated',
  'template',
  'metadata',
  'labels',
  'annotations',
  'selector',
  'matchLabels',
  'matchExpressions',
  'key',
  'operator',
  'values',
  'affinity',
  'podAffinity',
  'replicas',
  'ports',
  'nodeName',
  'schedulingGates',
  'priorityClassName',
  'involvedObject',
  'regarding',
  'series',
  'source',
  'eventTime',
  'finalizers',
  'ownerReferences',
  'capacity',
  'claimRef',
  'accessModes',
  'topologySpreadConstraints',
  'matchLabelKeys',
  'labelSelector',
  'requiredDuringSchedulingIgnoredDuringExecution',
  'minAvailable',
  'maxUnavailable',
  'disruptedPods',
  'volumeName',
  'storageClassName',
  'storage',
  'provisioner',
  'volumeBindingMode',
  'allowedTopologies',
  'matchLabelExpressions',
  'volume.kubernetes.io/selected-node',
  'pv.kubernetes.io/bind-completed',
  'drivers',
  'nodeTopology',
  'hostPath',
  'uid',
  'name',
  'image',
  '$patch',
  '$retainKeys',
  '$setElementOrder/containers',
  'constructor',
  'toString',
];

const nonsense = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, 0, -1, 1.5, '', 'x', '1Gi', 'x'.repeat(300), [], {}),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc.dictionary(fc.constantFrom(...FIELDS), tie('value'), { maxKeys: 6 }),
}));

const body = fc.record({
  metadata: fc.oneof(
    fc.constantFrom<object>({ name: 'a' }, { name: 'b', labels: { x: 'y' } }, { generateName: 'g-' }),
    nonsense.object as fc.Arbitrary<object>,
  ),
  spec: fc.oneof(
    nonsense.object as fc.Arbitrary<object>,
    (nonsense.object as fc.Arbitrary<object>).map((more) => ({
      containers: [{ ...more, name: 'c', image: 'i' }],
      ...more,
    })),
  ),
  status: nonsense.value,
});

const PATCH_TYPES = ['merge-patch', 'strategic-merge-patch', 'json-patch', 'apply-patch'];
const PATCH_SUFFIXES = { 'apply-patch': 'yaml' } as Record<string, string>;
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };

describe('nonsense', () => {
  const faults: unknown[] = [];

  it(
    'is answered, never crashes the server, and leaves lists, tables and watches in order',
    () =>
      withServer(
        {
          controllers: true,
          provisioner: true,
          provisionDelayMs: 0,
          kubelets: true,
          kubeletDelayMs: 0,
          onError: (error) => faults.push(error),
        },
        async (client) => {
          const step = fc.record({
            sample: fc.constantFrom(...SAMPLE_KINDS),
            method: fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE', 'POST'),
            patchType: fc.constantFrom(...PATCH_TYPES),
            target: fc.constantFrom('/a', '/b', '/a/status', '/a/scale', '/a/binding', '/a/eviction'),
            body,
          });
          const codes = new Map<number, number>();
          await fc.assert(
            fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
              for (const { sample, method, patchType, target, body: sent } of steps) {
                const { collection } = sample;
                const isCreate = method === 'POST' && !['/a/binding', '/a/eviction'].includes(target);
                const type =
                  method === 'PATCH'
                    ? `application/${patchType}+${PATCH_SUFFIXES[patchType] ?? 'json'}`
                    : 'application/json';
                const path = isCreate ? collection : collection + target;
                // Something to change.
                await client.post(collection, sample.body('a'));
                const answer = await client.request(method, path, sent, { 'content-type': type });
                codes.set(answer.code, (codes.get(answer.code) ?? 0) + 1);
                expect(answer.body.reason).not.toBe('InternalError');
                expect(typeof answer.body).toBe('object');
                const table = await client.get(collection, TABLE);
                expect(table.body.kind).toBe('Table');
              }
            }),
            { numRuns: 100 },
          );
          expect(faults).toEqual([]);
          // Both ways: some of it got past every check, some was stopped by them.
          expect([...codes.keys()]).toEqual(expect.arrayContaining([200, 201, 400, 404]));
          const watch = await client.watch('/api/v1/pods?watch=1&timeoutSeconds=1');
          await watch.ended();
          expect(watch.code).toBe(200);
        },
      ),
    // Thousands of requests, all of it work: on a busy machine it takes long.
    180_000,
  );
});
