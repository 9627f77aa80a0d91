import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createNodeProjector } from '../../src/cluster/project-node.js';
import { createPodProjector } from '../../src/cluster/project-pod.js';
import { ApiClient } from '../../src/kube/api-client.js';
import { loadCredentials } from '../../src/kube/credentials.js';
import { EventRecorder } from '../../src/kube/event-recorder.js';
import type { KubeObject } from '../../src/kube/object-store.js';
import { PodApi } from '../../src/kube/pod-api.js';
import { Reflector } from '../../src/kube/reflector.js';
import type { ApiObject } from '../controlplane/api-client.js';
import { schedulingEvents } from './audit.js';
import { BerthProcess } from './berth-process.js';
import { startCluster, type TestCluster } from './cluster-setup.js';
import { manySidedPod, manySidedStatus, otherSidedPod } from './many-sided-pod.js';
import { PodWatch } from './pod-watch.js';
import { until } from './until.js';
import { createPods, PODS, type Pod, replicas } from './workload.js';

/*
 * Pods, nodes, bindings and events go as protobuf between Berth and a real API server. What is judged by is JSON, read by a client that
 * shares no code with Berth.
 */

const protobuf = 'application/vnd.kubernetes.protobuf';
const clients: ApiClient[] = [];
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster(
    [
      { name: 'plain', labels: { zone: 'a' } },
      { name: 'tainted', taints: [{ key: 'dedicated', value: 'batch', effect: 'NoSchedule' }] },
    ],
    { components: { kwok: true, scheduler: false } },
  );
  const status = {
    images: [{ names: ['nginx:1', 'nginx@sha256:aa'], sizeBytes: 187_000_000_000 }, { sizeBytes: 7 }],
    declaredFeatures: ['A', 'B'],
  };
  await cluster.plane.api.patch('/api/v1/nodes/plain/status', { status });
  await cluster.plane.api.create('/apis/node.k8s.io/v1/runtimeclasses', {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: 'heavy' },
    handler: 'heavy',
    overhead: { podFixed: { cpu: '250m', memory: '120Mi' } },
  });
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await cluster?.plane.stop();
});

function connect(options: { readonly protobuf: boolean }): ApiClient {
  const credentials = loadCredentials({ kubeconfig: cluster.plane.adminKubeconfig });
  const client = new ApiClient(credentials, { qps: -1, ...options });
  clients.push(client);
  return client;
}

/** A copy of a collection, with the objects as they were decoded. */
class Copy<T extends KubeObject> {
  readonly decoded = new Map<string, unknown>();
  readonly deleted: string[] = [];
  readonly faults: unknown[] = [];
  readonly reflector: Reflector<T>;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(path: string, project: (raw: unknown) => T, options: { readonly protobuf: boolean }) {
    this.reflector = new Reflector<T>({
      transport: connect(options),
      path,
      protobuf: options.protobuf,
      project: (raw) => {
        const object = project(raw);
        this.decoded.set(object.name, raw);
        return object;
      },
      handler: {
        added: () => {},
        updated: () => {},
        deleted: ({ name }) => this.deleted.push(name),
        disruption: (disruption) => this.faults.push(disruption),
      },
    });
    this.#running = this.reflector.run({ signal: this.#stop.signal });
  }

