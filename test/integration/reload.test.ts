import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type EmbeddedApiServer,
  startEmbeddedApiServer,
} from '../../src/kube/embedded/embedded-api-server.js';
import { rawNode, rawPod } from '../build-objects.js';
import { ExtenderServer } from '../extender-server.js';
import { MountedFolder } from '../mounted-folder.js';
import { BerthProcess, kubeconfigFor } from './berth-process.js';
import { eventually } from './eventually.js';
import { sumOf } from './exposition.js';

const config = 'config.yaml';
let api: EmbeddedApiServer;
let mounted: MountedFolder;
let berth: BerthProcess;

beforeEach(async () => {
  api = await startEmbeddedApiServer();
});
afterEach(async () => {
  await BerthProcess.killAll();
  mounted.remove();
  await api.close();
});
afterAll(() => BerthProcess.close());

/** A configuration whose first profile packs or spreads. */
function packing(type: 'LeastAllocated' | 'MostAllocated', more = ''): string {
  return `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - schedulerName: berth
    plugins:
      score: {disabled: [{name: NodeResourcesBalancedAllocation}, {name: ImageLocality}]}
    pluginConfig:
      - name: NodeResourcesFit
        args: {scoringStrategy: {type: ${type}}}
${more}`;
}

async function start(files: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<void> {
  mounted = new MountedFolder(files);
  const flags = ['--config', mounted.file(config), '--reload-interval', '50ms', ...args];
  berth = BerthProcess.run(kubeconfigFor(api.url), ...flags);
  await berth.ready();
}

function addNodes(...names: readonly string[]): void {
  for (const name of names)
    api.create(rawNode({ name, allocatable: { cpu: '4', memory: '8Gi', pods: '110' } }) as never);
}

function addPod(name: string, options: Parameters<typeof rawPod>[0] = {}): void {
  api.create(rawPod({ name, requests: { cpu: '100m' }, ...options }) as never);
}

function podOf(name: string) {
  return api.get({ apiVersion: 'v1', kind: 'Pod', namespace: 'default', name }) as unknown as {
    readonly spec: { readonly nodeName?: string };
    readonly status?: { readonly conditions?: readonly { readonly message?: string }[] };
  };
}

async function placed(name: string): Promise<string> {
  await eventually(`${name} to be bound`, () => podOf(name).spec.nodeName !== undefined, {
    state: () => [podOf(name).status, berth.stderr.slice(-800)],
  });
  return podOf(name).spec.nodeName!;
}

async function refused(name: string, message: string): Promise<void> {
  const said = () => podOf(name).status?.conditions?.[0]?.message ?? '';
  await eventually(`${name} to be refused`, () => said().includes(message), { state: said });
}

async function metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
  return sumOf((await berth.get('/metrics')).body, name, labels);
}

async function generation(wanted: number): Promise<void> {
  await eventually(
    `generation ${wanted}`,
    async () => (await metric('berth_configuration_generation')) === wanted,
    { state: () => berth.stderr.slice(-1_500) },
  );
}

interface Line {
  readonly msg: string;
  readonly [fact: string]: unknown;
}

/** Lines with this message, once there are some: they come a little later than what they tell of. */
async function logged(message: string): Promise<Line[]> {
  const lines = (): Line[] =>
    berth.stderr
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Line)
      .filter((line) => line.msg === message);
  await eventually(`the log to say: ${message}`, () => lines().length > 0, {
    state: () => berth.stderr.slice(-1_500),
  });
  return lines();
}

/** A plugin that refuses every node with this reason. */
function refusing(reason: string): string {
  return `import { definePlugin, unschedulable } from 'berth';
export const plugin = definePlugin({
  name: 'Refusing',
  points: ['filter'],
  create: () => ({ filter: () => unschedulable('${reason}') }),
});
`;
}

const withRefusing = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - schedulerName: berth
    plugins: {filter: {enabled: [{name: Refusing}]}}
---
apiVersion: berth.dev/v1alpha1
kind: BerthConfiguration
plugins:
  - {name: Refusing, module: ./refusing.ts}
