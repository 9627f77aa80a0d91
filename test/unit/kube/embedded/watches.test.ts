import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../manual-clock.js';
import {
  CONFIG_MAPS,
  configMapBody,
  type EmbeddedClient,
  PODS,
  podBody,
  withServer,
} from './embedded-client.js';

const versionOf = async (client: EmbeddedClient): Promise<string> =>
  (await client.get(CONFIG_MAPS)).body.metadata.resourceVersion;

describe('a watch', () => {
  it('tells of every change after its version, in order', () =>
    withServer({}, async (client) => {
      await client.post(CONFIG_MAPS, configMapBody('old'));
      const watch = await client.watch(
        `${CONFIG_MAPS}?watch=true&resourceVersion=${await versionOf(client)}`,
      );
      await client.post(CONFIG_MAPS, configMapBody('a'));
      await client.patch(`${CONFIG_MAPS}/a`, 'merge', { data: { x: '1' } });
      await client.delete(`${CONFIG_MAPS}/a`);
      expect(await watch.seen(3)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
      const versions = watch.frames.map(({ object }) => Number(object.metadata.resourceVersion));
      expect(versions).toEqual([...versions].sort((a, b) => a - b));
      expect(new Set(versions).size).toBe(3);
      expect(watch.frames[0]?.object).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
    }));

  it.each(['', '&resourceVersion=0'])(
    'without a version to resume from (%s) begins with what is there',
    (query) =>
      withServer({}, async (client) => {
        await client.post(CONFIG_MAPS, configMapBody('a'));
        const watch = await client.watch(`${CONFIG_MAPS}?watch=1${query}`);
        await client.post(CONFIG_MAPS, configMapBody('b'));
        expect(await watch.seen(2)).toEqual(['ADDED a', 'ADDED b']);
      }),
  );

  it('resumes over what it missed', () =>
    withServer({}, async (client) => {
      const version = await versionOf(client);
      await client.post(CONFIG_MAPS, configMapBody('a'));
      await client.delete(`${CONFIG_MAPS}/a`);
      const watch = await client.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${version}`);
      await client.post(CONFIG_MAPS, configMapBody('b'));
      expect(await watch.seen(3)).toEqual(['ADDED a', 'DELETED a', 'ADDED b']);
    }));

  it('sees its namespace alone', () =>
    withServer({}, async (client) => {
      const watch = await client.watch(`${CONFIG_MAPS}?watch=1`);
      await client.post('/api/v1/namespaces/kube-system/configmaps', configMapBody('other'));
      await client.post(CONFIG_MAPS, configMapBody('a'));
      expect(await watch.seen(1)).toEqual(['ADDED a']);
    }));

  it.each(['live', 'resumed'])(
    'with a selector, %s, shows objects come and go as they begin and cease to match',
    (how) =>
      withServer({}, async (client) => {
        const path = `${PODS}?watch=1&fieldSelector=spec.nodeName%3D&resourceVersion=${await versionOf(client)}`;
        const early = how === 'live' ? await client.watch(path) : undefined;
        await client.post(PODS, podBody('a', { nodeName: 'n1' }));
        await client.post(PODS, podBody('b'));
        await client.post(`${PODS}/b/binding`, {
          metadata: { name: 'b' },
          target: { kind: 'Node', name: 'n1' },
        });
        await client.delete(`${PODS}/a`);
        await client.post(PODS, podBody('c'));
        const watch = early ?? (await client.watch(path));
        expect(await watch.seen(3)).toEqual(['ADDED b', 'DELETED b', 'ADDED c']);
        const gone = watch.frames[1]?.object;
        expect(gone.spec.nodeName).toBeUndefined();
        const bound = (await client.get(`${PODS}/b`)).body;
        expect(gone.metadata.resourceVersion).toBe(bound.metadata.resourceVersion);
      }),
  );

  it('with a label selector turns a change of labels into coming and going', () =>
    withServer({}, async (client) => {
      const watch = await client.watch(`${CONFIG_MAPS}?watch=1&labelSelector=x%3D1`);
      await client.post(CONFIG_MAPS, configMapBody('a'));
      for (const x of ['1', '1', '2', '1']) {
        await client.patch(`${CONFIG_MAPS}/a`, 'merge', { metadata: { labels: { x } }, data: { count: x } });
      }
      expect(await watch.seen(3)).toEqual(['ADDED a', 'DELETED a', 'ADDED a']);
    }));

  it('is answered 410 in the stream when history does not reach back', () =>
    withServer({ watchHistory: 2 }, async (client) => {
      const version = await versionOf(client);
      for (const name of ['a', 'b', 'c']) await client.post(CONFIG_MAPS, configMapBody(name));
      const watch = await client.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${version}`);
      await watch.ended();
      expect(watch.code).toBe(200);
      expect(watch.frames).toHaveLength(1);
      expect(watch.frames[0]).toMatchObject({
        type: 'ERROR',
        object: { kind: 'Status', code: 410, reason: 'Expired' },
      });
      expect(watch.frames[0]?.object.message).toContain(`too old resource version: ${version}`);
      const near = await client.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${Number(version) + 1}`);
      expect(await near.seen(2)).toEqual(['ADDED b', 'ADDED c']);
    }));

  it('cannot resume once history was forgotten, and can after a new list', () =>
    withServer({}, async (client, server) => {
      const version = await versionOf(client);
      server.expireHistory();
      const old = await client.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${version}`);
      expect(await old.seen(1)).toEqual(['ERROR 410']);
      const fresh = await client.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${await versionOf(client)}`);
      await client.post(CONFIG_MAPS, configMapBody('a'));
      expect(await fresh.seen(1)).toEqual(['ADDED a']);
    }));

  it('ends after its timeout, cleanly', () => {
    const clock = new ManualClock();
    return withServer({ clock }, async (client) => {
      const watch = await client.watch(`${CONFIG_MAPS}?watch=1&timeoutSeconds=300`);
      await clock.advance(299_000);
      expect(watch.isEnded).toBe(false);
      await clock.advance(1_000);
      await watch.ended();
    });
  });

  it('gets bookmarks when it asks for them', () => {
    const clock = new ManualClock();
    return withServer({ clock, bookmarkIntervalMs: 1_000 }, async (client, server) => {
      const asking = await client.watch(`${CONFIG_MAPS}?watch=1&allowWatchBookmarks=true`);
      const silent = await client.watch(`${CONFIG_MAPS}?watch=1`);
      await client.post(PODS, podBody('elsewhere'));
      await clock.advance(2_000);
      await client.post(CONFIG_MAPS, configMapBody('a'));
      expect(await asking.seen(3)).toEqual(['BOOKMARK', 'BOOKMARK', 'ADDED a']);
      expect(asking.frames[0]?.object).toEqual({
        kind: 'ConfigMap',
        apiVersion: 'v1',
        metadata: { resourceVersion: String(Number(server.resourceVersion) - 1) },
      });
      expect(await silent.seen(1)).toEqual(['ADDED a']);
    });
  });

  it('can stand in for a list: the state, then a bookmark that says it was all', () =>
    withServer({}, async (client) => {
      for (const name of ['a', 'b']) await client.post(CONFIG_MAPS, configMapBody(name));
      const query =
        'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
      const watch = await client.watch(`${CONFIG_MAPS}?${query}`);
      expect(await watch.seen(3)).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK']);
      expect(watch.frames[2]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
      await client.post(CONFIG_MAPS, configMapBody('c'));
      expect(await watch.seen(4)).toContain('ADDED c');
      expect((await client.get(`${CONFIG_MAPS}?watch=1&sendInitialEvents=true`)).code).toBe(422);
    }));

  it.each([false, true])('is ended by the server on demand (abruptly: %s)', (abrupt) =>
    withServer({}, async (client, server) => {
      const watches = [await client.watch(`${PODS}?watch=1`), await client.watch(`${CONFIG_MAPS}?watch=1`)];
      expect(server.dropWatches({ abrupt })).toBe(2);
      for (const watch of watches) await watch.ended();
      expect(server.dropWatches()).toBe(0);
      expect((await client.get('/readyz')).code).toBe(200);
    }),
  );

  it('that nobody reads any more is forgotten', () =>
    withServer({}, async (client, server) => {
      const watch = await client.watch(`${CONFIG_MAPS}?watch=1`);
      const other = await client.watch(`${CONFIG_MAPS}?watch=1`);
      watch.close();
      // The server learns of it in its own time: until then it may count two.
      await client.post(CONFIG_MAPS, configMapBody('a'));
      await other.seen(1);
      await client.post(CONFIG_MAPS, configMapBody('b'));
      await other.seen(2);
      expect(server.dropWatches()).toBe(1);
    }));

  it('shows a burst of changes to many watchers, complete and in order', () =>
    withServer({}, async (client, server) => {
      const watches = await Promise.all(Array.from({ length: 4 }, () => client.watch(`${PODS}?watch=1`)));
      for (let index = 0; index < 500; index += 1) {
        server.create(podBody(`p-${String(index).padStart(3, '0')}`) as never);
      }
      for (const watch of watches) {
        const seen = await watch.seen(500);
        expect(seen).toEqual([...seen].sort());
      }
    }));
});
