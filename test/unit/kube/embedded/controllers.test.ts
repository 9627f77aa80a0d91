import { describe, expect, it } from '@jest/globals';
import type { EmbeddedApiServer } from '../../../../src/kube/embedded/embedded-api-server.js';
import type { KubeObject } from '../../../../src/kube/embedded/kube-object.js';
import { ManualClock } from '../../../manual-clock.js';
import { withServer } from './embedded-client.js';

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };

const deployment = (replicas: number, image = 'nginx:1') => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'nginx', image }] } },
  },
});

const podsOf = (server: EmbeddedApiServer): KubeObject[] =>
  server.list({ apiVersion: 'v1', kind: 'Pod', labelSelector: 'app=web' });

const setsOf = (server: EmbeddedApiServer): KubeObject[] =>
  server.list({ apiVersion: 'apps/v1', kind: 'ReplicaSet' });

const OPTIONS = {
  controllers: true,
  onError: (error: unknown) => {
    throw error;
  },
};

describe('deployments', () => {
  it('become a replica set and its pods, named after the template and owned', async () => {
    const clock = new ManualClock();
    await withServer({ ...OPTIONS, clock }, async (_client, server) => {
      server.create(deployment(3));
      await clock.advance(0);
      const [set] = setsOf(server);
      const hash = set?.metadata.labels?.['pod-template-hash'] ?? '';
      expect(set?.metadata.name).toBe(`web-${hash}`);
      const pods = podsOf(server);
      expect(pods).toHaveLength(3);
      for (const pod of pods) {
        expect(pod.metadata.name).toMatch(new RegExp(`^web-${hash}-[a-z0-9]{5}$`));
        expect(pod.metadata.labels).toEqual({ app: 'web', 'pod-template-hash': hash });
        expect(pod.metadata.ownerReferences).toMatchObject([
          { kind: 'ReplicaSet', uid: set?.metadata.uid, controller: true },
        ]);
      }
      expect(server.get(DEPLOYMENT)?.status).toMatchObject({
        replicas: 3,
        updatedReplicas: 3,
        unavailableReplicas: 3,
      });
    });
  });

  it('grow and shrink, giving up pods that are not bound first', async () => {
    const clock = new ManualClock();
    await withServer({ ...OPTIONS, clock }, async (_client, server) => {
      server.create(deployment(2));
      await clock.advance(0);
      const first = podsOf(server)[0]?.metadata.name ?? '';
      server.bind({ name: first }, 'n');
      server.patch(DEPLOYMENT, { spec: { replicas: 5 } });
      await clock.advance(0);
      expect(podsOf(server)).toHaveLength(5);
      server.patch(DEPLOYMENT, { spec: { replicas: 1 } });
      await clock.advance(0);
      expect(podsOf(server).map(({ metadata }) => metadata.name)).toEqual([first]);
    });
  });

  it('of many pods are made in bursts, all of them', async () => {
    const clock = new ManualClock();
    await withServer({ ...OPTIONS, clock }, async (_client, server) => {
      server.create(deployment(1_200));
      await clock.advance(0);
      await clock.advance(0);
      expect(podsOf(server)).toHaveLength(1_200);
      expect(server.get(DEPLOYMENT)?.status).toMatchObject({ replicas: 1_200 });
    });
  });

  it('replace a pod that is deleted', async () => {
    const clock = new ManualClock();
    await withServer({ ...OPTIONS, clock }, async (_client, server) => {
      server.create(deployment(2));
      await clock.advance(0);
      const gone = podsOf(server)[0]?.metadata.name ?? '';
      server.delete({ apiVersion: 'v1', kind: 'Pod', name: gone });
      await clock.advance(0);
      expect(podsOf(server)).toHaveLength(2);
      expect(podsOf(server).map(({ metadata }) => metadata.name)).not.toContain(gone);
    });
  });

  it('roll over to a new template as its pods become ready', async () => {
    const clock = new ManualClock();
    await withServer({ ...OPTIONS, clock, kubelets: true, kubeletDelayMs: 100 }, async (_client, server) => {
      const bindAll = async (): Promise<void> => {
        for (const pod of server.list({ apiVersion: 'v1', kind: 'Pod', fieldSelector: 'spec.nodeName=' })) {
          server.bind({ name: pod.metadata.name }, 'n');
        }
        await clock.advance(500);
      };
      server.create(deployment(2));
      await clock.advance(0);
      await bindAll();
      expect(server.get(DEPLOYMENT)?.status).toMatchObject({ readyReplicas: 2, availableReplicas: 2 });
      server.patch(DEPLOYMENT, {
        spec: { template: { spec: { containers: [{ name: 'nginx', image: 'nginx:2' }] } } },
      });
      await clock.advance(500);
      // The new pods are not bound yet: the old ones stay.
      expect(podsOf(server)).toHaveLength(4);
      await bindAll();
      const images = podsOf(server).map(
        (pod) => (pod.spec as { containers: { image: string }[] }).containers[0]?.image,
      );
      expect(images).toEqual(['nginx:2', 'nginx:2']);
      expect(setsOf(server)).toHaveLength(2);
    });
  });

  it('take everything with them when they go', async () => {
    const clock = new ManualClock();
    await withServer({ ...OPTIONS, clock }, async (_client, server) => {
      server.create(deployment(3));
      await clock.advance(0);
      server.delete(DEPLOYMENT);
      await clock.advance(0);
      expect(setsOf(server)).toEqual([]);
      expect(podsOf(server)).toEqual([]);
    });
  });

  it('scale through their scale subresource', async () => {
    const clock = new ManualClock();
    await withServer({ ...OPTIONS, clock }, async (client, server) => {
      server.create(deployment(1));
      const path = '/apis/apps/v1/namespaces/default/deployments/web/scale';
      expect((await client.get(path)).body).toMatchObject({ kind: 'Scale', spec: { replicas: 1 } });
      expect((await client.patch(path, 'merge', { spec: { replicas: 4 } })).code).toBe(200);
      await clock.advance(0);
      expect(podsOf(server)).toHaveLength(4);
      expect((await client.get(path)).body).toMatchObject({ status: { replicas: 4, selector: 'app=web' } });
    });
  });
});

