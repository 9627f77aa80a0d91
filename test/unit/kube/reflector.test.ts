import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiClient } from '../../../src/kube/api-client.js';
import { loadCredentials } from '../../../src/kube/credentials.js';
import type { Disruption } from '../../../src/kube/disruption.js';
import { protobufMediaType } from '../../../src/kube/protobuf/media-type.js';
import { Reflector, type ReflectorOptions } from '../../../src/kube/reflector.js';
import { FaultServer, type ServedWatch, status } from './fault-server.js';
import { ImpatientClock } from './impatient-clock.js';
import { until } from './until.js';

interface Thing {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly colour: string;
}

function raw(
  name: string,
  resourceVersion: number | string,
  extra: { uid?: string; colour?: string } = {},
): object {
  const { uid = `uid-${name}`, colour = 'blue' } = extra;
  return {
    metadata: { uid, namespace: 'default', name, resourceVersion: String(resourceVersion) },
    spec: { schedulerName: colour },
  };
}

function project(object: unknown): Thing {
  const { metadata, spec } = object as {
    metadata: Omit<Thing, 'colour'>;
    spec: { schedulerName: string };
  };
  if (spec.schedulerName === 'nonsense') throw new Error('no such colour');
  return { ...metadata, colour: spec.schedulerName };
}

const bookmark = (resourceVersion: number): object => ({
  metadata: { resourceVersion: String(resourceVersion) },
});
const list = (resourceVersion: number, ...items: object[]): { body: object } => ({
  body: { kind: 'PodList', metadata: { resourceVersion: String(resourceVersion) }, items },
});

let server: FaultServer;
let client: ApiClient;
let clock: ImpatientClock;
let stop: AbortController;
let running: Promise<void> | undefined;
let told: string[];
let disruptions: Disruption[];

beforeEach(async () => {
  server = await FaultServer.start();
  server.answer = () => list(10);
  client = new ApiClient(loadCredentials({ server: server.url }), { qps: -1 });
  clock = new ImpatientClock();
  stop = new AbortController();
  running = undefined;
  told = [];
  disruptions = [];
});

afterEach(async () => {
  stop.abort();
  await running;
  await client.close();
  await server.stop();
});

function start(options: Partial<ReflectorOptions<Thing>> = {}): Reflector<Thing> {
  const reflector = new Reflector<Thing>({
    transport: client,
    path: '/api/v1/pods',
    project,
    handler: {
      added: (thing) => told.push(`+${thing.name}@${thing.resourceVersion}`),
      updated: (previous, thing) =>
        told.push(`~${thing.name}@${previous.resourceVersion}->${thing.resourceVersion}`),
      deleted: (thing) => told.push(`-${thing.name}@${thing.resourceVersion}`),
      synced: () => told.push('synced'),
      disruption: (disruption) => disruptions.push(disruption),
    },
    clock,
    random: () => 0,
    protobuf: true,
    ...options,
  });
  running = reflector.run({ signal: stop.signal });
  return reflector;
}

const kinds = (): string[] => disruptions.map((disruption) => disruption.kind);
const heard = (...expected: string[]): Promise<void> =>
  until(() => expected.every((entry) => told.includes(entry)), `${expected} among ${told}`);
const versionOf = (watch: { request: { query: URLSearchParams } }): string | null =>
  watch.request.query.get('resourceVersion');