`;

describe('a configuration that changes while Berth works', () => {
  it('decides about the next pod, and is told of in a metric, the log and an event on the Lease', async () => {
    api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'berth-system' } });
    addNodes('a', 'b');
    addPod('first', { nodeName: 'a', requests: { cpu: '2', memory: '4Gi' } });
    await start({ [config]: packing('LeastAllocated') }, '--lease-name', 'berth');
    addPod('spread');
    expect(await placed('spread')).toBe('b');
    expect(await metric('berth_configuration_generation')).toBe(1);

    mounted.update({ [config]: packing('MostAllocated') });
    await generation(2);
    addPod('packed');
    expect(await placed('packed')).toBe('a');
    expect(await metric('berth_configuration_reloads_total', { result: 'applied' })).toBe(1);
    expect((await berth.get('/configz')).body).toContain('MostAllocated');
    expect(await logged('the changed configuration is in effect')).toMatchObject([{ generation: 2 }]);
    const events = () =>
      api
        .list({ apiVersion: 'events.k8s.io/v1', kind: 'Event' })
        .filter(({ reason }) => (reason as string) === 'ConfigurationReloaded') as unknown as {
        readonly note: string;
        readonly regarding: { readonly kind: string; readonly name: string };
      }[];
    await eventually('the event', () => events().length > 0);
    expect(events()).toMatchObject([
      { note: 'Generation 2 of the configuration is in effect', regarding: { kind: 'Lease', name: 'berth' } },
    ]);
  });

  it('is refused loudly when it is not right, and the last good one stays', async () => {
    addNodes('a', 'b');
    addPod('first', { nodeName: 'a', requests: { cpu: '2', memory: '4Gi' } });
    await start({ [config]: packing('MostAllocated') });
    mounted.update({ [config]: packing('LeastAllocated').replace('scoringStrategy', 'scoringStrategi') });
    await eventually(
      'the refusal',
      async () => (await metric('berth_configuration_last_reload_successful')) === 0,
    );
    expect(await logged('the changed configuration is refused and the last good one stays')).toMatchObject([
      {
        generation: 1,
        code: 'BERTH_E_CONFIG_INVALID',
        error: expect.stringMatching(/config\.yaml:9:16: .*did you mean "scoringStrategy"\?/),
      },
    ]);
    expect(await metric('berth_configuration_reloads_total', { result: 'refused' })).toBe(1);
    addPod('still-packed');
    expect(await placed('still-packed')).toBe('a');

    mounted.update({ [config]: packing('LeastAllocated') });
    await generation(2);
    expect(await metric('berth_configuration_last_reload_successful')).toBe(1);
    addPod('spread');
    expect(await placed('spread')).toBe('b');
  });

  it('may bring new scheduler names and take away old ones', async () => {
    addNodes('a');
    await start({ [config]: packing('LeastAllocated') });
    addPod('waits', { schedulerName: 'other' });
    addPod('stays', { requests: { cpu: '100' } });
    await refused('stays', 'Insufficient cpu');
    mounted.update({
      [config]: packing('LeastAllocated').replace('schedulerName: berth', 'schedulerName: other'),
    });
    expect(await placed('waits')).toBe('a');
    addPod('nobodys');
    addPod('later', { schedulerName: 'other' });
    expect(await placed('later')).toBe('a');
    expect(podOf('nobodys').spec.nodeName).toBeUndefined();
    expect(await metric('scheduler_pending_pods')).toBe(0);
  });

  it('brings plugins from modules that changed, and pods that the old ones refused are tried again', async () => {
    addNodes('a');
    await start({ [config]: withRefusing, 'refusing.ts': refusing('not today') });
    addPod('patient');
    await refused('patient', '1 not today');
    mounted.update({ [config]: withRefusing, 'refusing.ts': refusing('not tomorrow') });
    await refused('patient', '1 not tomorrow');
    // A module that does not load leaves the former one at work.
    mounted.update({ [config]: withRefusing, 'refusing.ts': 'export const a = ;' });
    await eventually(
      'the refusal',
      async () => (await metric('berth_configuration_last_reload_successful')) === 0,
    );
    mounted.update({ [config]: packing('LeastAllocated') });
    expect(await placed('patient')).toBe('a');
    expect(await metric('berth_configuration_generation')).toBe(3);
  });

  it('is refused when a module never ends being loaded, and pods are scheduled meanwhile', async () => {
    addNodes('a');
    await start({ [config]: packing('LeastAllocated') });
    const tried = join(mounted.path, 'tried');
    const endless = `import { writeFileSync } from 'node:fs';
