import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { addRunOptions, readRunOptions } from '../../../src/commands/run-options.js';
import {
  allManifestFiles,
  baseFolder,
  baseObject,
  baseObjects,
  type Container,
  type Deployment,
  kustomizationFolders,
  kustomizationOf,
  type Manifest,
  type PodSpec,
  projectFolder,
  readDocuments,
  type Service,
} from './manifest-files.js';

const deployment = baseObject<Deployment>('Deployment');
const pod: PodSpec = deployment.spec.template.spec;
const container = pod.containers[0] as Container;

describe('the Deployment of Berth', () => {
  it('meets the restricted pod security standard', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(pod.containers).toHaveLength(1);
    expect(container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
    });
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC', 'initContainers']) {
      expect(pod).not.toHaveProperty(field);
    }
  });

  it('mounts nothing but its configuration', () => {
    expect(pod.volumes).toEqual([{ name: 'config', configMap: { name: 'berth-config' } }]);
    expect(container.volumeMounts).toEqual([
      { name: 'config', mountPath: '/etc/kubernetes', readOnly: true },
    ]);
  });

  it('is scheduled by the first scheduler, never by Berth itself', () => {
    expect(pod.schedulerName).toBe('default-scheduler');
  });

  it('gets its token through the pod only, so that the ServiceAccount gives it to nobody else', () => {
    expect(baseObject('ServiceAccount')).toMatchObject({
      metadata: { name: 'berth' },
      automountServiceAccountToken: false,
    });
    expect(pod.serviceAccountName).toBe('berth');
    expect(pod.automountServiceAccountToken).toBe(true);
  });

  it('is not evicted for the pods that it schedules', () => {
    expect(pod.priorityClassName).toBe('system-cluster-critical');
  });

  it('is asked about its health where it answers', () => {
    const port = container.ports.find(({ name }) => name === 'https')?.containerPort;
    expect(port).toBe(10259);
    for (const probe of [container.startupProbe, container.livenessProbe]) {
      expect(probe.httpGet).toEqual({ path: '/livez', port: 'https', scheme: 'HTTPS' });
    }
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'https', scheme: 'HTTPS' });
    expect(deployment.spec.template.metadata.annotations).toEqual({
      'prometheus.io/scrape': 'true',
      'prometheus.io/scheme': 'https',
      'prometheus.io/port': String(port),
      'prometheus.io/path': '/metrics',
    });
  });

  it('gives the flags that the program understands', () => {
    const [name, ...flags] = container.args;
    expect(name).toBe('run');
    const command = addRunOptions(new Command()).exitOverride();
    command.parse(flags, { from: 'user' });
    expect(readRunOptions(command)).toMatchObject({
      configPath: '/etc/kubernetes/scheduler-config.yaml',
      logFormat: 'json',
      serving: { secure: { host: '0.0.0.0', port: 10259 }, plain: undefined },
      kubeconfig: undefined,
    });
  });

  it('keeps the heap below the memory limit', () => {
    expect(heapShare(container.env, container.resources.limits.memory)).toBeCloseTo(0.75, 2);
    expect(container.resources.requests).toEqual({ cpu: expect.any(String), memory: expect.any(String) });
  });

  it('runs the version of this program', () => {
    const { version } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(container.image).toBe(`berth:${version}`);
    const labels = kustomizationFolders().flatMap((folder) => kustomizationOf(folder).labels ?? []);
    expect(labels.length).toBeGreaterThan(2);
    expect([...new Set(labels.map(({ pairs }) => pairs['app.kubernetes.io/version']))]).toEqual([version]);
    expect(readFileSync(join(projectFolder, 'Dockerfile'), 'utf8')).toContain(`ARG VERSION=${version}\n`);
  });

  it('is selected by itself and by its Service', () => {
    const labels = deployment.spec.template.metadata.labels;
    expect(labels).toMatchObject(deployment.spec.selector.matchLabels);
    const service = baseObject<Service>('Service');
    expect(labels).toMatchObject(service.spec.selector);
    expect(service.spec.ports).toMatchObject([{ port: 10259, targetPort: 'https' }]);
  });
});

describe('the namespace of Berth', () => {
  it('lets nothing in that is laxer than restricted', () => {
    expect(baseObject('Namespace')).toMatchObject({
      metadata: { name: 'berth-system', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
  });

  it('is where everything lives that has a namespace, but for the right to read one ConfigMap', () => {
    const elsewhere = baseObjects().filter(
      ({ metadata }) => metadata.namespace !== undefined && metadata.namespace !== 'berth-system',
    );
    expect(elsewhere.map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`)).toEqual([
      'Role kube-system/berth-authentication-reader',
      'RoleBinding kube-system/berth-authentication-reader',
    ]);
    expect(kustomizationOf(baseFolder).configMapGenerator).toEqual([
      { name: 'berth-config', namespace: 'berth-system', files: ['scheduler-config.yaml'] },
    ]);
  });
});

describe('the overlay for minikube', () => {
  const patch = readDocuments(
    join(projectFolder, 'manifests/overlays/minikube/deployment-patch.yaml'),
  )[0] as Deployment;
  const patched = patch.spec.template.spec.containers[0] as Container;

  it('never pulls an image of that name from elsewhere', () => {
    expect(patched.imagePullPolicy).toBe('Never');
  });

  it('keeps the heap below its smaller memory limit', () => {
    expect(heapShare(patched.env, patched.resources.limits.memory)).toBeCloseTo(0.75, 2);
  });

  it('changes nothing about how the pod is confined', () => {
    expect(Object.keys(patch.spec.template.spec)).toEqual(['containers']);
    expect(Object.keys(patched).sort()).toEqual(['env', 'imagePullPolicy', 'name', 'resources']);
  });
});

describe('the examples', () => {
  const examples = allManifestFiles()
    .filter((path) => path.includes('/examples/'))
    .flatMap((path) => readDocuments(path) as Manifest[]);

  it('ask for Berth in every pod template', () => {
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect((example as Deployment).spec.template.spec.schedulerName).toBe('berth');
    }
  });
});

/** How much of the memory limit the heap may take, from `--max-old-space-size` (MiB). */
function heapShare(env: Container['env'], limit: string | undefined): number {
  const options = env.find(({ name }) => name === 'NODE_OPTIONS')?.value ?? '';
  const heapMib = Number(/--max-old-space-size=(\d+)/.exec(options)?.[1]);
  const [, amount, unit] = /^(\d+)(Mi|Gi)$/.exec(limit ?? '') ?? [];
  return heapMib / (Number(amount) * (unit === 'Gi' ? 1024 : 1));
}
