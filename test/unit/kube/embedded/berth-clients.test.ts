import { describe, expect, it } from '@jest/globals';
import { ApiClient } from '../../../../src/kube/api-client.js';
import { loadCredentials } from '../../../../src/kube/credentials.js';
import { EventRecorder } from '../../../../src/kube/event-recorder.js';
import { LeaseElector } from '../../../../src/kube/lease-elector.js';
import type { KubeObject } from '../../../../src/kube/object-store.js';
import { PodApi } from '../../../../src/kube/pod-api.js';
import { Reflector } from '../../../../src/kube/reflector.js';
import { LeaseFence } from '../../../../src/kube/write-fence.js';
import { ImpatientClock } from '../impatient-clock.js';
import { until } from '../until.js';
import { podBody, withServer } from './embedded-client.js';
import { ASKED_KINDS, sampleOf } from './sample-kinds.js';

interface SeenPod extends KubeObject {
  readonly nodeName: string;
}

const project = (raw: unknown): SeenPod => {
  const { metadata, spec } = raw as {
    metadata: { name: string; namespace: string; uid: string; resourceVersion: string };
    spec: { nodeName?: string };
  };
  const { name, namespace, uid, resourceVersion } = metadata;
  return { name, namespace, uid, resourceVersion, nodeName: spec.nodeName ?? '' };
};