describe.each([
  ['JSON', false],
  ['protobuf', true],
])('of a server that answers in %s', (_format, inProtobuf) => {
  beforeEach(() => {
    server.knowsProtobuf = inProtobuf;
  });

  describe('listing', () => {
    it('reads all pages of one version, delivers them, then says that it has synced', async () => {
      const pages: Record<string, object> = {
        '': { metadata: { resourceVersion: '10', continue: 'second' }, items: [raw('a', 1), raw('b', 2)] },
        second: { metadata: { resourceVersion: '10', continue: 'third' }, items: [raw('c', 3)] },
        third: { metadata: { resourceVersion: '10' }, items: [raw('d', 4)] },
      };
      server.answer = ({ query }) => ({ body: pages[query.get('continue') ?? ''] });
      const reflector = start({ pageSize: 2 });
      expect(reflector.hasSynced).toBe(false);
      const watch = await server.nextWatch();
      expect(told).toEqual(['+a@1', '+b@2', '+c@3', '+d@4', 'synced']);
      expect(reflector.hasSynced).toBe(true);
      expect(reflector.store.get('uid-c')?.colour).toBe('blue');
      expect(server.calls.map(({ query }) => query.toString())).toEqual([
        'limit=2',
        'limit=2&continue=second',
        'limit=2&continue=third',
      ]);
      expect(versionOf(watch)).toBe('10');
    });

    it('sends its field selector with lists and watches, and asks watches for bookmarks and an end', async () => {
      start({ query: { fieldSelector: 'spec.nodeName=' }, random: () => 0.999 });
      const watch = await server.nextWatch();
      expect(server.calls[0]?.query.get('fieldSelector')).toBe('spec.nodeName=');
      expect(Object.fromEntries(watch.request.query)).toEqual({
        fieldSelector: 'spec.nodeName=',
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: '10',
        timeoutSeconds: '600',
      });
    });

    it('starts the list anew when its continue token has expired', async () => {
      let expiries = 0;
      server.answer = ({ query }) => {
        if (query.has('continue')) {
          expiries += 1;
          return expiries === 1
            ? { code: 410, body: status(410, 'Expired', 'too old') }
            : list(20, raw('b', 15));
        }
        return {
          body: {
            metadata: { resourceVersion: String(10 + expiries * 10), continue: 'more' },
            items: [raw('a', 5)],
          },
        };
      };
      start();
      expect(versionOf(await server.nextWatch())).toBe('20');
      expect(told).toEqual(['+a@5', '+b@15', 'synced']);
      expect(kinds()).toEqual(['expired']);
    });

    it('lists in one piece when continue tokens expire again and again', async () => {
      server.answer = ({ query }) => {
        if (query.has('continue')) return { code: 410, body: status(410, 'Expired', 'too old') };
        if (query.has('limit'))
          return { body: { metadata: { resourceVersion: '10', continue: 'more' }, items: [] } };
        return list(12, raw('a', 5));
      };
      start();
      expect(versionOf(await server.nextWatch())).toBe('12');
      expect(told).toEqual(['+a@5', 'synced']);
    });

    it('tries again after a growing, jittered pause when the list fails, and delivers nothing half-read', async () => {
      let calls = 0;
      server.answer = () => {
        calls += 1;
        return calls <= 3
          ? { code: 500, body: status(500, 'InternalError', 'etcd has no leader') }
          : list(10, raw('a', 5));
      };
      const draws = [0, 0.5, 0];
      start({ random: () => draws.shift() ?? 0 });
      await server.nextWatch();
      expect(clock.slept).toEqual([800, 2400, 3200]);
      expect(told).toEqual(['+a@5', 'synced']);
      expect(disruptions[0]).toMatchObject({ kind: 'error', during: 'list', code: 500, retryInMs: 800 });
    });

    it('survives an answer that is no list', async () => {
      let calls = 0;
      server.answer = () => {
        calls += 1;
        const headers = { 'content-type': inProtobuf ? protobufMediaType : 'application/json' };
        return calls === 1 ? { body: '{"items":"none"}', headers } : list(10);
      };
      start();
      await server.nextWatch();
      expect(kinds()).toEqual(['error']);
    });
  });

  describe('whole objects', () => {
    it('come from the moment on in which they are asked for, and nothing is delivered twice', async () => {
      const wholes: string[] = [];
      const reflector = start({
        project: (object) => {
          const { metadata, status } = object as {
            metadata: { name: string };
            status?: { message?: string };
          };
          if (status?.message !== undefined) wholes.push(metadata.name);
          return project(object);
        },
      });
      const whole = (name: string, version: number) => ({
        ...raw(name, version),
        status: { message: 'kept' },
      });
      const first = await server.nextWatch();
      first.send('ADDED', whole('a', 11));
      await heard('+a@11');
      expect(wholes).toEqual(inProtobuf ? [] : ['a']);
      await reflector.readWholeObjects({ signal: stop.signal });
      const second = await server.nextWatch();
      expect(second.request.headers.accept).toBe('application/json');
      expect(versionOf(second)).toBe('11');
      second.send('ADDED', whole('b', 12));
      await heard('+b@12');
      expect(wholes).toContain('b');
      expect(told).toEqual(['synced', '+a@11', '+b@12']);
      expect(disruptions).toEqual([]);
    });

    it('are waited for by whoever asks second, when the first gave up while that list was under way', async () => {
      let answer = (): void => {};
      let asked = 0;
      server.answer = async () => {
        asked += 1;
        if (asked === 1)
          await new Promise<void>((resolve) => {
            answer = resolve;
          });
        return list(10, raw('a', 4));
      };
      const reflector = start();
      await until(() => asked === 1);
      const impatient = new AbortController();
      const first = reflector.readWholeObjects({ signal: impatient.signal });
      impatient.abort();
      await first;
      let done = false;
      const second = reflector.readWholeObjects({ signal: stop.signal }).then(() => {
        done = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(done).toBe(false);
      answer();
      await second;
      expect(asked).toBe(2);
    });

    it('are all there when a list was under way that brought the known fields alone', async () => {
      let answer = (): void => {};
      const asked: (string | undefined)[] = [];
      server.answer = async ({ headers }) => {
        asked.push(headers.accept);
        if (asked.length === 1)
          await new Promise<void>((resolve) => {
            answer = resolve;
          });
        return list(10, raw('a', 4));
      };
      const reflector = start();
      await until(() => asked.length === 1);
      let done = false;
      const reading = reflector.readWholeObjects({ signal: stop.signal }).then(() => {
        done = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(done).toBe(false);
      answer();
      await reading;
      expect(asked).toEqual(['application/vnd.kubernetes.protobuf,application/json', 'application/json']);
      expect(told).toEqual(['+a@4', 'synced']);
    });
  });

  describe('watching', () => {
    it('delivers additions, changes and deletions in their order', async () => {
      const reflector = start();
      const watch = await server.nextWatch();
      watch.send('ADDED', raw('a', 11)).send('MODIFIED', raw('a', 12)).send('DELETED', raw('a', 13));
      await heard('-a@12');
      expect(told).toEqual(['synced', '+a@11', '~a@11->12', '-a@12']);
      expect(reflector.lastResourceVersion).toBe('13');
      expect(reflector.store.size).toBe(0);
    });

    it('resumes at once, from the last event, when the server closes the watch', async () => {
      start();
      (await server.nextWatch()).send('ADDED', raw('a', 11)).end();
      expect(versionOf(await server.nextWatch())).toBe('11');
      expect(clock.slept).toEqual([]);
      expect(disruptions).toEqual([{ kind: 'reconnect', resourceVersion: '11' }]);
      expect(server.calls).toHaveLength(1);
    });

    it('resumes from a bookmark', async () => {
      const reflector = start();
      const watch = await server.nextWatch();
      watch.send('BOOKMARK', bookmark(50));
      await until(() => reflector.lastResourceVersion === '50');
      watch.end();
      expect(versionOf(await server.nextWatch())).toBe('50');
      expect(told).toEqual(['synced']);
    });

    it('takes a watch that ends at once and brings nothing for a failure, and slows down', async () => {
      start();
      for (let times = 0; times < 4; times += 1) (await server.nextWatch()).end();
      await server.nextWatch();
      expect(clock.slept).toEqual([800, 1600, 3200, 6400]);
      expect(kinds()).toEqual(['error', 'error', 'error', 'error']);
      expect(server.calls).toHaveLength(1);
    });

    it('never pauses longer than 30 s, and begins with short pauses again after two good minutes', async () => {
      start({ random: () => 0.999999 });
      for (let times = 0; times < 8; times += 1) (await server.nextWatch()).end();
      const watch = await server.nextWatch();
      expect(Math.max(...clock.slept)).toBeGreaterThan(29_000);
      expect(Math.max(...clock.slept)).toBeLessThanOrEqual(30_000);
      clock.advance(120_000);
      watch.send('ERROR', status(500, 'InternalError', 'etcd has no leader'));
      await server.nextWatch();
      expect(clock.slept.at(-1)).toBeLessThan(1_600);
    });

    it('resumes at once when a connection that worked is reset', async () => {
      start();
      const watch = await server.nextWatch();
      watch.send('ADDED', raw('a', 11));
      await heard('+a@11');
      watch.reset();
      expect(versionOf(await server.nextWatch())).toBe('11');
      expect(disruptions).toMatchObject([{ kind: 'error', during: 'watch', retryInMs: 0 }]);
    });

    it('pauses before it comes back when connections are reset as soon as they open', async () => {
      start();
      (await server.nextWatch()).reset();
      (await server.nextWatch()).reset();
      await server.nextWatch();
      expect(clock.slept).toEqual([800, 1600]);
    });

    it('lists again after a pause when the version is gone, and delivers only what changed', async () => {
      start();
      const watch = await server.nextWatch();
      watch.send('ADDED', raw('stays', 11)).send('ADDED', raw('goes', 12)).send('ADDED', raw('changes', 13));
      await heard('+changes@13');
      told.length = 0;
      server.answer = () => list(30, raw('stays', 11), raw('changes', 25), raw('comes', 26));
      watch.send('ERROR', status(410, 'Expired', 'too old resource version'));
      expect(versionOf(await server.nextWatch())).toBe('30');
      expect(told).toEqual(['-goes@12', '~changes@13->25', '+comes@26']);
      expect(kinds()).toEqual(['expired', 'relist']);
      expect(clock.slept).toEqual([800]);
    });

    it('lists again when the watch request itself is answered 410, ever more slowly', async () => {
      let refusals = 0;
      server.answerWatch = () => {
        refusals += 1;
        if (refusals === 3) server.answerWatch = undefined;
        return { code: 410, body: status(410, 'Gone', 'too old resource version') };
      };
      start();
      await server.nextWatch();
      expect(server.calls).toHaveLength(4);
      expect(clock.slept).toEqual([800, 1600, 3200]);
    });

    it('resumes from the last good version after another error in the stream', async () => {
      start();
      const watch = await server.nextWatch();
      watch.send('ADDED', raw('a', 11)).send('ERROR', status(500, 'InternalError', 'etcdserver: no leader'));
      expect(versionOf(await server.nextWatch())).toBe('11');
      expect(clock.slept).toEqual([800]);
      expect(server.calls).toHaveLength(1);
    });

    it('keeps its version on 429 and waits as long as the server asks', async () => {
      server.answerWatch = () => {
        server.answerWatch = undefined;
        return {
          code: 429,
          body: status(429, 'TooManyRequests', 'slow down'),
          headers: { 'retry-after': '7' },
        };
      };
      start();
      const watch = await server.nextWatch();
      expect(versionOf(watch)).toBe('10');
      watch.send('ERROR', status(429, 'TooManyRequests', 'slow down', { retryAfterSeconds: 9 }));
      expect(versionOf(await server.nextWatch())).toBe('10');
      expect(clock.slept).toEqual([7_000, 9_000]);
      expect(server.calls).toHaveLength(1);
    });

    it('lists again when the server answers one version with errors for ever', async () => {
      start();
      for (let times = 0; times < 5; times += 1) {
        (await server.nextWatch()).send('ERROR', status(500, 'InternalError', 'corrupt'));
      }
      await server.nextWatch();
      expect(disruptions.at(-1)).toMatchObject({ kind: 'relist', cause: 'failures' });
      expect(server.calls).toHaveLength(2);
    });

    it('lists again when a bookmark shows that the server was restored from a backup', async () => {
      start();
      const watch = await server.nextWatch();
      watch.send('ADDED', raw('a', 11));
      await heard('+a@11');
      server.answer = () => list(7, raw('a', 6));
      watch.send('BOOKMARK', bookmark(7));
      expect(versionOf(await server.nextWatch())).toBe('7');
      expect(told).toEqual(['synced', '+a@11', '~a@11->6']);
    });

    it('does not believe a list that is older than what it knows, until the server insists', async () => {
      start();
      const watch = await server.nextWatch();
      watch.send('ADDED', raw('a', 11));
      await heard('+a@11');
      const stale = list(9);
      let lists = 0;
      server.answer = () => (++lists <= 2 ? stale : list(12, raw('a', 11)));
      watch.send('ERROR', status(410, 'Expired', 'too old')).end();
      expect(versionOf(await server.nextWatch())).toBe('12');
      expect(told).toEqual(['synced', '+a@11']);
      expect([lists, kinds().filter((kind) => kind === 'error')]).toEqual([3, ['error', 'error']]);
    });

    it('lists anew when somebody has to be sure, though the watch is open and silent', async () => {
      const reflector = start();
      await server.nextWatch();
      server.answer = () => list(20, raw('a', 15));
      await reflector.refresh({ signal: new AbortController().signal });
      expect(told).toEqual(['synced', '+a@15']);
      expect(versionOf(await server.nextWatch())).toBe('20');
      expect(disruptions).toMatchObject([{ kind: 'relist', cause: 'asked' }]);
    });

    it('lists once more for whoever asks while a list is being read: it may have begun too early', async () => {
      const reflector = start();
      await server.nextWatch();
      const { signal } = new AbortController();
      let asked: Promise<void> | undefined;
      server.answer = () => {
        asked ??= reflector.refresh({ signal });
        return list(20);
      };
      const before = server.calls.length;
      await reflector.refresh({ signal });
      await asked;
      expect(server.calls.length - before).toBe(2);
    });

    it('drops a connection on which nothing comes and resumes', async () => {
      const reflector = start({ idleTimeoutMs: 150_000 });
      const silent = await server.nextWatch();
      silent.send('ADDED', raw('a', 11));
      await heard('+a@11');
      clock.advance(100_000);
      silent.send('BOOKMARK', bookmark(12));
      await until(() => reflector.lastActivity === 100_000);
      clock.advance(149_999);
      expect(kinds()).toEqual([]);
      clock.advance(1);
      expect(versionOf(await server.nextWatch())).toBe('12');
      expect(disruptions).toEqual([{ kind: 'idle', idleMs: 150_000, retryInMs: 0 }]);
      await until(() => silent.closed);
    });
  });

  describe('frames that are not whole', () => {
    it('reads a frame that arrives in pieces, cut inside a character', async () => {
      start();
      const watch = await server.nextWatch();
      const frame = watch.frame('ADDED', raw('a', 11, { colour: 'grün' }));
      const cut = frame.indexOf(0xc3) + 1;
      watch.raw(frame.subarray(0, cut));
      await new Promise((resolve) => setTimeout(resolve, 20));
      watch.raw(frame.subarray(cut));
      await heard('+a@11');
      expect(disruptions).toEqual([]);
    });

    it('does not lose the event of a frame that was cut off', async () => {
      start();
      const watch = await server.nextWatch();
      const half = watch.frame('ADDED', raw('b', 12)).subarray(0, 30);
      watch.send('ADDED', raw('a', 11)).raw(half).end();
      const next = await server.nextWatch();
      expect(versionOf(next)).toBe('11');
      expect(disruptions).toMatchObject([{ kind: 'malformed', resourceVersion: '11', retryInMs: 0 }]);
      next.send('ADDED', raw('b', 12));
      await heard('+b@12');
    });

    it.each([
      [
        'is not what the stream says',
        () => Buffer.from(inProtobuf ? '\0\0\0\x05nonse' : '{"type":"ADDED",,}\n'),
      ],
      ['is of an unknown type', (watch: ServedWatch) => watch.frame('CHANGED', raw('x', 12))],
      [
        'has an object without identity',
        (watch: ServedWatch) => watch.frame('ADDED', { metadata: { name: 'x' } }),
      ],
    ])(
      'stops at a frame that %s, takes nothing after it, and resumes from the last good version',
      async (_what, frame) => {
        start();
        const watch = await server.nextWatch();
        watch.send('ADDED', raw('a', 11)).raw(frame(watch)).send('ADDED', raw('late', 13));
        const next = await server.nextWatch();
        expect(versionOf(next)).toBe('11');
        expect(told).toEqual(['synced', '+a@11']);
        expect(kinds()).toEqual(['malformed']);
        expect(clock.slept).toEqual([800]);
        await until(() => watch.closed);
      },
    );

    it('lists again when the same place in the stream is unreadable twice', async () => {
      start();
      (await server.nextWatch()).raw('garbage\n');
      server.answer = () => list(20, raw('b', 12));
      (await server.nextWatch()).raw('garbage\n');
      expect(versionOf(await server.nextWatch())).toBe('20');
      expect(told).toEqual(['synced', '+b@12']);
      expect(kinds()).toEqual(['malformed', 'malformed', 'relist']);
    });
  });

  describe('identity and order', () => {
    it('takes no notice of repeated events, older events and the return of the deleted', async () => {
      start();
      const watch = await server.nextWatch();
      watch.send('ADDED', raw('a', 11)).send('ADDED', raw('a', 11)).send('MODIFIED', raw('a', 9));
      watch.send('MODIFIED', raw('a', 100)).send('MODIFIED', raw('a', 99)).send('DELETED', raw('a', 98));
      watch.send('DELETED', raw('a', 101)).send('DELETED', raw('a', 101)).send('ADDED', raw('a', 11));
      watch.send('ADDED', raw('end', 102));
      await heard('+end@102');
      expect(told).toEqual(['synced', '+a@11', '~a@11->100', '-a@100', '+end@102']);
    });

    it('takes back an object that left a selector and entered it again', async () => {
      start({ query: { fieldSelector: 'spec.nodeName=' } });
      const watch = await server.nextWatch();
      watch.send('ADDED', raw('a', 11)).send('DELETED', raw('a', 12)).send('ADDED', raw('a', 13));
      await heard('+a@13');
    });

    it('never goes back to an older version after older events', async () => {
      start();
      const watch = await server.nextWatch();
      watch
        .send('ADDED', raw('a', 11))
        .send('ADDED', raw('b', 9))
        .send('ADDED', raw('end', 12))
        .send('MODIFIED', raw('b', 10));
      await heard('~b@9->10');
      watch.end();
      expect(versionOf(await server.nextWatch())).toBe('12');
    });

    it('delivers a name that returns with another UID as a deletion and an addition', async () => {
      const reflector = start();
      const watch = await server.nextWatch();
      watch.send('ADDED', raw('a', 11, { uid: 'first' })).send('ADDED', raw('a', 15, { uid: 'second' }));
      watch.send('DELETED', raw('a', 14, { uid: 'first' })).send('MODIFIED', raw('a', 12, { uid: 'first' }));
      watch.send('ADDED', raw('end', 16));
      await heard('+end@16');
      expect(told).toEqual(['synced', '+a@11', '-a@11', '+a@15', '+end@16']);
      expect([...reflector.store.keys()]).toEqual(['second', 'uid-end']);
    });

    it('delivers a name that returned while it did not look as a deletion first, then an addition', async () => {
      server.answer = () => list(10, raw('a', 5, { uid: 'first' }));
      start();
      const watch = await server.nextWatch();
      server.answer = () => list(20, raw('a', 15, { uid: 'second' }));
      watch.send('ERROR', status(410, 'Expired', 'too old'));
      await heard('+a@15');
      expect(told).toEqual(['+a@5', 'synced', '-a@5', '+a@15']);
    });
  });

  describe('nonsense and faults of others', () => {
    it('leaves out an object that makes no sense and goes on with the others', async () => {
      server.answer = () => list(10, raw('good', 4), raw('bad', 5, { colour: 'nonsense' }), raw('fine', 6));
      start();
      const watch = await server.nextWatch();
      watch.send('ADDED', raw('worse', 11, { colour: 'nonsense' })).send('ADDED', raw('end', 12));
      await heard('+end@12');
      expect(told).toEqual(['+good@4', '+fine@6', 'synced', '+end@12']);
      expect(disruptions).toMatchObject([
        { kind: 'unprojectable', object: { name: 'bad' } },
        { kind: 'unprojectable', object: { name: 'worse', resourceVersion: '11' } },
      ]);
    });

    it('delivers the deletion of an object that turns into nonsense, and takes it back when it makes sense again', async () => {
      start();
      const watch = await server.nextWatch();
      watch
        .send('ADDED', raw('a', 11))
        .send('MODIFIED', raw('a', 12, { colour: 'nonsense' }))
        .send('MODIFIED', raw('a', 13));
      await heard('+a@13');
      expect(told).toEqual(['synced', '+a@11', '-a@11', '+a@13']);
    });

    it('keeps on when a handler throws, and reports it', async () => {
      const fine: string[] = [];
      const reflector = start({
        handler: {
          added: (thing) => {
            if (thing.name === 'a') throw new Error('handler bug');
            fine.push(thing.name);
          },
          updated: () => {},
          deleted: () => {},
          disruption: (disruption) => {
            disruptions.push(disruption);
            throw new Error('reporter bug');
          },
        },
      });
      const watch = await server.nextWatch();
      watch.send('ADDED', raw('a', 11)).send('ADDED', raw('b', 12));
      await until(() => fine.includes('b'));
      expect(reflector.store.has('uid-a')).toBe(true);
      expect(disruptions).toMatchObject([
        { kind: 'handler-failed', operation: 'added', object: { name: 'a' } },
      ]);
    });

    it('comes back when the server was away', async () => {
      start();
      const watch = await server.nextWatch();
      watch.send('ADDED', raw('a', 11));
      await heard('+a@11');
      server.answerWatch = (_request, wire) => {
        if (clock.slept.length >= 2) server.answerWatch = undefined;
        wire.socket?.destroy();
        return undefined;
      };
      watch.reset();
      expect(versionOf(await server.nextWatch())).toBe('11');
    });

    it('ends when told to, also in the middle of a watch, and delivers nothing afterwards', async () => {
      start();
      const watch = await server.nextWatch();
      stop.abort();
      await running;
      await until(() => watch.closed);
      expect(told).toEqual(['synced']);
      expect(disruptions).toEqual([]);
    });
  });
});
