import { describe, expect, it } from '@jest/globals';
import type { EmbeddedApiServer } from '../../../../src/kube/embedded/embedded-api-server.js';
import { type EmbeddedClient, PODS, podBody, withServer } from './embedded-client.js';

const BUDGETS = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
const eviction = (options: object = {}) => ({ metadata: { name: 'a' }, deleteOptions: options });

function running(server: EmbeddedApiServer, name: string, isReady = true, phase = 'Running'): void {
  const body = podBody(name, { nodeName: 'n' }, { labels: { app: 'x' } });
  const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False' }];
  server.create({ ...body, status: { phase, conditions } } as never, { keepStatus: true });
}

/** A budget with this status; no controller is there to correct it. */
async function budget(
  client: EmbeddedClient,
  name: string,
  status: object,
  spec: object = {},
): Promise<void> {
  await client.post(BUDGETS, {
    metadata: { name },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'x' } }, ...spec },
  });
  await client.patch(`${BUDGETS}/${name}/status`, 'merge', { status });
}

describe('an eviction', () => {
  it('is refused where the budget is used up, and the budget is charged where it is not', () =>
    withServer({}, async (client, server) => {
      for (const name of ['a', 'b']) running(server, name);
      await budget(client, 'some', { disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2 });
      const refused = await fetch(`${server.url}${PODS}/a/eviction`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(eviction()),
      });
      expect(refused.status).toBe(429);
      // When it makes sense to try again is not known, and clients that are told would wait in silence.
      expect(refused.headers.get('retry-after')).toBeNull();
      expect(await refused.json()).toMatchObject({
        reason: 'TooManyRequests',
        message: "Cannot evict pod as it would violate the pod's disruption budget.",
        details: {
          causes: [
            {
              reason: 'DisruptionBudget',
              message: 'The disruption budget some needs 2 healthy pods and has 2 currently',
            },
          ],
        },
      });
      await client.patch(`${BUDGETS}/some/status`, 'merge', { status: { disruptionsAllowed: 1 } });
      expect((await client.post(`${PODS}/a/eviction`, eviction())).code).toBe(201);
      expect((await client.get(`${PODS}/a`)).code).toBe(404);
      expect((await client.get(`${BUDGETS}/some`)).body.status).toMatchObject({
        disruptionsAllowed: 0,
        disruptedPods: { a: expect.any(String) },
        conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }],
      });
      expect((await client.post(`${PODS}/b/eviction`, eviction())).code).toBe(429);
    }));

  it.each(['Pending', 'Succeeded', 'Failed'])('of a pod that is %s asks no budget', (phase) =>
    withServer({}, async (client, server) => {
      running(server, 'a', true, phase);
      await budget(client, 'some', { disruptionsAllowed: 0 });
      expect((await client.post(`${PODS}/a/eviction`, eviction())).code).toBe(201);
    }),
  );

  it('of a pod that goes already asks no budget', () =>
    withServer({ gracefulDeletion: true }, async (client, server) => {
      running(server, 'a');
      await client.delete(`${PODS}/a`);
      await budget(client, 'some', { disruptionsAllowed: 0 });
      expect((await client.post(`${PODS}/a/eviction`, eviction())).code).toBe(201);
    }));

  it.each([
    [{}, { currentHealthy: 2, desiredHealthy: 2 }, 201],
    [{}, { currentHealthy: 1, desiredHealthy: 2 }, 429],
    [{}, { currentHealthy: 0, desiredHealthy: 0 }, 429],
    [{ unhealthyPodEvictionPolicy: 'AlwaysAllow' }, { currentHealthy: 1, desiredHealthy: 2 }, 201],
  ])('of a pod that is not ready, under %j with %j, is answered %d', (spec, status, code) =>
    withServer({}, async (client, server) => {
      running(server, 'a', false);
      await budget(client, 'some', { disruptionsAllowed: 0, ...status }, spec);
      expect((await client.post(`${PODS}/a/eviction`, eviction())).code).toBe(code);
      expect((await client.get(`${BUDGETS}/some`)).body.status.disruptionsAllowed).toBe(0);
    }),
  );

  it('waits for a budget whose change has not been taken in yet', () =>
    withServer({}, async (client, server) => {
      running(server, 'a');
      await budget(client, 'some', { disruptionsAllowed: 1, observedGeneration: 1 });
      await client.patch(`${BUDGETS}/some`, 'merge', {
        metadata: { resourceVersion: (await client.get(`${BUDGETS}/some`)).body.metadata.resourceVersion },
        spec: { minAvailable: 5 },
      });
      const { code, body } = await client.post(`${PODS}/a/eviction`, eviction());
      expect(code).toBe(429);
      expect(body.details.causes[0].message).toContain('is still being processed');
    }));

  it('is not for pods with two budgets, nor for pods that are not there', () =>
    withServer({}, async (client, server) => {
      running(server, 'a');
      for (const name of ['one', 'two']) await budget(client, name, { disruptionsAllowed: 1 });
      expect((await client.post(`${PODS}/a/eviction`, eviction())).body).toMatchObject({
        code: 500,
        message:
          'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      });
      expect((await client.post(`${PODS}/none/eviction`, eviction())).code).toBe(404);
    }));

  it('says on the pod why it goes, and heeds the options of the deletion', () =>
    withServer({ gracefulDeletion: true }, async (client, server) => {
      running(server, 'a');
      const pod = () => client.get(`${PODS}/a`);
      const { uid, resourceVersion } = (await pod()).body.metadata;
      const other = eviction({ preconditions: { uid: 'other' } });
      expect((await client.post(`${PODS}/a/eviction`, other)).code).toBe(409);
      const dry = eviction({ dryRun: ['All'] });
      expect((await client.post(`${PODS}/a/eviction`, dry)).code).toBe(201);
      expect((await client.post(`${PODS}/a/eviction?dryRun=All`, eviction())).code).toBe(201);
      expect((await pod()).body.metadata.resourceVersion).toBe(resourceVersion);
      const real = eviction({ gracePeriodSeconds: 7, preconditions: { uid, resourceVersion } });
      expect((await client.post(`${PODS}/a/eviction`, real)).code).toBe(201);
      expect((await pod()).body).toMatchObject({
        metadata: { deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 7 },
        status: {
          conditions: [
            { type: 'Ready' },
            { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' },
          ],
        },
      });
    }));
});
