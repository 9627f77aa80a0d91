import { describe, expect, it } from '@jest/globals';
import type { EmbeddedApiServer } from '../../../../src/kube/embedded/embedded-api-server.js';
import type { KubeObject } from '../../../../src/kube/embedded/kube-object.js';
import { ManualClock } from '../../../manual-clock.js';
import { podBody, withServer } from './embedded-client.js';

const BUDGET = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', name: 'b' };
const LABELS = { app: 'x' };

interface Cluster {
  readonly server: EmbeddedApiServer;
  readonly clock: ManualClock;
  /** Makes a pod that runs and is ready. */
  running(name: string, metadata?: object): void;
  budget(spec: object): void;
  /** The numbers of the budget once everything has settled. */
  numbers(): Promise<Record<string, unknown>>;
}

function withCluster(test: (cluster: Cluster) => Promise<void>): Promise<void> {
  const clock = new ManualClock(Date.parse('2026-01-01T00:00:00Z'));
  const onError = (error: unknown): void => {
    throw error;
  };
  return withServer({ clock, controllers: true, gracefulDeletion: true, onError }, (_client, server) =>
    test({
      server,
      clock,
      running: (name, metadata = {}) => {
        const body = podBody(name, { nodeName: 'n' }, { labels: LABELS, ...metadata });
        const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
        server.create({ ...body, status } as never, { keepStatus: true });
      },
      budget: (spec) => {
        const { name, ...type } = BUDGET;
        server.create({ ...type, metadata: { name }, spec: { selector: { matchLabels: LABELS }, ...spec } });
      },
      numbers: async () => {
        await clock.advance(0);
        return statusOf(server);
      },
    }),
  );
}

function statusOf(server: EmbeddedApiServer): Record<string, unknown> {
  const { conditions: _conditions, ...status } = (server.get(BUDGET)?.status ?? {}) as Record<
    string,
    unknown
  >;
  return status;
}

const ownedBy = ({ apiVersion, kind, metadata }: KubeObject): object => ({
  ownerReferences: [{ apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true }],
});

const template = { metadata: { labels: LABELS }, spec: { containers: [{ name: 'c', image: 'i' }] } };

