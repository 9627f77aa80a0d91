import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../manual-clock.js';
import { withServer } from './embedded-client.js';
import { ASKED_KINDS } from './sample-kinds.js';

const VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

describe.each(ASKED_KINDS.map((sample) => [sample.kind, sample] as const))('%s', (_kind, sample) => {
  const { collection } = sample;

  it('is made, read, listed, changed and deleted', () =>
    withServer({}, async (client) => {
      const made = await client.post(collection, sample.body('a'));
      expect(made.code).toBe(201);
      expect(made.body).toMatchObject({ apiVersion: sample.apiVersion, kind: sample.kind });
      expect((await client.get(`${collection}/a`)).body).toEqual(made.body);
      const listed = await client.get(sample.everywhere);
      expect(listed.body.kind).toBe(`${sample.kind}List`);
      const { kind: _own, apiVersion: _version, ...item } = made.body;
      expect(listed.body.items).toContainEqual(item);
      const put = await client.put(`${collection}/a`, {
        ...made.body,
        metadata: { ...made.body.metadata, labels: { put: 'yes' } },
      });
      expect(put).toMatchObject({ code: 200, body: { metadata: { labels: { put: 'yes' } } } });
      const patched = await client.patch(`${collection}/a`, 'merge', sample.change);
      expect(patched.code).toBe(200);
      expect(patched.body).toMatchObject(sample.change);
      expect(Number(patched.body.metadata.resourceVersion)).toBeGreaterThan(
        Number(put.body.metadata.resourceVersion),
      );
      expect((await client.delete(`${collection}/a`)).code).toBe(200);
      expect((await client.get(`${collection}/a`)).code).toBe(404);
    }));

  it('is watched from the version of its list on, with bookmarks', async () => {
    const clock = new ManualClock();
    await withServer({ clock, bookmarkIntervalMs: 1_000 }, async (client, server) => {
      const { resourceVersion } = (await client.get(sample.everywhere)).body.metadata;
      const query = `watch=1&allowWatchBookmarks=true&resourceVersion=${resourceVersion}`;
      const watch = await client.watch(`${sample.everywhere}?${query}`);
      const { apiVersion, kind } = server.create(sample.body('a'));
      server.patch({ apiVersion, kind, name: 'a' }, sample.change, { type: 'merge' });
      server.delete({ apiVersion, kind, name: 'a' });
      expect(await watch.seen(3)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
      expect(watch.frames[1]?.object).toMatchObject({ apiVersion, kind, ...sample.change });
      await clock.advance(1_000);
      await watch.seen(4);
      expect(watch.frames[3]).toMatchObject({
        type: 'BOOKMARK',
        object: { kind, apiVersion, metadata: { resourceVersion: server.resourceVersion } },
      });
    });
  });

  it('is not overwritten by who read it before somebody else changed it', () =>
    withServer({}, async (client) => {
      const { body } = await client.post(collection, sample.body('a'));
      const { body: changed } = await client.patch(`${collection}/a`, 'merge', sample.change);
      const stale = { ...body, metadata: { ...body.metadata, labels: { stale: 'yes' } } };
      expect(await client.put(`${collection}/a`, stale)).toMatchObject({
        code: 409,
        body: { reason: 'Conflict' },
      });
      const { resourceVersion } = body.metadata;
      for (const type of ['merge', 'strategic'] as const) {
        const patch = { metadata: { resourceVersion, labels: { stale: 'yes' } } };
        expect((await client.patch(`${collection}/a`, type, patch)).code).toBe(409);
      }
      expect((await client.get(`${collection}/a`)).body).toEqual(changed);
    }));

  it(sample.hasStatus ? 'has its status apart from the rest' : 'has no status', () =>
    withServer({}, async (client) => {
      const { body } = await client.post(collection, { ...sample.body('a'), status: { replicas: 7 } });
      const patch = { metadata: { labels: { x: 'y' } }, status: { message: 'said' } };
      const answer = await client.patch(`${collection}/a/status`, 'merge', patch);
      if (!sample.hasStatus) {
        expect(answer.code).toBe(404);
        return;
      }
      expect(body.status.replicas).not.toBe(7);
      expect(answer.body.status.message).toBe('said');
      expect(answer.body.metadata.labels?.x).toBeUndefined();
      const main = await client.patch(`${collection}/a`, 'merge', { status: { message: 'other' } });
      expect(main.body.status.message).toBe('said');
    }),
  );

  it('is found by discovery, with what kubectl asks before a patch', () =>
    withServer({}, async (client) => {
      const root = sample.apiVersion === 'v1' ? 'api/v1' : `apis/${sample.apiVersion}`;
      const { body } = await client.get(`/${root}`);
      const plural = sample.everywhere.split('/').pop();
      const named = (name: string) =>
        body.resources.find((resource: { name: string }) => resource.name === name);
      expect(named(`${plural}`)).toMatchObject({ kind: sample.kind, verbs: expect.arrayContaining(VERBS) });
      expect(named(`${plural}/status`) !== undefined).toBe(sample.hasStatus);
      const openApi = await client.get(`/openapi/v3/${root}`);
      const path = Object.keys(openApi.body.paths).find((key) => key.includes(`/${plural}/{name}`));
      const { parameters } = openApi.body.paths[path ?? ''].patch;
      expect(parameters.map(({ name }: { name: string }) => name)).toContain('fieldValidation');
    }));
});

it('a deletion is answered with the object where the real server does so', () =>
  withServer({}, async (client) => {
    const answers = new Map<string, string>();
    for (const sample of ASKED_KINDS) {
      await client.post(sample.collection, sample.body('a'));
      answers.set(sample.kind, (await client.delete(`${sample.collection}/a`)).body.kind);
    }
    const withStatus = [...answers].filter(([, kind]) => kind === 'Status').map(([kind]) => kind);
    expect(withStatus).toEqual(['ReplicaSet', 'StatefulSet', 'CSIStorageCapacity', 'PodDisruptionBudget']);
    expect([...answers].every(([kind, answered]) => answered === kind || answered === 'Status')).toBe(true);
  }));
