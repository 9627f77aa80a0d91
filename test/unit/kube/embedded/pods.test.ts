import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../manual-clock.js';
import { type EmbeddedClient, PODS, podBody, withServer } from './embedded-client.js';

const binding = (name: string, node: string, uid?: string): object => ({
  apiVersion: 'v1',
  kind: 'Binding',
  metadata: { name, ...(uid === undefined ? {} : { uid }) },
  target: { kind: 'Node', name: node },
});

const bind = (client: EmbeddedClient, name: string, node: string, uid?: string) =>
  client.post(`${PODS}/${name}/binding`, binding(name, node, uid));

describe('a new pod', () => {
  it('gets the defaults that matter to a scheduler', () =>
    withServer({}, async (client) => {
      const { body } = await client.post(PODS, podBody('a'));
      expect(body.spec).toMatchObject({
        restartPolicy: 'Always',
        schedulerName: 'default-scheduler',
        priority: 0,
        preemptionPolicy: 'PreemptLowerPriority',
        containers: [{ imagePullPolicy: 'IfNotPresent' }],
      });
      expect(body.spec.tolerations).toEqual(
        ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map((key) => ({
          key,
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        })),
      );
      expect(body.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
    }));

  it.each([
    [{ limits: { cpu: '1', memory: '1Gi' } }, { cpu: '1', memory: '1Gi' }, 'Guaranteed'],
    [
      { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m' } },
      { cpu: '1000m', memory: '1Gi' },
      'Guaranteed',
    ],
    [{ limits: { cpu: '1' }, requests: { cpu: '500m' } }, { cpu: '500m' }, 'Burstable'],
    [{ requests: { memory: '1Gi' } }, { memory: '1Gi' }, 'Burstable'],
    [{ requests: { 'example.com/dongle': 1 } }, { 'example.com/dongle': 1 }, 'BestEffort'],
  ])('with resources %j requests %j and is %s', (resources, requests, qosClass) =>
    withServer({}, async (client) => {
      const containers = [{ name: 'c', image: 'i', resources }];
      const { body } = await client.post(PODS, podBody('a', { containers }));
      expect(body.spec.containers[0].resources.requests).toEqual(requests);
      expect(body.status.qosClass).toBe(qosClass);
    }),
  );

  it('takes its priority from its class, or from the default one, and none from a class that is not there', () =>
    withServer({}, async (client) => {
      const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';
      await client.post(classes, { metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'Never' });
      const high = await client.post(PODS, podBody('a', { priorityClassName: 'high' }));
      expect(high.body.spec).toMatchObject({ priority: 1000, preemptionPolicy: 'Never' });
      await client.post(classes, { metadata: { name: 'usual' }, value: 7, globalDefault: true });
      const usual = await client.post(PODS, podBody('b'));
      expect(usual.body.spec).toMatchObject({ priority: 7, priorityClassName: 'usual' });
      const unknown = await client.post(PODS, podBody('c', { priorityClassName: 'none' }));
      expect(unknown).toMatchObject({ code: 403, body: { reason: 'Forbidden' } });
    }));

  it('that is gated says so', () =>
    withServer({}, async (client) => {
      const { body } = await client.post(
        PODS,
        podBody('a', { schedulingGates: [{ name: 'example.com/wait' }] }),
      );
      expect(body.status.conditions).toMatchObject([
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'SchedulingGated',
          message: 'Scheduling is blocked due to non-empty scheduling gates',
        },
      ]);
    }));

  it('has its matchLabelKeys written into its selectors', () =>
    withServer({}, async (client) => {
      const constraint = {
        maxSkew: 1,
        topologyKey: 'zone',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { app: 'x' } },
        matchLabelKeys: ['rev'],
      };
      const labels = { app: 'x', rev: '7' };
      const { body } = await client.post(
        PODS,
        podBody('a', { topologySpreadConstraints: [constraint] }, { labels }),
      );
      expect(body.spec.topologySpreadConstraints[0].labelSelector).toEqual({
        matchLabels: { app: 'x' },
        matchExpressions: [{ key: 'rev', operator: 'In', values: ['7'] }],
      });
    }));
});

