import { describe, expect, it } from '@jest/globals';
import { humanDuration } from '../../../../src/kube/embedded/human-duration.js';
import { ManualClock } from '../../../manual-clock.js';
import { PODS, podBody, withServer } from './embedded-client.js';
import { SAMPLE_KINDS, sampleOf } from './sample-kinds.js';

const AS_TABLE = {
  accept:
    'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
};

interface Table {
  readonly kind: string;
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[] | null;
  readonly rows: readonly {
    readonly cells: readonly unknown[];
    readonly object: { readonly kind: string } | null;
  }[];
}

/** The rows as a person would read them. */
const read = (table: Table): Record<string, unknown>[] =>
  table.rows.map(({ cells }) =>
    Object.fromEntries((table.columnDefinitions ?? []).map(({ name }, index) => [name, cells[index]])),
  );

describe('a table', () => {
  it('of pods shows what kubectl prints', async () => {
    const clock = new ManualClock();
    await withServer({ clock, gracefulDeletion: true }, async (client, server) => {
      server.create(podBody('a') as never);
      server.create(podBody('b', { schedulingGates: [{ name: 'example.com/g' }] }) as never);
      server.create(podBody('c', { nodeName: 'n1' }) as never);
      server.patch(
        { apiVersion: 'v1', kind: 'Pod', name: 'c' },
        {
          status: {
            phase: 'Running',
            podIP: '10.0.0.7',
            containerStatuses: [{ name: 'app', ready: true, restartCount: 2 }],
          },
        },
        { subresource: 'status' },
      );
      server.create(podBody('d', { nodeName: 'n1' }) as never);
      server.delete({ apiVersion: 'v1', kind: 'Pod', name: 'd' });
      await clock.advance(65_000);
      const { body } = await client.get(PODS, AS_TABLE);
      expect(body).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
      expect(read(body)).toMatchObject([
        {
          Name: 'a',
          Ready: '0/1',
          Status: 'Pending',
          Restarts: '0',
          Age: '65s',
          IP: '<none>',
          Node: '<none>',
        },
        { Name: 'b', Status: 'SchedulingGated' },
        { Name: 'c', Ready: '1/1', Status: 'Running', Restarts: '2', IP: '10.0.0.7', Node: 'n1' },
        { Name: 'd', Status: 'Terminating' },
      ]);
      expect(body.rows[0].object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
      const full = await client.get(`${PODS}/a?includeObject=Object`, AS_TABLE);
      expect(full.body.rows[0].object).toMatchObject({ kind: 'Pod', spec: {} });
    });
  });

  it('of nodes, deployments, events and the rest', () =>
    withServer({ clock: new ManualClock() }, async (client, server) => {
      server.create({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'n', labels: { 'node-role.kubernetes.io/control-plane': '' } },
        spec: { unschedulable: true },
        status: { conditions: [{ type: 'Ready', status: 'True' }], nodeInfo: { kubeletVersion: 'v1.37.1' } },
      });
      const nodes = await client.get('/api/v1/nodes', AS_TABLE);
      expect(read(nodes.body)).toMatchObject([
        {
          Name: 'n',
          Status: 'Ready,SchedulingDisabled',
          Roles: 'control-plane',
          Age: '0s',
          Version: 'v1.37.1',
        },
      ]);
      const template = {
        metadata: { labels: { a: 'b' } },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      };
      const spec = { replicas: 2, selector: { matchLabels: { a: 'b' } }, template };
      server.create({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec });
      const deployments = await client.get('/apis/apps/v1/deployments', AS_TABLE);
      expect(read(deployments.body)).toMatchObject([
        {
          Name: 'd',
          Ready: '0/2',
          'Up-to-date': 0,
          Available: 0,
          Containers: 'c',
          Images: 'i',
          Selector: 'a=b',
        },
      ]);
      server.create({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'e' },
        involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
        reason: 'Scheduled',
        message: 'fine',
        type: 'Normal',
      });
      for (const path of ['/api/v1/events', '/apis/events.k8s.io/v1/events']) {
        const events = await client.get(path, AS_TABLE);
        expect(read(events.body)).toMatchObject([
          { Type: 'Normal', Reason: 'Scheduled', Object: 'pod/p', Message: 'fine', Count: 1, Name: 'e' },
        ]);
      }
      const generic = await client.get('/api/v1/serviceaccounts', AS_TABLE);
      expect(generic.body.columnDefinitions.map((column: { name: string }) => column.name)).toEqual([
        'Name',
        'Age',
      ]);
    }));

  it('of every kind can be drawn, even of objects with next to nothing in them', () =>
    withServer({}, async (client, server) => {
      const { body: groups } = await client.get('/apis');
      const roots = ['/api/v1', ...groups.groups.map((group: { name: string }) => `/apis/${group.name}/v1`)];
      const drawn: string[] = [];
      for (const sample of SAMPLE_KINDS) {
        // An event is the same in both of its forms.
        if (sample.apiVersion !== 'events.k8s.io/v1') server.create(sample.body('x'));
        const table = await client.get(sample.everywhere, AS_TABLE);
        expect(table.body.rows.length).toBeGreaterThan(0);
        expect(table.body.rows[0].cells).toHaveLength(table.body.columnDefinitions.length);
        drawn.push(sample.everywhere);
      }
      for (const root of roots) {
        const { body } = await client.get(root);
        const listed = body.resources.filter(({ verbs }: { verbs: string[] }) => verbs.includes('list'));
        for (const { name } of listed) expect(drawn).toContain(`${root}/${name}`);
      }
    }));

  it('of volumes, claims, classes, budgets and the rest of what decisions ask about', () =>
    withServer({ clock: new ManualClock() }, async (client, server) => {
      const make = (kind: string, fields: object): void => {
        const body = sampleOf(kind).body('a');
        const spec = { ...(body.spec as object), ...(fields as { spec?: object }).spec };
        server.create({ ...body, ...fields, spec }, { keepStatus: true });
      };
      const rowOf = async (kind: string) => {
        const { body } = await client.get(sampleOf(kind).everywhere, AS_TABLE);
        return read(body).find(({ Name }) => Name === 'a');
      };
      make('PersistentVolume', {
        spec: {
          claimRef: { namespace: 'default', name: 'a' },
          accessModes: ['ReadWriteOnce', 'ReadOnlyMany'],
        },
        status: { phase: 'Bound' },
      });
      expect(await rowOf('PersistentVolume')).toEqual({
        Name: 'a',
        Capacity: '1Gi',
        'Access Modes': 'RWO,ROX',
        'Reclaim Policy': 'Retain',
        Status: 'Bound',
        Claim: 'default/a',
        StorageClass: 'none',
        VolumeAttributesClass: '<unset>',
        Reason: '',
        Age: '0s',
        VolumeMode: 'Filesystem',
      });
      make('PersistentVolumeClaim', {
        metadata: { name: 'a', annotations: { 'volume.beta.kubernetes.io/storage-class': 'of-old' } },
        spec: { volumeName: 'a' },
        status: { phase: 'Bound', capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOncePod'] },
      });
      expect(await rowOf('PersistentVolumeClaim')).toMatchObject({
        Status: 'Bound',
        Volume: 'a',
        Capacity: '2Gi',
        'Access Modes': 'RWOP',
        StorageClass: 'of-old',
      });
      make('StorageClass', { allowVolumeExpansion: true });
      expect(await rowOf('StorageClass')).toMatchObject({
        Provisioner: 'example.com/disk',
        ReclaimPolicy: 'Delete',
        VolumeBindingMode: 'Immediate',
        AllowVolumeExpansion: true,
      });
      make('CSINode', { spec: { drivers: [{ name: 'd', nodeID: 'n' }] } });
      expect(await rowOf('CSINode')).toMatchObject({ Drivers: 1 });
      make('CSIDriver', { spec: { tokenRequests: [{ audience: 'x' }], storageCapacity: true } });
      expect(await rowOf('CSIDriver')).toMatchObject({
        AttachRequired: true,
        PodInfoOnMount: false,
        StorageCapacity: true,
        TokenRequests: 'x',
        RequiresRepublish: false,
        Modes: 'Persistent',
      });
      make('CSIStorageCapacity', { capacity: '7Gi' });
      expect(await rowOf('CSIStorageCapacity')).toMatchObject({
        StorageClass: 'none',
        Capacity: '7Gi',
        'Maximum Size': '<unset>',
      });
      make('VolumeAttachment', { status: { attached: true } });
      expect(await rowOf('VolumeAttachment')).toMatchObject({ PV: 'v', Node: 'n', Attached: true });
      make('PodDisruptionBudget', { spec: { minAvailable: 2 }, status: { disruptionsAllowed: 3 } });
      expect(await rowOf('PodDisruptionBudget')).toMatchObject({
        'Min Available': '2',
        'Max Unavailable': 'N/A',
        'Allowed Disruptions': 3,
      });
      make('Service', { spec: { type: 'LoadBalancer', selector: { app: 'x' } } });
      expect(await rowOf('Service')).toMatchObject({
        Type: 'LoadBalancer',
        'External-IP': '<pending>',
        'Port(s)': expect.stringMatching(/^80:3\d{4}\/TCP$/),
        Selector: 'app=x',
      });
      make('ReplicationController', {});
      expect(await rowOf('ReplicationController')).toMatchObject({ Desired: 1, Ready: 0, Selector: 'app=x' });
      make('Namespace', {});
      expect(await rowOf('Namespace')).toMatchObject({ Status: 'Active' });
    }));

  it('is watched row by row, its columns named once', () =>
    withServer({}, async (client, server) => {
      const watch = await client.watch(`${PODS}?watch=1`, AS_TABLE);
      server.create(podBody('a') as never);
      server.create(podBody('b') as never);
      await watch.seen(2);
      const [first, second] = watch.frames.map(({ object }) => object as Table);
      expect(first?.columnDefinitions).toHaveLength(9);
      expect(second?.columnDefinitions).toBeNull();
      expect(second?.rows[0]?.cells[0]).toBe('b');
    }));
});

describe('a duration', () => {
  it.each([
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [185, '3m5s'],
    [599, '9m59s'],
    [600, '10m'],
    [3 * 3600, '3h'],
    [3 * 3600 + 60, '3h1m'],
    [8 * 3600, '8h'],
    [47 * 3600, '47h'],
    [49 * 3600, '2d1h'],
    [9 * 86400, '9d'],
    [800 * 86400, '2y70d'],
    [10 * 365 * 86400, '10y'],
    [-1, '0s'],
    [-5, '<invalid>'],
  ])('of %d s is shown as %s', (seconds, text) => {
    expect(humanDuration(seconds * 1000)).toBe(text);
  });
});
