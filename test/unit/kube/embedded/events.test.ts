import { describe, expect, it } from '@jest/globals';
import { withServer } from './embedded-client.js';

const NEW = '/apis/events.k8s.io/v1/namespaces/default/events';
const CORE = '/api/v1/namespaces/default/events';

const event = (parts: object = {}): object => ({
  metadata: { name: 'a.1' },
  eventTime: '2026-01-01T00:00:00.123456Z',
  action: 'Scheduling',
  reason: 'FailedScheduling',
  type: 'Warning',
  note: '0/3 nodes are available',
  regarding: { kind: 'Pod', name: 'a', namespace: 'default', uid: 'u' },
  reportingController: 'berth',
  reportingInstance: 'berth-0',
  ...parts,
});

describe('events', () => {
  it('posted in the new form are read in the old one', () =>
    withServer({}, async (client) => {
      expect((await client.post(NEW, event())).code).toBe(201);
      const core = (await client.get(`${CORE}/a.1`)).body;
      expect(core).toMatchObject({
        apiVersion: 'v1',
        involvedObject: { kind: 'Pod', name: 'a' },
        message: '0/3 nodes are available',
        reportingComponent: 'berth',
        eventTime: '2026-01-01T00:00:00.123456Z',
        firstTimestamp: null,
      });
      expect(core.note).toBeUndefined();
    }));

  it('posted in the old form are read in the new one', () =>
    withServer({}, async (client) => {
      const made = await client.post(CORE, {
        metadata: { name: 'b' },
        involvedObject: { kind: 'Lease', name: 'l', namespace: 'default' },
        reason: 'LeaderElection',
        message: 'x became leader',
        source: { component: 'berth' },
        count: 2,
        type: 'Normal',
      });
      expect(made.code).toBe(201);
      expect((await client.get(`${NEW}/b`)).body).toMatchObject({
        apiVersion: 'events.k8s.io/v1',
        regarding: { kind: 'Lease' },
        note: 'x became leader',
        deprecatedSource: { component: 'berth' },
        deprecatedCount: 2,
      });
    }));

  it('grow a series, and change in nothing else', () =>
    withServer({}, async (client) => {
      await client.post(NEW, event());
      const series = { count: 2, lastObservedTime: '2026-01-01T00:01:00.000000Z' };
      const grown = await client.patch(`${NEW}/a.1`, 'strategic', { series });
      expect(grown).toMatchObject({ code: 200, body: { series } });
      expect((await client.get(`${CORE}/a.1`)).body.series).toEqual(series);
      const changed = await client.patch(`${NEW}/a.1`, 'strategic', { note: 'other' });
      expect(changed.body).toMatchObject({ code: 422, reason: 'Invalid' });
      const coarse = await client.patch(`${NEW}/a.1`, 'strategic', {
        series: { ...series, lastObservedTime: '2026-01-01T00:01:00Z' },
      });
      expect(coarse.code).toBe(400);
    }));

  it.each([
    [{ eventTime: '2026-01-01T00:00:00.123Z' }, 400],
    [{ eventTime: undefined }, 422],
    [{ type: 'Bad' }, 422],
    [{ reportingController: '' }, 422],
    [{ reportingInstance: '' }, 422],
    [{ action: '' }, 422],
    [{ reason: 'x'.repeat(129) }, 422],
    [{ note: 'x'.repeat(1025) }, 422],
  ])('with %.40j are refused', (parts, code) =>
    withServer({}, async (client) => {
      expect((await client.post(NEW, event(parts))).code).toBe(code);
    }),
  );

  it.each([CORE, NEW])('are found by the object they are about at %s', (path) =>
    withServer({}, async (client) => {
      await client.post(NEW, event());
      await client.post(
        NEW,
        event({ metadata: { name: 'b.1' }, regarding: { kind: 'Pod', name: 'b', namespace: 'default' } }),
      );
      const selector = 'involvedObject.name%3Da%2CinvolvedObject.uid%3Du';
      expect((await client.get(`${path}?fieldSelector=${selector}`)).body.items).toHaveLength(1);
    }),
  );

  it('of the old form are watched in the new one', () =>
    withServer({}, async (client) => {
      const watch = await client.watch(`${NEW}?watch=1`);
      await client.post(NEW, event());
      expect(await watch.seen(1)).toEqual(['ADDED a.1']);
      expect(watch.frames[0]?.object).toMatchObject({
        apiVersion: 'events.k8s.io/v1',
        note: '0/3 nodes are available',
      });
    }));
});
