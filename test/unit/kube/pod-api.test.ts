import { describe, expect, it } from '@jest/globals';
import { ApiClient } from '../../../src/kube/api-client.js';
import { loadCredentials } from '../../../src/kube/credentials.js';
import type { EmbeddedApiServer } from '../../../src/kube/embedded/embedded-api-server.js';
import { PodApi, type PodReference } from '../../../src/kube/pod-api.js';
import { podBody, withServer } from './embedded/embedded-client.js';

type Options = Parameters<typeof withServer>[0];

function withPod(
  options: Options,
  test: (pods: PodApi, pod: PodReference, server: EmbeddedApiServer) => Promise<void>,
): Promise<void> {
  return withServer(options, async (_client, server) => {
    const client = new ApiClient(loadCredentials({ server: server.url }), { qps: -1 });
    const { metadata } = server.create(podBody('web', { nodeName: 'a' }, { namespace: 'default' }) as never);
    try {
      await test(new PodApi(client), { namespace: 'default', name: 'web', uid: metadata.uid! }, server);
    } finally {
      await client.close();
    }
  });
}

const web = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'web' };

describe('deleting a pod', () => {
  it('gives it the grace it asks for', () =>
    withPod({ gracefulDeletion: true }, async (pods, pod, server) => {
      await pods.delete(pod);
      expect(server.get(web)?.metadata).toMatchObject({
        deletionTimestamp: expect.any(String),
        deletionGracePeriodSeconds: 30,
      });
    }));

  it('never hits another pod of the same name', () =>
    withPod({}, async (pods, pod, server) => {
      await expect(pods.delete({ ...pod, uid: 'another' })).rejects.toMatchObject({ code: 409 });
      expect(server.get(web)).toBeDefined();
      await pods.delete(pod);
      expect(server.get(web)).toBeUndefined();
      await expect(pods.delete(pod)).rejects.toMatchObject({ code: 404 });
    }));
});

describe('the status of a pod', () => {
  it('takes a nominated node, and lets it go', () =>
    withPod({}, async (pods, pod, server) => {
      await pods.patchStatus(pod, { nominatedNodeName: 'b' });
      expect(server.get(web)?.status).toMatchObject({ nominatedNodeName: 'b' });
      await pods.patchStatus(pod, { nominatedNodeName: '' });
      expect(server.get(web)?.status).not.toHaveProperty('nominatedNodeName');
    }));

  it('takes conditions one by one', () =>
    withPod({}, async (pods, pod, server) => {
      const condition = {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'PreemptionByScheduler',
        message: 'm',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      } as const;
      await pods.patchStatus(pod, { condition: { ...condition, type: 'PodScheduled' } });
      await pods.patchStatus(pod, { condition });
      const { conditions } = server.get(web)!.status as { conditions: unknown[] };
      expect(conditions).toEqual(expect.arrayContaining([condition]));
      expect(conditions).toHaveLength(2);
    }));
});
