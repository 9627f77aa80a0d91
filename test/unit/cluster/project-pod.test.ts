import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import type { Pod } from '../../../src/cluster/pod.js';
import { createPodProjector } from '../../../src/cluster/project-pod.js';
import { normalizedImageName } from '../../../src/cluster/project-pod-spec.js';
import { ProjectionError } from '../../../src/cluster/projection-error.js';
import { rawPod, rawPodWith } from './raw-pod.js';

const project = (path: string, value: unknown): Pod => createPodProjector()(rawPodWith(path, value));

function failure(path: string, value: unknown): ProjectionError {
  try {
    project(path, value);
  } catch (error) {
    if (error instanceof ProjectionError) return error;
    throw error;
  }
  throw new Error('projected after all');
}

function isDeepFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Map) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeepFrozen);
}

describe('a projected pod', () => {
  it('holds what decisions read and nothing else', () => {
    const { spec, ...pod } = createPodProjector()(rawPod());
    const { id, ...rest } = spec;
    expect(id).toBeGreaterThan(0);
    expect(pod).toEqual({
      uid: '00000000-0000-4000-8000-000000000000',
      namespace: 'team-a',
      name: 'web-0',
      resourceVersion: '1000',
      generation: 2,
      labels: { app: 'web', 'pod-template-hash': '7d4b9c' },
      schedulerName: 'berth',
      nodeName: 'node-1',
      nominatedNodeName: 'node-2',
      priority: 10,
      phase: 'Running',
      terminating: false,
      preempted: false,
      generatedClaims: '',
      startTime: Date.UTC(2026, 0, 2, 3, 4, 6),
      creationTime: Date.UTC(2026, 0, 2, 3, 4, 5),
      controller: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-7d4b9c', uid: 'u1' },
      scheduledCondition: {
        status: 'False',
        reason: 'Unschedulable',
        message: 'no',
        lastTransitionTime: '2026-01-02T03:04:05Z',
      },
      accounted: {
        cpu: 1050,
        memory: 2 ** 30,
        ephemeralStorage: 0,
        scalars: new Map([['example.com/gpu', 1]]),
      },
      nonZeroCpu: 1050,
      nonZeroMemory: 2 ** 30 + 200 * 2 ** 20,
    });
    expect(rest).toEqual({
      nodeSelector: { disk: 'ssd' },
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'b'] }] }],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 5,
              preference: { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['x'] }] },
            },
          ],
        },
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {
              labelSelector: { matchLabels: { app: 'web' } },
              namespaces: ['team-b'],
              namespaceSelector: {},
              topologyKey: 'kubernetes.io/hostname',
            },
          ],
        },
      },
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', value: '', effect: 'NoExecute' },
      ],
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] },
          minDomains: 2,
        },
      ],
      schedulingGates: ['example.com/wait'],
      preemptionPolicy: 'Never',
      claimNames: ['data-claim'],
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: 'data-claim' } },
        { name: 'disk', gcePersistentDisk: { pdName: 'pd', readOnly: true } },
      ],
      hasResourceClaims: false,
      hostPorts: [
        { ip: '0.0.0.0', protocol: 'TCP', port: 8081 },
        { ip: '10.0.0.1', protocol: 'UDP', port: 2222 },
      ],
      requiredFeatures: [],
      images: ['busybox:latest', 'proxy@sha256:abc', 'web:1.2', 'registry:5000/model:latest'],
      imageCount: 4,
      requests: {
        cpu: 1050,
        memory: 2 ** 30,
        ephemeralStorage: 0,
        scalars: new Map([['example.com/gpu', 1]]),
      },
      scoringRequests: {
        cpu: 1050,
        memory: 2 ** 30 + 200 * 2 ** 20,
        ephemeralStorage: 0,
        scalars: new Map([['example.com/gpu', 1]]),
      },
    });
  });

  it('takes the defaults of the API for what is absent or null', () => {
    const bare = {
      metadata: {
        name: 'a',
        namespace: 'b',
        uid: 'c',
        labels: null,
        ownerReferences: null,
        creationTimestamp: null,
      },
      spec: { containers: null, nodeSelector: null, affinity: null, volumes: null },
    };
    const { spec, ...pod } = createPodProjector()(bare);
    expect(pod).toMatchObject({
      resourceVersion: '',
      generation: 0,
      labels: {},
      schedulerName: 'default-scheduler',
      nodeName: '',
      priority: 0,
      phase: '',
      terminating: false,
      preempted: false,
      generatedClaims: '',
      startTime: undefined,
      creationTime: 0,
      controller: undefined,
      scheduledCondition: undefined,
    });
    expect(spec).toMatchObject({
      nodeSelector: undefined,
      affinity: undefined,
      preemptionPolicy: 'PreemptLowerPriority',
      imageCount: 0,
    });
  });

  it('tells an empty node selector and empty affinity from absent ones', () => {
    expect(project('spec.nodeSelector', {}).spec.nodeSelector).toEqual({});
    expect(project('spec.affinity', { podAffinity: {} }).spec.affinity).toEqual({ podAffinity: {} });
    expect(project('spec.affinity', { podAffinity: null }).spec.affinity).toEqual({});
  });

  it('is terminating once it has a deletion timestamp', () => {
    expect(project('metadata.deletionTimestamp', '2026-01-02T03:04:05Z').terminating).toBe(true);
  });

  it.each([
    ['busybox', 'busybox:latest'],
    ['busybox:1', 'busybox:1'],
    ['localhost:5000/a', 'localhost:5000/a:latest'],
    ['localhost:5000/a:2', 'localhost:5000/a:2'],
    ['a/b@sha256:00', 'a/b@sha256:00'],
  ])('names the image %s as nodes do', (name, expected) => {
    expect(normalizedImageName(name)).toBe(expected);
  });

  it.each<[string, string, unknown, string[]]>([
    [
      'a container that restarts all',
      'spec.containers.0.restartPolicyRules',
      [{ action: 'RestartAllContainers' }],
      ['RestartAllContainersOnContainerExits'],
    ],
    ['a container that restarts itself', 'spec.containers.0.restartPolicyRules', [{ action: 'Restart' }], []],
    [
      'a mount with options',
      'spec.containers.0.volumeMounts',
      [{ name: 'a', bindMountOptions: ['nosuid'] }],
      ['VolumeBindMountOptions'],
    ],
    [
      'a mount with options in an ephemeral container',
      'spec.ephemeralContainers',
      [{ name: 'e', volumeMounts: [{ name: 'a', bindMountOptions: ['nosuid'] }] }],
      ['VolumeBindMountOptions'],
    ],
    ['a user namespace without host network', 'spec.hostUsers', false, []],
  ])('knows which features a node needs for %s', (_, path, value, features) => {
    expect(project(path, value).spec.requiredFeatures).toEqual(features);
  });

  it('needs user namespaces on the host network only when they are asked for explicitly', () => {
    const features = (hostUsers: unknown) => {
      const raw = rawPodWith('spec.hostNetwork', true);
      (raw.spec as Record<string, unknown>).hostUsers = hostUsers;
      return createPodProjector()(raw).spec.requiredFeatures;
    };
    expect(features(false)).toEqual(['UserNamespacesHostNetworkSupport']);
    expect([features(true), features(null), features(undefined)]).toEqual([[], [], []]);
  });

  it('counts what the status of its containers reports', () => {
    const larger = [{ name: 'web', allocatedResources: { cpu: '4' }, resources: { requests: { cpu: '3' } } }];
    const pod = project('status.containerStatuses', larger);
    expect(pod.accounted.cpu).toBe(4050);
    expect(pod.spec.requests.cpu).toBe(1050);
    const whole = { requests: { cpu: '9' } };
    expect(createPodProjector()(rawPodWith('status.resources', whole)).accounted.cpu).toBe(1050);
    const resized = rawPodWith('status.resources', whole);
    (resized.spec as Record<string, unknown>).resources = { requests: { cpu: '3' } };
    expect(createPodProjector()(resized).accounted.cpu).toBe(9050);
  });
});