writeFileSync(${JSON.stringify(tried)}, '');
for (;;);
${refusing('never')}`;
    mounted.update({ [config]: withRefusing, 'refusing.ts': endless });
    await eventually('the module to be tried', () => existsSync(tried));
    addPod('meanwhile');
    expect(await placed('meanwhile')).toBe('a');
    // So that it was meanwhile indeed.
    expect(await metric('berth_configuration_last_reload_successful')).toBe(1);
    expect(await logged('the changed configuration is refused and the last good one stays')).toMatchObject([
      {
        code: 'BERTH_E_CONFIG_INVALID',
        error: expect.stringMatching(/refusing\.ts:1:1: it is not loaded after 10s and does not pause; /),
      },
    ]);
    mounted.update({ [config]: withRefusing, 'refusing.ts': refusing('not today') });
    await generation(2);
    addPod('patient');
    await refused('patient', '1 not today');
  });

  it('begins to watch what its plugins read before it takes effect', async () => {
    const few = ['NodeResourcesFit', 'PrioritySort', 'DefaultBinder'].map((name) => `{name: ${name}}`);
    addNodes('a');
    await start({
      [config]: `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - schedulerName: berth
    plugins: {multiPoint: {disabled: [{name: "*"}], enabled: [${few.join(', ')}]}}
`,
    });
    expect((await berth.get('/metrics')).body).not.toContain('resource="persistentvolumeclaims"');
    mounted.update({ [config]: packing('LeastAllocated') });
    await generation(2);
    addPod('with-claim', {
      spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'missing' } }] },
    });
    await refused('with-claim', 'persistentvolumeclaim "missing" not found');
    expect(await metric('berth_reflector_synced', { resource: 'persistentvolumeclaims' })).toBe(1);
  });

  it('may bring an extender, which gets nodes and pods whole that were seen long before', async () => {
    const extender = await ExtenderServer.start();
    extender.on('filter', ({ body }) => ({
      Nodes: {
        items: body.Nodes.items.filter((node: { metadata: { name: string } }) => node.metadata.name === 'b'),
      },
    }));
    try {
      addNodes('a', 'b');
      await start({ [config]: packing('LeastAllocated') });
      addPod('first', { nodeName: 'b', requests: { cpu: '2' } });
      const extenders = `extenders:\n  - {urlPrefix: "${extender.url}", filterVerb: filter}\n`;
      mounted.update({ [config]: packing('LeastAllocated', extenders) });
      await generation(2);
      addPod('extended');
      expect(await placed('extended')).toBe('b');
      expect(extender.requests[0]?.body.Nodes.items).toHaveLength(2);
      // Without it again: nobody is asked any more.
      mounted.update({ [config]: packing('LeastAllocated') });
      await generation(3);
      addPod('alone');
      expect(await placed('alone')).toBe('a');
      expect(extender.requests).toHaveLength(1);
    } finally {
      await extender.stop();
    }
  });

  it('is compared with the one in effect first, where that is asked for', async () => {
    addNodes('a');
    await start({ [config]: withRefusing, 'refusing.ts': refusing('not today') }, '--reload-preview');
    addPod('patient');
    addPod('too-large', { requests: { cpu: '100' } });
    await refused('patient', '1 not today');
    await refused('too-large', 'Insufficient cpu');
    mounted.update({ [config]: packing('LeastAllocated') });
    await placed('patient');
    expect(await logged('the changed configuration judges a pod differently')).toMatchObject([
      {
        pod: 'default/patient',
        before: 'is refused: 0/1 nodes are available: 1 not today.',
        after: 'fits a alone',
      },
    ]);
    expect(
      await logged('compared the changed configuration with the one in effect over the pending pods'),
    ).toMatchObject([{ judged: 2, different: 1, notJudged: 0 }]);
  });

  it('is looked for on SIGHUP, also where nobody looks by himself; and says what waits for the next start', async () => {
    addNodes('a');
    await start({ [config]: packing('LeastAllocated') }, '--reload-interval', '0');
    mounted.update({ [config]: packing('LeastAllocated', 'clientConnection: {qps: 7}\n') });
    berth.send('SIGHUP');
    await generation(2);
    expect(await logged('a changed field takes effect at the next start only')).toMatchObject([
      { field: 'clientConnection' },
    ]);
    expect((await berth.get('/configz')).body).not.toContain('"qps":7');
  });
});
