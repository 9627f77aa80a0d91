import { spawnSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, it } from '@jest/globals';
import { BerthProcess } from './berth-process.js';
import { eventually } from './eventually.js';
import { ExampleCluster } from './example-cluster.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
let cluster: ExampleCluster | undefined;
let prometheus: Server | undefined;
afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
  prometheus?.close();
  prometheus?.closeAllConnections();
  prometheus = undefined;
});
afterAll(() => BerthProcess.close());

it('the types of all examples fit', () => {
  const { stdout } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'examples')],
    { encoding: 'utf8' },
  );
  expect(stdout).toBe('');
});

it('the tests of all examples pass, run as their authors would', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      '--config',
      'examples/jest.config.mjs',
    ],
    { cwd: root, encoding: 'utf8', env: { PATH: process.env.PATH, CI: 'true' } },
  );
  expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
});

it('NodeAnnotationScore places pods on the node with the highest number', async () => {
  cluster = await ExampleCluster.of('node-annotation-score');
  for (const [name, score] of [
    ['low', '10'],
    ['high', '95.5'],
    ['none', 'many'],
  ] as const)
    cluster.node({ name, metadata: { annotations: { 'example.com/score': score } } });
  await cluster.start();
  for (const name of ['one', 'two', 'three']) cluster.pod({ name, requests: { cpu: '500m' } });
  await cluster.bound('one', 'two', 'three');
  expect(['one', 'two', 'three'].map((name) => cluster?.nodeOf(name))).toEqual(['high', 'high', 'high']);
});

it('BusinessHours keeps batch pods off people’s nodes while they work', async () => {
  cluster = await ExampleCluster.of('business-hours');
  cluster.node({ name: 'desk', labels: { 'example.com/interactive': 'true' } });
  // Whatever day and time it is when this test runs, people work.
  const timeZone = zoneOfNoon();
  await cluster.start((text) =>
    text
      .replace(/days: .*/, 'days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun]')
      .replace('"08:00"', '"00:00"')
      .replace('"18:00"', '"23:59"')
      .replace('Europe/Berlin', timeZone),
  );
  cluster.pod({ name: 'service' });
  cluster.pod({ name: 'batch', labels: { 'example.com/batch': 'true' } });
  await cluster.bound('service');
  await eventually(
    'the batch pod to be refused',
    () =>
      cluster?.messageOf('batch').includes(`1 node(s) were kept for people until 23:59 ${timeZone}`) ?? false,
  );
  cluster.node({ name: 'server' });
  await cluster.bound('batch');
  expect(cluster.nodeOf('batch')).toBe('server');
});

/** A time zone where it is about noon now: on every day there is a minute that no hours of work cover. */
function zoneOfNoon(): string {
  const ahead = 12 - new Date().getUTCHours();
  // By their names, zones east of Greenwich are behind it.
  return `Etc/GMT${ahead < 0 ? '+' : '-'}${Math.abs(ahead)}`;
}

it('LiveUsage places pods by what Prometheus measured, and by requests while it has no answer', async () => {
  const asked: string[] = [];
  let shares: Readonly<Record<string, string>> | undefined;
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const result = Object.entries(shares ?? {}).map(([node, share]) => ({
      metric: { node },
      value: [Date.now() / 1_000, share],
    }));
    response.statusCode = shares === undefined ? 503 : 200;
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
  });
  prometheus = server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  cluster = await ExampleCluster.of('live-usage');
  cluster.node({ name: 'busy' });
  cluster.node({ name: 'idle' });
  const berth = await cluster.start((text) =>
    text
      .replace(/prometheus: .*/, `prometheus: http://127.0.0.1:${port}`)
      .replace(/refreshSeconds: .*/, 'refreshSeconds: 1'),
  );
  // By requests, the pod goes where less is asked for.
  cluster.pod({ name: 'taken', nodeName: 'idle', requests: { cpu: '2' } });
  await eventually('a question', () => asked.length > 0);
  cluster.pod({ name: 'first', requests: { cpu: '100m' } });
  await cluster.bound('first');
  expect(cluster.nodeOf('first')).toBe('busy');

  shares = { busy: '0.95', idle: '0.02' };
  const before = asked.length;
  await eventually('an answer to be read', () => asked.length > before + 1);
  cluster.pod({ name: 'second', requests: { cpu: '100m' } });
  await cluster.bound('second');
  expect(cluster.nodeOf('second')).toBe('idle');
  expect(asked[0]).toBe(
    `/api/v1/query?query=${encodeURIComponent('1 - avg by (node) (rate(node_cpu_seconds_total{mode="idle"}[2m]))')}`,
  );
  expect(berth.stderr).toContain('a plugin failed in the background');
});

it('TieredQueue tries pods of the first tier first', async () => {
  cluster = await ExampleCluster.of('tiered-queue');
  // Room for one. All of them wait when Berth starts: the order of its queue is all that tells them apart.
  cluster.node({ name: 'only', allocatable: { cpu: '1' } });
  for (const [name, tier] of [
    ['none', 'other'],
    ['silver', 'silver'],
    ['gold', 'gold'],
  ] as const)
    cluster.pod({ name, labels: { 'example.com/tier': tier }, requests: { cpu: '1' } });
  await cluster.start();
  await eventually('the others to be refused', () =>
    ['none', 'silver'].every((name) => cluster?.messageOf(name).includes('1 Insufficient cpu')),
  );
  await cluster.bound('gold');
});