describe('a pod whose resize is pending', () => {
  const accountedCpu = (...reasons: string[]) => {
    const raw = rawPodWith('status.containerStatuses', [
      { name: 'web', allocatedResources: { cpu: '400m' } },
    ]);
    const { conditions } = raw.status as { conditions: unknown[] };
    conditions.push(...reasons.map((reason) => ({ type: 'PodResizePending', reason })));
    return createPodProjector()(raw).accounted.cpu;
  };

  it('holds what its spec asks for, unless that will not come', () => {
    expect(accountedCpu()).toBe(1050);
    expect(accountedCpu('Deferred')).toBe(1050);
    expect(accountedCpu('Infeasible')).toBe(450);
  });

  it('is judged by the first condition of two', () => {
    expect(accountedCpu('Infeasible', 'Deferred')).toBe(450);
    expect(accountedCpu('Deferred', 'Infeasible')).toBe(1050);
  });
});

describe('pods of one template', () => {
  it('share a spec that is frozen through and through', () => {
    const projector = createPodProjector();
    const first = projector(JSON.parse(JSON.stringify(rawPod(1))));
    const second = projector(JSON.parse(JSON.stringify(rawPod(2))));
    expect(second.uid).not.toBe(first.uid);
    expect(second.spec).toBe(first.spec);
    expect(second.labels).toBe(first.labels);
    expect(second.controller).toBe(first.controller);
    expect(second.accounted).toBe(first.accounted);
    expect(isDeepFrozen(first.spec)).toBe(true);
  });

  it('share what is accounted when their containers report the same', () => {
    const projector = createPodProjector();
    const status = [{ name: 'web', allocatedResources: { cpu: '4' } }];
    const first = projector(rawPodWith('status.containerStatuses', status, 1));
    const second = projector(rawPodWith('status.containerStatuses', status, 2));
    expect(second.accounted).toBe(first.accounted);
    const other = projector(
      rawPodWith('status.containerStatuses', [{ name: 'web', allocatedResources: { cpu: '5' } }]),
    );
    expect(other.spec).toBe(first.spec);
    expect([first.accounted.cpu, other.accounted.cpu]).toEqual([4050, 5050]);
  });

  it('keep their own labels where these differ', () => {
    const projector = createPodProjector();
    const labels = (n: number) => projector(rawPodWith('metadata.labels', { 'pod-index': `${n}` }, n)).labels;
    expect([labels(1), labels(2), labels(1)]).toEqual([
      { 'pod-index': '1' },
      { 'pod-index': '2' },
      { 'pod-index': '1' },
    ]);
  });

  it.each<[string, unknown]>([
    ['spec.containers.0.image', 'web:1.3'],
    ['spec.containers.0.resources.requests.cpu', '1501m'],
    ['spec.containers.0.ports.1.hostPort', 8082],
    ['spec.containers.0.restartPolicyRules', [{ action: 'RestartAllContainers' }]],
    ['spec.initContainers.1.restartPolicy', 'Never'],
    ['spec.volumes.0.persistentVolumeClaim.claimName', 'other'],
    ['spec.volumes.2.image.reference', 'other'],
    ['spec.nodeSelector.disk', 'hdd'],
    ['spec.affinity.podAntiAffinity', {}],
    ['spec.tolerations.0.effect', 'NoSchedule'],
    ['spec.topologySpreadConstraints.0.maxSkew', 2],
    ['spec.schedulingGates', []],
    ['spec.preemptionPolicy', 'PreemptLowerPriority'],
    ['spec.overhead.cpu', '51m'],
    ['spec.resources', { requests: { cpu: '7' } }],
    ['spec.resourceClaims', [{ name: 'gpu' }]],
  ])('get a spec of their own when %s differs', (path, value) => {
    const projector = createPodProjector();
    const plain = projector(rawPod());
    const changed = projector(rawPodWith(path, value));
    expect(changed.spec.id).not.toBe(plain.spec.id);
    expect({ ...changed.spec, id: 0 }).not.toEqual({ ...plain.spec, id: 0 });
  });

  it('never get the id of a spec of another projector', () => {
    expect(createPodProjector()(rawPod()).spec.id).not.toBe(createPodProjector()(rawPod()).spec.id);
  });

  it('let go of their spec when the last of them goes', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const projector = createPodProjector();
    const specOfNobody = () => new WeakRef(projector(rawPod()).spec);
    const ref = specOfNobody();
    for (let i = 0; i < 50 && ref.deref() !== undefined; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
    }
    expect(ref.deref()).toBeUndefined();
    expect(projector(rawPod()).spec.images).toHaveLength(4);
  });

  it('leave the decoded object as it was', () => {
    const raw = rawPod();
    const before = JSON.stringify(raw);
    createPodProjector()(raw);
    expect(JSON.stringify(raw)).toBe(before);
    expect(Object.isFrozen((raw.spec as { volumes: unknown[] }).volumes[0])).toBe(false);
  });

  it('take a small part of the room that their JSON takes', () => {
    const { spec, ...own } = createPodProjector()(rawPod());
    expect(spec).toBeDefined();
    expect(JSON.stringify(own).length).toBeLessThan(JSON.stringify(rawPod()).length / 4);
    expect(JSON.stringify(spec)).not.toMatch(/tolerationSeconds|emptyDir|projected|matchLabelKeys|env/);
  });
});