describe('the status of a disruption budget', () => {
  it('counts the pods it selects, and what may go of those that are healthy', () =>
    withCluster(async ({ server, running, budget, numbers }) => {
      budget({ minAvailable: 2 });
      for (const name of ['a', 'b', 'c']) running(name);
      running('other', { labels: { app: 'y' } });
      expect(await numbers()).toEqual({
        observedGeneration: 1,
        expectedPods: 3,
        currentHealthy: 3,
        desiredHealthy: 2,
        disruptionsAllowed: 1,
      });
      expect(server.get(BUDGET)?.status).toMatchObject({
        conditions: [
          {
            type: 'DisruptionAllowed',
            status: 'True',
            reason: 'SufficientPods',
            message: '',
            observedGeneration: 1,
            lastTransitionTime: '2026-01-01T00:00:00Z',
          },
        ],
      });
      server.create(podBody('pending', {}, { labels: LABELS }) as never);
      expect(await numbers()).toMatchObject({ expectedPods: 4, currentHealthy: 3, disruptionsAllowed: 1 });
      server.patch(
        { apiVersion: 'v1', kind: 'Pod', name: 'a' },
        { status: { conditions: [{ type: 'Ready', status: 'False' }] } },
        { subresource: 'status' },
      );
      expect(await numbers()).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 0 });
      server.patch({ apiVersion: 'v1', kind: 'Pod', name: 'b' }, { metadata: { labels: { app: 'y' } } });
      expect(await numbers()).toMatchObject({ expectedPods: 3, currentHealthy: 1 });
      server.patch(BUDGET, { spec: { minAvailable: 0 } });
      expect(await numbers()).toMatchObject({ observedGeneration: 2, disruptionsAllowed: 1 });
    }));

  it('does not count a pod that is going, and drops it when it is gone', () =>
    withCluster(async ({ server, running, budget, numbers }) => {
      budget({ minAvailable: 1 });
      for (const name of ['a', 'b']) running(name);
      await numbers();
      server.delete({ apiVersion: 'v1', kind: 'Pod', name: 'a' });
      expect(await numbers()).toMatchObject({ expectedPods: 2, currentHealthy: 1, disruptionsAllowed: 0 });
      server.delete({ apiVersion: 'v1', kind: 'Pod', name: 'a' }, { gracePeriodSeconds: 0 });
      expect(await numbers()).toMatchObject({ expectedPods: 1, currentHealthy: 1, disruptionsAllowed: 0 });
    }));

  it.each([
    [{ minAvailable: 1 }, { expectedPods: 5, desiredHealthy: 1, disruptionsAllowed: 4 }],
    [{ minAvailable: 9 }, { expectedPods: 5, desiredHealthy: 9, disruptionsAllowed: 0 }],
    // Seven replicas are wanted, whatever there is.
    [{ minAvailable: '50%' }, { expectedPods: 7, desiredHealthy: 4, disruptionsAllowed: 1 }],
    [{ maxUnavailable: 1 }, { expectedPods: 7, desiredHealthy: 6, disruptionsAllowed: 0 }],
    [{ maxUnavailable: 4 }, { expectedPods: 7, desiredHealthy: 3, disruptionsAllowed: 2 }],
    [{ maxUnavailable: 9 }, { expectedPods: 7, desiredHealthy: 0, disruptionsAllowed: 5 }],
    [{ maxUnavailable: '40%' }, { expectedPods: 7, desiredHealthy: 4, disruptionsAllowed: 1 }],
    [{}, { expectedPods: 0, desiredHealthy: 0, disruptionsAllowed: 0 }],
    [
      { minAvailable: 1, selector: {} },
      { expectedPods: 5, desiredHealthy: 1, disruptionsAllowed: 4 },
    ],
    [
      { minAvailable: 1, selector: undefined },
      { expectedPods: 0, desiredHealthy: 1, disruptionsAllowed: 0 },
    ],
  ])('of %j with five of seven replicas there is %j', (spec, expected) =>
    withCluster(async ({ server, running, budget, numbers }) => {
      const set = server.create({
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: { name: 's' },
        spec: { replicas: 7, selector: { matchLabels: LABELS }, template },
      });
      for (const name of ['a', 'b', 'c', 'd', 'e']) running(name, ownedBy(set));
      budget(spec);
      expect(await numbers()).toMatchObject(expected);
    }),
  );

  it('takes what a Deployment wants over what its ReplicaSets have, and adds up several controllers', () =>
    withCluster(async ({ server, clock, running, budget, numbers }) => {
      const spec = { selector: { matchLabels: LABELS }, template };
      server.create({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'd' },
        spec: { ...spec, replicas: 10 },
      });
      const controller = server.create({
        apiVersion: 'v1',
        kind: 'ReplicationController',
        metadata: { name: 'r' },
        spec: { replicas: 3, template },
      });
      await clock.advance(0);
      const other = { ...template.spec, containers: [{ name: 'c', image: 'other' }] };
      const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
      server.patch(deployment, { spec: { template: { spec: other } } });
      await clock.advance(0);
      // The second set is there, and the first still has all its pods.
      expect(server.list({ apiVersion: 'v1', kind: 'Pod' })).toHaveLength(20);
      for (const name of ['a', 'b']) running(name, ownedBy(controller));
      running('alone');
      budget({ maxUnavailable: '50%' });
      // Ten and three, half of which, rounded up, may be missing; the pod without a controller is nobody's loss.
      expect(await numbers()).toMatchObject({ expectedPods: 13, desiredHealthy: 6, currentHealthy: 3 });
      server.patch({ apiVersion: 'v1', kind: 'ReplicationController', name: 'r' }, { spec: { replicas: 5 } });
      expect(await numbers()).toMatchObject({ expectedPods: 15, desiredHealthy: 7 });
    }));

  it('allows nothing while it is not known how many pods there should be, and says so', () =>
    withCluster(async ({ server, running, budget, numbers }) => {
      running('a', {
        ownerReferences: [{ apiVersion: 'x/v1', kind: 'X', name: 'x', uid: 'u', controller: true }],
      });
      budget({ maxUnavailable: 1 });
      expect(await numbers()).toMatchObject({ disruptionsAllowed: 0 });
      expect(server.get(BUDGET)?.status).toMatchObject({
        conditions: [{ status: 'False', reason: 'SyncFailed', message: 'found no controllers for pod "a"' }],
      });
      server.patch(BUDGET, { spec: { maxUnavailable: null, minAvailable: 0 } }, { type: 'merge' });
      expect(await numbers()).toMatchObject({ expectedPods: 1, disruptionsAllowed: 1 });
    }));

  it('keeps the time of its condition until the condition turns', () =>
    withCluster(async ({ server, clock, running, budget, numbers }) => {
      const condition = () =>
        (server.get(BUDGET) as unknown as { status: { conditions: object[] } }).status.conditions[0];
      budget({ minAvailable: 1 });
      await numbers();
      await clock.advance(5_000);
      running('a');
      await numbers();
      expect(condition()).toMatchObject({ status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' });
      running('b');
      await numbers();
      expect(condition()).toMatchObject({ status: 'True', lastTransitionTime: '2026-01-01T00:00:05Z' });
    }));

  it('is not written again when nothing about it has changed', () =>
    withCluster(async ({ server, running, budget, numbers }) => {
      running('a');
      budget({ minAvailable: 1 });
      await numbers();
      const { resourceVersion } = server.get(BUDGET)?.metadata ?? {};
      server.patch({ apiVersion: 'v1', kind: 'Pod', name: 'a' }, { metadata: { labels: { more: 'yes' } } });
      await numbers();
      expect(server.get(BUDGET)?.metadata.resourceVersion).toBe(resourceVersion);
    }));

  it('counts an evicted pod again that is still there two minutes later', () =>
    withCluster(async ({ server, clock, running, budget, numbers }) => {
      budget({ minAvailable: 1 });
      for (const name of ['a', 'b']) running(name);
      await numbers();
      server.patch(
        BUDGET,
        {
          metadata: { resourceVersion: server.get(BUDGET)?.metadata.resourceVersion },
          status: { disruptedPods: { a: '2026-01-01T00:00:00Z', gone: '2026-01-01T00:00:00Z' } },
        },
        { subresource: 'status' },
      );
      expect(await numbers()).toEqual({
        observedGeneration: 1,
        expectedPods: 2,
        currentHealthy: 1,
        desiredHealthy: 1,
        disruptionsAllowed: 0,
        disruptedPods: { a: '2026-01-01T00:00:00Z' },
      });
      await clock.advance(120_000);
      running('c');
      const after = await numbers();
      expect(after).toMatchObject({ currentHealthy: 3, disruptionsAllowed: 2 });
      expect(after).not.toHaveProperty('disruptedPods');
    }));
});