  /** What it knows, comparable with another copy: each spec has a number of its own. */
  get objects(): unknown {
    const known = [...this.reflector.store.values()].sort((a, b) => a.name.localeCompare(b.name));
    return JSON.parse(
      JSON.stringify(known, (key, value: unknown) =>
        key === 'id' ? undefined : value instanceof Map ? [...value] : value,
      ),
    );
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

describe('objects that come as protobuf', () => {
  it.each([
    ['pods', createPodProjector],
    ['nodes', createNodeProjector],
  ] as const)(
    'are for decisions what they are in JSON: %s, listed and watched',
    async (kind, createProjector) => {
      const { api } = cluster.plane;
      const owner = await api.get<ApiObject>('/api/v1/nodes/plain');
      await api.create(PODS, manySidedPod(`listed-${kind}`, owner));
      await api.create(PODS, otherSidedPod(`leaving-${kind}`));
      await api.patch(`${PODS}/leaving-${kind}/ephemeralcontainers`, {
        spec: { ephemeralContainers: [{ name: 'debug', image: 'x', targetContainerName: 'main' }] },
      });
      await api.delete(`${PODS}/leaving-${kind}`, { gracePeriodSeconds: 0 });
      const make = createProjector as () => (raw: unknown) => KubeObject;
      const copies = [false, true].map(
        (inProtobuf) => new Copy(`/api/v1/${kind}`, make(), { protobuf: inProtobuf }),
      );
      const [json, slim] = copies as [Copy<KubeObject>, Copy<KubeObject>];
      try {
        await until('both copies are whole', async () =>
          copies.every(({ reflector }) => reflector.hasSynced),
        );
        await api.create(PODS, manySidedPod(`watched-${kind}`, owner));
        await api.patch(`${PODS}/watched-${kind}`, { metadata: { labels: { changed: 'yes', tier: null } } });
        await api.patch(`${PODS}/watched-${kind}/status`, { status: manySidedStatus });
        await api.patch('/api/v1/nodes/plain', {
          metadata: { annotations: { of: kind } },
          spec: { unschedulable: true },
        });
        await api.delete(`${PODS}/listed-${kind}`, { gracePeriodSeconds: 0 });
        const awaited = kind === 'pods' ? `watched-${kind}` : 'plain';
        const settled = (): boolean =>
          copies.every(({ decoded, deleted }) => {
            const text = JSON.stringify(decoded.get(awaited)) ?? '';
            return kind === 'pods'
              ? text.includes('nö') && deleted.length === 1
              : text.includes('"of":"nodes"');
          });
        await until('both copies have heard of everything', async () => settled());
        expect(slim.objects).toEqual(json.objects);
        expect(copies.flatMap(({ faults }) => faults)).toEqual([]);
        for (const [name, whole] of json.decoded)
          expect(whole).toMatchObject(slim.decoded.get(name) as object);
        // Else two copies in JSON would have been compared.
        expect(JSON.stringify(slim.decoded.get(awaited))).not.toContain('managedFields');
        expect(JSON.stringify(json.decoded.get(awaited))).toContain('managedFields');
      } finally {
        await Promise.all(copies.map((copy) => copy.stop()));
      }
    },
  );
});

describe('writes in protobuf', () => {
  it('bind a pod and tell of it, and refusals say the same as in JSON', async () => {
    const { api } = cluster.plane;
    await createPods(api, [{ name: 'written', spec: { schedulerName: 'nobody' } }]);
    const { metadata } = await api.get<Pod>(`${PODS}/written`);
    const pod = { namespace: 'default', name: 'written', uid: metadata.uid };
    const client = connect({ protobuf: true });
    const refusals: unknown[] = [];
    const refused = (by: ApiClient): Promise<unknown> =>
      new PodApi(by).bind({ ...pod, uid: 'of-another' }, 'plain').catch((error: unknown) => {
        const { code, reason, message } = error as { code: number; reason: string; message: string };
        return { code, reason, message };
      });
    // The first is written in JSON, as always before a server has answered; the second is not.
    for (const by of [client, client, connect({ protobuf: false })]) refusals.push(await refused(by));
    expect(refusals[0]).toMatchObject({ code: 409, reason: 'Conflict' });
    expect(refusals[1]).toEqual(refusals[0]);
    expect(refusals[2]).toEqual(refusals[0]);

    await new PodApi(client).bind(pod, 'plain');
    expect((await api.get<Pod>(`${PODS}/written`)).spec.nodeName).toBe('plain');

    const events = new EventRecorder(client, { hostname: 'here' });
    const event = {
      type: 'Normal',
      reason: 'Scheduled',
      action: 'Binding',
      note: 'Successfully assigned default/written to plain: zwölf ⛵',
      regarding: { apiVersion: 'v1', kind: 'Pod', ...pod },
      related: { apiVersion: 'v1', kind: 'Node', namespace: '', name: 'plain' },
      reportingController: 'berth',
    } as const;
    events.record(event);
    await events.flush();
    events.close();
    expect(events.stats).toMatchObject({ posted: 1, failed: 0 });
    const [seen] = (await schedulingEvents(cluster.plane)).filter(
      ({ regarding }) => regarding.name === 'written',
    );
    const { related, ...rest } = event;
    expect(seen).toMatchObject({
      ...rest,
      related: { apiVersion: related.apiVersion, kind: related.kind, name: related.name },
      reportingInstance: 'berth-here',
      eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    });
  });
});

interface Exchanged {
  readonly what: string;
  readonly sent: string;
  readonly answered: string;
}

/** More than the events that go out at once. */
const pods = 12;

describe('the program', () => {
  it.each([
    ['speaks protobuf about pods, nodes, bindings and events', '', protobuf, protobuf],
    [
      'speaks JSON where its configuration says so',
      'application/json',
      'application/json',
      'application/json',
    ],
  ])('%s', async (title, contentType, sent, answered) => {
    const exchanged: Exchanged[] = [];
    const proxy = await startProxy(exchanged);
    const folder = cluster.plane.dir;
    const name = title.includes('JSON') ? 'json' : 'protobuf';
    const config = join(folder, `${name}.yaml`);
    await writeFile(
      config,
      `apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nclientConnection: {contentType: "${contentType}"}\nleaderElection: {leaderElect: false}\nprofiles: [{schedulerName: berth}]\n`,
    );
    const kubeconfig = join(folder, `${name}.kubeconfig`);
    const direct = await readFile(cluster.kubeconfig, 'utf8');
    await writeFile(kubeconfig, direct.replaceAll(cluster.plane.url, urlOf(proxy)));
    const berth = await BerthProcess.start(cluster.plane, { kubeconfig, args: ['--config', config] });
    try {
      const watch = await PodWatch.start(cluster.plane.api);
      await cluster.plane.api.patch('/api/v1/nodes/plain', { spec: { unschedulable: null } });
      await createPods(cluster.plane.api, replicas(pods, { name }));
      for (let index = 0; index < pods; index += 1) await watch.bound(`${name}-${index}`);
      await watch.stop();
      const events = (): number => exchanged.filter(({ what }) => what === 'POST events').length;
      await until('every pod has its event', async () => events() >= pods);
    } finally {
      await berth.child.stop();
      proxy.closeAllConnections();
      proxy.close();
    }
    const of = (what: string): Exchanged[] => exchanged.filter((exchange) => exchange.what === what);
    for (const what of ['list pods', 'list nodes', 'watch pods', 'watch nodes']) {
      expect(of(what).length).toBeGreaterThan(0);
      for (const exchange of of(what)) expect(exchange).toMatchObject({ answered });
    }
    for (const what of ['POST binding', 'POST events']) {
      expect(of(what)).toHaveLength(pods);
      // Events have connections of their own, and the first of them go out before an answer has come.
      expect(of(what).at(-1)).toMatchObject({ sent, answered });
    }
    for (const exchange of of('POST binding')) expect(exchange).toMatchObject({ sent, answered });
  });
});

/** Passes everything on, and takes note of what it is written in. */
async function startProxy(exchanged: Exchanged[]): Promise<Server> {
  const ca = await readFile(cluster.plane.caFile);
  const server = createServer((incoming: IncomingMessage, answer: ServerResponse) => {
    const url = new URL(incoming.url ?? '/', cluster.plane.url);
    const { host: _host, connection: _connection, ...headers } = incoming.headers;
    const upstream = requestHttps(url, { method: incoming.method, headers, ca }, (response) => {
      exchanged.push({
        what: nameOf(incoming.method ?? '', url),
        sent: mediaType(headers['content-type']),
        answered: mediaType(response.headers['content-type']),
      });
      const { connection: _ours, 'transfer-encoding': _chunked, ...answered } = response.headers;
      answer.writeHead(response.statusCode ?? 502, answered);
      answer.flushHeaders();
      response.pipe(answer);
      response.on('error', () => answer.destroy());
    });
    upstream.on('error', () => answer.destroy());
    answer.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const mediaType = (contentType: string | undefined): string => contentType?.split(';')[0] ?? '';

function nameOf(method: string, { pathname, searchParams }: URL): string {
  const last = pathname.split('/').at(-1) ?? '';
  if (method !== 'GET') return `${method} ${last}`;
  return `${searchParams.has('watch') ? 'watch' : 'list'} ${last}`;
}
