/** A pod as the API server of a busy cluster sends it, with much that scheduling does not read. */
export function rawPod(n = 0): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `web-${n}`,
      namespace: 'team-a',
      uid: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
      resourceVersion: `${1000 + n}`,
      generation: 2,
      creationTimestamp: '2026-01-02T03:04:05Z',
      labels: { app: 'web', 'pod-template-hash': '7d4b9c' },
      annotations: { 'kubernetes.io/config.source': 'api', big: 'x'.repeat(2000) },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Ignored', name: 'other', uid: 'u0' },
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-7d4b9c', uid: 'u1', controller: true },
      ],
      managedFields: [{ manager: 'kubelet', fieldsV1: { 'f:status': {} } }],
    },
    spec: {
      schedulerName: 'berth',
      nodeName: 'node-1',
      priority: 10,
      preemptionPolicy: 'Never',
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
              matchLabelKeys: ['pod-template-hash'],
            },
          ],
        },
      },
      tolerations: [
        {
          key: 'node.kubernetes.io/not-ready',
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        },
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
      schedulingGates: [{ name: 'example.com/wait' }],
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: 'data-claim' } },
        { name: 'scratch', emptyDir: {} },
        { name: 'model', image: { reference: 'registry:5000/model' } },
        { name: 'disk', gcePersistentDisk: { pdName: 'pd', readOnly: true } },
        { name: `kube-api-access-${n}`, projected: { sources: [] } },
      ],
      overhead: { cpu: '50m' },
      initContainers: [
        {
          name: 'init',
          image: 'busybox',
          resources: { requests: { cpu: '1' } },
          ports: [{ containerPort: 1, hostPort: 1111 }],
        },
        {
          name: 'proxy',
          image: 'proxy@sha256:abc',
          restartPolicy: 'Always',
          ports: [{ containerPort: 2, hostPort: 2222, protocol: 'UDP', hostIP: '10.0.0.1' }],
        },
      ],
      containers: [
        {
          name: 'web',
          image: 'web:1.2',
          env: [{ name: 'A', value: 'b'.repeat(500) }],
          resources: {
            requests: { cpu: '500m', memory: '1Gi', 'example.com/gpu': '1' },
            limits: { cpu: '2' },
          },
          ports: [{ containerPort: 80 }, { containerPort: 81, hostPort: 8081 }],
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
    },
    status: {
      phase: 'Running',
      nominatedNodeName: 'node-2',
      startTime: '2026-01-02T03:04:06Z',
      conditions: [
        { type: 'Ready', status: 'True' },
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message: 'no',
          lastTransitionTime: '2026-01-02T03:04:05Z',
        },
      ],
      containerStatuses: [{ name: 'web', ready: true, restartCount: 0, state: { running: {} } }],
    },
  };
}

/** `rawPod` with one field replaced (`spec.containers.0.image`), or removed by undefined. */
export function rawPodWith(path: string, value: unknown, n = 0): Record<string, unknown> {
  const raw = rawPod(n);
  const keys = path.split('.');
  const last = keys.pop()!;
  let at = raw;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  at[last] = value;
  return JSON.parse(JSON.stringify(raw)) as Record<string, unknown>;
}