describe('fake kubelets', () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  };
  const ref = { apiVersion: 'v1', kind: 'Pod', name: 'a' };

  it('run a pod a while after it was bound, and end it a while after it was deleted', async () => {
    const clock = new ManualClock();
    await withServer({ kubelets: true, kubeletDelayMs: 300, clock }, async (_client, server) => {
      server.create(pod);
      await clock.advance(1_000);
      expect(server.get(ref)?.status).toMatchObject({ phase: 'Pending' });
      server.bind({ name: 'a' }, 'n');
      await clock.advance(299);
      expect(server.get(ref)?.status).toMatchObject({ phase: 'Pending' });
      await clock.advance(1);
      const status = server.get(ref)?.status as {
        phase: string;
        podIP: string;
        conditions: { type: string }[];
      };
      expect(status).toMatchObject({ phase: 'Running', containerStatuses: [{ ready: true }] });
      expect(status.conditions.map(({ type }) => type)).toEqual(
        expect.arrayContaining(['PodScheduled', 'Ready']),
      );
      expect(status.podIP).toMatch(/^10\.244\./);
      server.delete(ref);
      expect(server.get(ref)?.metadata.deletionTimestamp).toBeDefined();
      await clock.advance(300);
      expect(server.get(ref)).toBeUndefined();
    });
  });

  it('end a pod in their own time where that is set apart, whatever its grace', async () => {
    const clock = new ManualClock();
    const options = { kubelets: true, kubeletDelayMs: 100, terminationDelayMs: 5_000, clock };
    await withServer(options, async (_client, server) => {
      server.create({ ...pod, spec: { ...pod.spec, terminationGracePeriodSeconds: 1 } });
      server.bind({ name: 'a' }, 'n');
      await clock.advance(100);
      expect(server.get(ref)?.status).toMatchObject({ phase: 'Running' });
      server.delete(ref);
      await clock.advance(4_999);
      expect(server.get(ref)?.metadata).toMatchObject({ deletionGracePeriodSeconds: 1 });
      await clock.advance(1);
      expect(server.get(ref)).toBeUndefined();
    });
  });

  it('leave a pod of the same name alone that came after', async () => {
    const clock = new ManualClock();
    await withServer({ kubelets: true, kubeletDelayMs: 300, clock }, async (_client, server) => {
      server.create(pod);
      server.bind({ name: 'a' }, 'n');
      server.delete(ref);
      server.delete(ref, { gracePeriodSeconds: 0 });
      server.create(pod);
      await clock.advance(1_000);
      expect(server.get(ref)?.status).toMatchObject({ phase: 'Pending' });
    });
  });
});
