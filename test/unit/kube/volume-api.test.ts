import { describe, expect, it } from '@jest/globals';
import { ApiClient } from '../../../src/kube/api-client.js';
import { loadCredentials } from '../../../src/kube/credentials.js';
import { VolumeApi } from '../../../src/kube/volume-api.js';
import { type EmbeddedClient, withServer } from './embedded/embedded-client.js';
import { FaultServer } from './fault-server.js';

const volumes = '/api/v1/persistentvolumes';
const claims = '/api/v1/namespaces/default/persistentvolumeclaims';

interface Stored {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

async function withApi(url: string, use: (api: VolumeApi) => Promise<void>): Promise<void> {
  const transport = new ApiClient(loadCredentials({ server: url }), { qps: -1 });
  try {
    await use(new VolumeApi(transport));
  } finally {
    await transport.close();
  }
}

/** Against a server with one volume and one claim, both with something in them that must stay. */
function onServer(
  test: (api: VolumeApi, client: EmbeddedClient, volume: Stored, claim: Stored) => Promise<void>,
): Promise<void> {
  return withServer({}, async (client, server) => {
    const volume = await client.post(volumes, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'pv', annotations: { note: 'kept' } },
      spec: { capacity: { storage: '10Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/d' } },
    });
    const claim = await client.post(claims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', annotations: { note: 'kept' } },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } } },
    });
    await withApi(server.url, (api) => test(api, client, volume.body.metadata, claim.body.metadata));
  });
}

describe('VolumeApi', () => {
  it.each([
    [true, { note: 'kept', 'pv.kubernetes.io/bound-by-controller': 'yes' }],
    [false, { note: 'kept' }],
  ])('points a volume at a claim and leaves the rest of it; by controller: %s', (byController, annotations) =>
    onServer(async (api, client, volume, claim) => {
      const { resourceVersion } = await api.setClaim(volume, claim, { byController });
      const { body } = await client.get(`${volumes}/pv`);
      const { namespace, name, uid } = claim;
      expect(body).toMatchObject({
        metadata: { annotations, resourceVersion, uid: volume.uid },
        spec: {
          claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
          hostPath: { path: '/d' },
        },
      });
      expect(Object.keys(body.metadata.annotations)).toEqual(Object.keys(annotations));
      expect(resourceVersion).not.toBe(volume.resourceVersion);
    }),
  );

  it('completes what a user began: a volume that names the claim', () =>
    onServer(async (api, client, volume, claim) => {
      const { body } = await client.patch(`${volumes}/pv`, 'merge', {
        spec: { claimRef: { namespace: 'default', name: 'data' } },
      });
      await api.setClaim({ ...volume, ...body.metadata }, claim, { byController: false });
      const { body: now } = await client.get(`${volumes}/pv`);
      expect(now.spec.claimRef.uid).toBe(claim.uid);
    }));

  it('writes the node that was selected into a claim and leaves the rest of it', () =>
    onServer(async (api, client, _volume, claim) => {
      const { resourceVersion } = await api.selectNode(claim, 'n1');
      const { body } = await client.get(`${claims}/data`);
      expect(body).toMatchObject({
        metadata: {
          annotations: { note: 'kept', 'volume.kubernetes.io/selected-node': 'n1' },
          resourceVersion,
        },
        spec: { resources: { requests: { storage: '5Gi' } } },
      });
    }));

  it('changes nothing that was changed since it was seen', () =>
    onServer(async (api, client, volume, claim) => {
      for (const path of [`${volumes}/pv`, `${claims}/data`])
        await client.patch(path, 'merge', { metadata: { labels: { touched: 'yes' } } });
      const conflict = { failure: 'status', code: 409, reason: 'Conflict' };
      await expect(api.setClaim(volume, claim, { byController: true })).rejects.toMatchObject(conflict);
      await expect(api.selectNode(claim, 'n1')).rejects.toMatchObject(conflict);
      expect((await client.get(`${volumes}/pv`)).body.spec.claimRef).toBeUndefined();
      expect((await client.get(`${claims}/data`)).body.metadata.annotations).toEqual({ note: 'kept' });
    }));

  it('changes no other object of the same name', () =>
    onServer(async (api, client, volume, claim) => {
      const { metadata } = (await client.get(`${volumes}/pv`)).body;
      const other = { ...metadata, uid: 'another' };
      const conflict = { failure: 'status', code: 409 };
      await expect(api.setClaim(other, claim, { byController: true })).rejects.toMatchObject(conflict);
      await expect(api.selectNode({ ...claim, uid: 'another' }, 'n1')).rejects.toMatchObject(conflict);
      await client.delete(`${volumes}/pv`);
      await expect(api.setClaim(volume, claim, { byController: true })).rejects.toMatchObject({ code: 404 });
    }));

  it('sends merge patches, and gives up when told to', async () => {
    const server = await FaultServer.start();
    try {
      server.answer = () => ({ body: { metadata: { resourceVersion: '8' } } });
      await withApi(server.url, async (api) => {
        const claim = { namespace: 'team a', name: 'data', uid: 'u', resourceVersion: '7' };
        await expect(api.selectNode(claim, 'n1')).resolves.toEqual({ resourceVersion: '8' });
        const [sent] = server.calls;
        expect(sent).toMatchObject({
          method: 'PATCH',
          path: '/api/v1/namespaces/team%20a/persistentvolumeclaims/data',
          headers: { 'content-type': 'application/merge-patch+json' },
        });
        expect(JSON.parse(sent!.body)).toEqual({
          metadata: {
            uid: 'u',
            resourceVersion: '7',
            annotations: { 'volume.kubernetes.io/selected-node': 'n1' },
          },
        });
        const stop = new AbortController();
        server.answer = () => {
          stop.abort();
          return undefined;
        };
        const { signal } = stop;
        await expect(api.selectNode(claim, 'n1', { signal })).rejects.toMatchObject({ failure: 'aborted' });
        stop.abort();
        const volume = { name: 'pv', uid: 'u', resourceVersion: '7' };
        await expect(api.setClaim(volume, claim, { byController: true, signal })).rejects.toMatchObject({
          failure: 'aborted',
        });
      });
    } finally {
      await server.stop();
    }
  });
});