async function withClient(url: string, use: (client: ApiClient) => Promise<void>): Promise<void> {
  const client = new ApiClient(loadCredentials({ server: url }), { qps: -1 });
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

interface SeenObject extends KubeObject {
  readonly labels: Readonly<Record<string, string>>;
}

const projectObject = (raw: unknown): SeenObject => {
  const { name, namespace, uid, resourceVersion, labels } = (
    raw as { metadata: { [field: string]: string } & { labels?: Record<string, string> } }
  ).metadata;
  return { name, namespace, uid, resourceVersion, labels: labels ?? {} } as SeenObject;
};

const WATCHED = [...ASKED_KINDS, sampleOf('Pod'), sampleOf('Node')];

describe.each(WATCHED.map((sample) => [sample.kind, sample] as const))(
  "Berth's copy of the collection of %s",
  (_kind, { apiVersion, kind, everywhere, body }) => {
    it('follows its pages and its changes, through cut watches and lost history', () =>
      withServer({}, (_client, server) =>
        withClient(server.url, async (client) => {
          const made = ['a', 'b', 'c', 'd', 'e'].map((name) => server.create(body(name)).metadata.uid);
          const seen = new Map<string, SeenObject>();
          const log: string[] = [];
          const note = (what: string, { uid, name }: SeenObject): void => {
            if (made.includes(uid)) log.push(`${what} ${name}`);
          };
          const stop = new AbortController();
          const pages: number[] = [];
          const running = new Reflector<SeenObject>({
            transport: client,
            path: everywhere,
            project: projectObject,
            pageSize: 2,
            clock: new ImpatientClock(),
            observe: { listed: (info) => pages.push(info.pages) },
            handler: {
              added: (object) => {
                seen.set(object.uid, object);
                note('added', object);
              },
              updated: (_previous, object) => {
                seen.set(object.uid, object);
                note('updated', object);
              },
              deleted: (object) => {
                seen.delete(object.uid);
                note('deleted', object);
              },
              synced: () => log.push('synced'),
            },
          }).run({ signal: stop.signal });
          const isTrue = (): boolean => {
            const objects = server.list({ apiVersion, kind });
            return (
              objects.length === seen.size &&
              objects.every(
                ({ metadata }) => seen.get(metadata.uid ?? '')?.resourceVersion === metadata.resourceVersion,
              )
            );
          };
          const ref = (name: string) => ({ apiVersion, kind, name });
          await until(() => log.includes('synced') && isTrue());
          expect(log).toEqual([...['a', 'b', 'c', 'd', 'e'].map((name) => `added ${name}`), 'synced']);
          expect(pages[0]).toBeGreaterThanOrEqual(3);
          log.length = 0;
          server.patch(ref('b'), { metadata: { labels: { changed: 'yes' } } });
          server.delete(ref('c'));
          await until(() => log.length === 2 && isTrue());
          expect(log).toEqual(['updated b', 'deleted c']);
          expect([...seen.values()].find(({ name }) => name === 'b')?.labels.changed).toBe('yes');
          server.dropWatches({ abrupt: true });
          server.patch(ref('d'), { metadata: { labels: { changed: 'yes' } } });
          await until(isTrue);
          server.expireHistory();
          server.dropWatches();
          server.delete(ref('e'));
          server.create(body('e'));
          await until(isTrue);
          stop.abort();
          await running;
        }),
      ));
  },
);

describe("Berth's own clients", () => {
  it('keep a true copy through pages, changes, cut watches and lost history', () =>
    withServer({}, (_client, server) =>
      withClient(server.url, async (client) => {
        for (let index = 0; index < 25; index += 1) server.create(podBody(`p${index}`) as never);
        const seen = new Map<string, SeenPod>();
        let isSynced = false;
        const stop = new AbortController();
        const running = new Reflector<SeenPod>({
          transport: client,
          path: '/api/v1/pods',
          project,
          pageSize: 10,
          handler: {
            added: (pod) => seen.set(pod.uid, pod),
            updated: (_previous, pod) => seen.set(pod.uid, pod),
            deleted: (pod) => seen.delete(pod.uid),
            synced: () => {
              isSynced = true;
            },
          },
        }).run({ signal: stop.signal });
        const isTrue = (): boolean => {
          const pods = server.list({ apiVersion: 'v1', kind: 'Pod' });
          return (
            pods.length === seen.size &&
            pods.every((pod) => {
              const copy = seen.get(pod.metadata.uid ?? '');
              return copy?.resourceVersion === pod.metadata.resourceVersion;
            })
          );
        };
        await until(() => isSynced && isTrue());
        expect(seen.size).toBe(25);
        server.bind({ name: 'p3' }, 'n1');
        server.delete({ apiVersion: 'v1', kind: 'Pod', name: 'p4' });
        await until(isTrue);
        expect([...seen.values()].find(({ name }) => name === 'p3')?.nodeName).toBe('n1');
        server.dropWatches({ abrupt: true });
        server.create(podBody('late') as never);
        await until(isTrue);
        server.expireHistory();
        server.dropWatches();
        server.delete({ apiVersion: 'v1', kind: 'Pod', name: 'p5' });
        server.create(podBody('p5') as never);
        await until(isTrue);
        stop.abort();
        await running;
      }),
    ));

  it('bind pods, patch their status, and learn of conflicts', () =>
    withServer({}, (_client, server) =>
      withClient(server.url, async (client) => {
        const { metadata } = server.create(podBody('a') as never);
        const pod = { namespace: 'default', name: 'a', uid: metadata.uid ?? '' };
        const pods = new PodApi(client);
        await pods.patchStatus(pod, {
          condition: {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: '0/1 nodes are available',
            lastTransitionTime: '2026-01-01T00:00:00Z',
            observedGeneration: 1,
          },
          nominatedNodeName: 'n1',
        });
        expect(server.get({ apiVersion: 'v1', kind: 'Pod', name: 'a' })?.status).toMatchObject({
          nominatedNodeName: 'n1',
          conditions: [{ reason: 'Unschedulable', observedGeneration: 1 }],
        });
        await expect(pods.bind({ ...pod, uid: 'other' }, 'n1')).rejects.toMatchObject({ code: 409 });
        await pods.bind(pod, 'n1');
        expect(await pods.read(pod)).toEqual({ uid: pod.uid, nodeName: 'n1' });
        await expect(pods.bind(pod, 'n2')).rejects.toMatchObject({ code: 409, reason: 'Conflict' });
      }),
    ));

  it('record events and count their repetitions', () =>
    withServer({}, (_client, server) =>
      withClient(server.url, async (client) => {
        const recorder = new EventRecorder(client, { hostname: 'host' });
        const regarding = { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'a', uid: 'u' };
        const failed = {
          type: 'Warning',
          reason: 'FailedScheduling',
          action: 'Scheduling',
          note: '0/1 nodes are available',
          regarding,
          reportingController: 'berth',
        } as const;
        const events = () => server.list({ apiVersion: 'v1', kind: 'Event' });
        recorder.record(failed);
        await until(() => events().length === 1);
        recorder.record(failed);
        await until(() => (events()[0]?.series as { count?: number } | undefined)?.count === 2);
        expect(events()[0]).toMatchObject({
          message: '0/1 nodes are available',
          reportingComponent: 'berth',
        });
        recorder.close();
      }),
    ));

  it('elect one leader, and hand over when it lets go', () =>
    withServer({}, (_client, server) =>
      withClient(server.url, async (client) => {
        const elect = (identity: string) => {
          const stop = new AbortController();
          const events: string[] = [];
          const settings = {
            namespace: 'kube-system',
            name: 'berth',
            identity,
            leaseDurationMs: 1_500,
            renewDeadlineMs: 1_000,
            retryPeriodMs: 100,
          };
          const elector = new LeaseElector(client, settings, new LeaseFence(), {
            onEvent: ({ kind }) => events.push(kind),
          });
          return { events, stop, running: elector.run({ signal: stop.signal }) };
        };
        const holder = (): unknown => {
          const lease = server.get({
            apiVersion: 'coordination.k8s.io/v1',
            kind: 'Lease',
            namespace: 'kube-system',
            name: 'berth',
          });
          return (lease?.spec as { holderIdentity?: string } | undefined)?.holderIdentity;
        };
        const first = elect('one');
        await until(() => first.events.includes('acquired'));
        expect(holder()).toBe('one');
        const second = elect('two');
        first.stop.abort();
        expect(await first.running).toBe('stopped');
        await until(() => second.events.includes('acquired'));
        expect(holder()).toBe('two');
        second.stop.abort();
        expect(await second.running).toBe('stopped');
        expect(holder()).toBe('');
      }),
    ));
});