describe('an update of a pod', () => {
  it('may change images and gates, not where it runs', () =>
    withServer({}, async (client) => {
      const gates = { schedulingGates: [{ name: 'example.com/wait' }] };
      await client.post(PODS, podBody('a', gates));
      const ungated = await client.patch(`${PODS}/a`, 'merge', { spec: { schedulingGates: null } });
      expect(ungated.code).toBe(200);
      const image = await client.patch(`${PODS}/a`, 'strategic', {
        spec: { containers: [{ name: 'app', image: 'other:2' }] },
      });
      expect(image.body.spec.containers[0].image).toBe('other:2');
      const moved = await client.patch(`${PODS}/a`, 'merge', { spec: { nodeName: 'n' } });
      expect(moved.body).toMatchObject({ code: 422, reason: 'Invalid' });
      expect(moved.body.message).toContain('pod updates may not change fields other than');
    }));

  it('may leave out what admission settled', () =>
    withServer({}, async (client) => {
      await client.post(PODS, podBody('a'));
      expect((await client.put(`${PODS}/a`, podBody('a'))).code).toBe(200);
    }));
});

describe('a binding', () => {
  it('sets the node and the condition, clears the nomination, and is answered with a Status', () =>
    withServer({ clock: new ManualClock(Date.parse('2026-01-02T03:04:05Z')) }, async (client) => {
      const { body } = await client.post(PODS, podBody('a'));
      await client.patch(`${PODS}/a/status`, 'strategic', {
        status: {
          nominatedNodeName: 'n1',
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no' }],
        },
      });
      const bound = await bind(client, 'a', 'n1', body.metadata.uid);
      expect(bound).toEqual({
        code: 201,
        body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 },
      });
      const pod = (await client.get(`${PODS}/a`)).body;
      expect(pod.spec.nodeName).toBe('n1');
      expect(pod.status.nominatedNodeName).toBeUndefined();
      expect(pod.status.conditions).toEqual([
        {
          type: 'PodScheduled',
          status: 'True',
          lastProbeTime: null,
          lastTransitionTime: '2026-01-02T03:04:05Z',
        },
      ]);
    }));

  it('to a second node is a conflict that names the first', () =>
    withServer({}, async (client) => {
      await client.post(PODS, podBody('a'));
      await bind(client, 'a', 'n1');
      const again = await bind(client, 'a', 'n2');
      expect(again.code).toBe(409);
      expect(again.body).toMatchObject({
        reason: 'Conflict',
        message: 'Operation cannot be fulfilled on pods/binding "a": pod a is already assigned to node "n1"',
        details: { kind: 'pods/binding' },
      });
    }));

  it('of another pod of that name is a conflict', () =>
    withServer({}, async (client) => {
      await client.post(PODS, podBody('a'));
      const other = await bind(client, 'a', 'n1', 'another-uid');
      expect(other.code).toBe(409);
      expect(other.body.message).toContain('Precondition failed: UID in precondition: another-uid');
      expect((await client.get(`${PODS}/a`)).body.spec.nodeName).toBeUndefined();
    }));

  it('needs a pod, a node and no gates', () =>
    withServer({ gracefulDeletion: true }, async (client) => {
      expect((await bind(client, 'a', 'n1')).code).toBe(404);
      await client.post(PODS, podBody('a', { schedulingGates: [{ name: 'example.com/wait' }] }));
      expect((await bind(client, 'a', 'n1')).body.message).toContain(
        'pod a has non-empty .spec.schedulingGates',
      );
      expect((await bind(client, 'a', '')).body.message).toContain('target.name: Required value');
    }));

  it('is won by exactly one of many at once', () =>
    withServer({}, async (client) => {
      await client.post(PODS, podBody('a'));
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => bind(client, 'a', `n${index}`)),
      );
      expect(answers.filter(({ code }) => code === 201)).toHaveLength(1);
      expect(answers.filter(({ code }) => code === 409)).toHaveLength(19);
    }));

  it('may be posted to the older address', () =>
    withServer({}, async (client) => {
      await client.post(PODS, podBody('a'));
      const bound = await client.post('/api/v1/namespaces/default/bindings', binding('a', 'n1'));
      expect(bound.code).toBe(201);
      expect((await client.get(`${PODS}/a`)).body.spec.nodeName).toBe('n1');
    }));
});