describe('a pod that cannot be used', () => {
  it.each<[string, unknown, string]>([
    ['metadata', undefined, 'Pod ?/?: metadata: expected an object, found nothing'],
    ['metadata', null, 'Pod ?/?: metadata: expected an object, found null'],
    ['metadata.uid', undefined, 'Pod team-a/web-0: metadata.uid: expected a non-empty string, found nothing'],
    ['metadata.labels', { a: 1 }, 'Pod team-a/web-0: metadata.labels["a"]: expected a string, found 1'],
    [
      'metadata.creationTimestamp',
      'soon',
      'Pod team-a/web-0: metadata.creationTimestamp: expected a time, found "soon"',
    ],
    ['spec', null, 'Pod team-a/web-0: spec: expected an object, found null'],
    ['spec.priority', '10', 'Pod team-a/web-0: spec.priority: expected an integer, found "10"'],
    ['spec.containers', {}, 'Pod team-a/web-0: spec.containers: expected a list, found an object'],
    ['spec.containers', [null], 'Pod team-a/web-0: spec.containers[0]: expected an object, found null'],
    [
      'spec.containers.0.resources.requests.cpu',
      '1 core\nor two',
      'Pod team-a/web-0: spec.containers[0].resources.requests["cpu"]: expected a quantity, found "1 core\\nor two"',
    ],
    [
      'spec.containers.0.resources.requests.memory',
      null,
      'Pod team-a/web-0: spec.containers[0].resources.requests["memory"]: expected a quantity, found null',
    ],
    [
      'spec.containers.0.resources',
      'none',
      'Pod team-a/web-0: spec.containers[0].resources: expected an object, found "none"',
    ],
    [
      'spec.containers.0.ports.1.hostPort',
      '80',
      'Pod team-a/web-0: spec.containers[0].ports[1].hostPort: expected an integer, found "80"',
    ],
    [
      'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution.0.topologyKey',
      [],
      'Pod team-a/web-0: spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: expected a string, found a list of 0',
    ],
    [
      'spec.volumes.0.persistentVolumeClaim.claimName',
      7,
      'Pod team-a/web-0: spec.volumes["data"].persistentVolumeClaim.claimName: expected a string, found 7',
    ],
    [
      'status.containerStatuses',
      [{ name: 'web', allocatedResources: { cpu: 'x' } }],
      'Pod team-a/web-0: status.containerStatuses[0].allocatedResources["cpu"]: expected a quantity, found "x"',
    ],
  ])('is named with the path and the value: %s = %j', (path, value, message) => {
    const error = failure(path, value);
    expect(error.message).toBe(message);
    expect(error.message).not.toContain('\n');
  });

  it.each([undefined, null, 5, 'pod', [], true])('may be no object at all: %j', (raw) => {
    expect(() => createPodProjector()(raw)).toThrow(ProjectionError);
  });

  it('fails again each time it is seen', () => {
    const projector = createPodProjector();
    const bad = rawPodWith('spec.containers.0.resources.requests.cpu', 'x');
    for (let i = 0; i < 2; i++) expect(() => projector(bad)).toThrow(ProjectionError);
    expect(projector(rawPod()).name).toBe('web-0');
  });

  it('may be nested deeper than the stack is high', () => {
    const depth = 200_000;
    const deep: unknown = JSON.parse('['.repeat(depth) + ']'.repeat(depth));
    const raw = rawPod();
    (raw.spec as Record<string, unknown>).tolerations = deep;
    expect(() => createPodProjector()(raw)).toThrow(/^Pod team-a\/web-0: \.: nested too deeply$/);
  });
});