describe('the end of a pod', () => {
  it('that is bound takes its time where deletion is graceful', () =>
    withServer(
      { gracefulDeletion: true, clock: new ManualClock(Date.parse('2026-01-01T00:00:00Z')) },
      async (client) => {
        await client.post(PODS, podBody('a'));
        await bind(client, 'a', 'n1');
        const marked = await client.delete(`${PODS}/a`);
        expect(marked.body.metadata).toMatchObject({
          deletionTimestamp: '2026-01-01T00:00:30Z',
          deletionGracePeriodSeconds: 30,
          generation: 2,
        });
        expect((await client.get(`${PODS}/a`)).code).toBe(200);
        const sooner = await client.delete(`${PODS}/a`, { gracePeriodSeconds: 5 });
        expect(sooner.body.metadata.deletionGracePeriodSeconds).toBe(5);
        await client.delete(`${PODS}/a?gracePeriodSeconds=0`);
        expect((await client.get(`${PODS}/a`)).code).toBe(404);
      },
    ));

  it('that is not bound comes at once', () =>
    withServer({ gracefulDeletion: true }, async (client) => {
      await client.post(PODS, podBody('a'));
      await client.delete(`${PODS}/a`);
      expect((await client.get(`${PODS}/a`)).code).toBe(404);
    }));
});

describe('a pod that makes way for another', () => {
  const target = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: 'default-scheduler: preempting to accommodate a higher priority pod',
    lastTransitionTime: '2026-01-01T00:00:00Z',
    observedGeneration: 1,
  };

  it('is marked by a patch of its status, deleted by its UID, and lingers until its kubelet is done', async () => {
    const clock = new ManualClock(Date.parse('2026-01-01T00:00:00Z'));
    await withServer(
      { clock, kubelets: true, kubeletDelayMs: 10, terminationDelayMs: 2_000 },
      async (client) => {
        const { uid } = (await client.post(PODS, podBody('a'))).body.metadata;
        await bind(client, 'a', 'n1');
        await clock.advance(10);
        const watch = await client.watch(`${PODS}?watch=1&fieldSelector=spec.nodeName%3Dn1`);
        const marked = await client.patch(`${PODS}/a/status`, 'strategic', {
          metadata: { uid },
          status: { conditions: [target] },
        });
        expect(marked.code).toBe(200);
        const types = marked.body.status.conditions.map(({ type }: { type: string }) => type);
        expect(types).toEqual(expect.arrayContaining(['PodScheduled', 'Ready', 'DisruptionTarget']));
        const other = await client.delete(`${PODS}/a`, { preconditions: { uid: 'of-another' } });
        expect(other).toMatchObject({ code: 409, body: { reason: 'Conflict' } });
        const going = await client.delete(`${PODS}/a`, { preconditions: { uid } });
        expect(going).toMatchObject({
          code: 200,
          body: {
            kind: 'Pod',
            metadata: { deletionTimestamp: '2026-01-01T00:00:30Z', deletionGracePeriodSeconds: 30 },
            status: { phase: 'Running' },
          },
        });
        await clock.advance(1_999);
        expect((await client.get(`${PODS}/a`)).body.status.conditions).toContainEqual(target);
        await clock.advance(1);
        expect((await client.get(`${PODS}/a`)).code).toBe(404);
        expect(await watch.seen(4)).toEqual(['ADDED a', 'MODIFIED a', 'MODIFIED a', 'DELETED a']);
      },
    );
  });

  it('is patched only if it is the one that was meant', () =>
    withServer({}, async (client) => {
      await client.post(PODS, podBody('a'));
      const patch = { metadata: { uid: 'of-another' }, status: { conditions: [target] } };
      expect((await client.patch(`${PODS}/a/status`, 'strategic', patch)).code).toBe(409);
      expect((await client.get(`${PODS}/a`)).body.status.conditions).toBeUndefined();
    }));
});
