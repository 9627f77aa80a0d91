import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import type { ApiObject } from '../controlplane/api-client.js';
import type { Child, ChildExit } from '../controlplane/child-process.js';
import type { ControlPlane } from '../controlplane/control-plane.js';
import { freePorts } from '../controlplane/free-port.js';
import { projectRoot } from '../controlplane/project-root.js';
import { MountedFolder } from '../mounted-folder.js';
import { tlsRequest } from '../unit/serve/tls-client.js';
import { NAMESPACE, SERVICE_ACCOUNT } from './berth-installation.js';
import { until } from './until.js';

interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
}

interface PodSpec {
  readonly serviceAccountName: string;
  readonly volumes: readonly Volume[];
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly env?: readonly { readonly name: string; readonly value?: string }[];
    readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  }[];
}

interface Pod extends ApiObject {
  readonly spec: PodSpec;
}

interface Deployment extends ApiObject {
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}

export interface DeployOptions {
  /** Further options of Node.js. */
  readonly nodeOptions?: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Berth as a Deployment in the cluster runs it. No node here runs containers, so this stands in for the kubelet: it takes the pod that the
 * controllers made of the Deployment, mounts its ConfigMaps, and starts the program with the pod's arguments and variables, from a
 * folder that has what the image has.
 */
export class DeployedBerth {
  readonly child: Child;
  /** Where the pod's ConfigMap is mounted, on this machine. */
  readonly mounted: MountedFolder;
  readonly #port: number;
  /** Of a superuser. */
  readonly #certificate: ConnectionOptions;

  private constructor(child: Child, mounted: MountedFolder, port: number, certificate: ConnectionOptions) {
    this.child = child;
    this.mounted = mounted;
    this.#port = port;
    this.#certificate = certificate;
  }

  /** `kubectl apply -k`, and a container for the pod that comes of it; returns when that is ready. */
  static async apply(
    plane: ControlPlane,
    kustomization: string,
    { nodeOptions = [] }: DeployOptions = {},
  ): Promise<DeployedBerth> {
    await plane.kubectl(['apply', '-k', kustomization]);
    const { metadata, spec } = await newestPod(plane);
    if (spec.serviceAccountName !== SERVICE_ACCOUNT)
      throw new Error(`the pod runs as ${spec.serviceAccountName}`);
    const [container] = spec.containers;
    const mount = container?.volumeMounts.find(({ name }) => configMapOf(spec, name) !== undefined);
    if (container === undefined || mount === undefined) throw new Error('the pod mounts no ConfigMap');

    const folder = join(plane.dir, metadata.name);
    const configMap = await plane.api.get<{ data: Record<string, string> }>(
      `/api/v1/namespaces/${NAMESPACE}/configmaps/${configMapOf(spec, mount.name)}`,
    );
    const mounted = new MountedFolder(configMap.data);

    const [port = 0] = await freePorts(1);
    // All that is elsewhere on this machine than in the container.
    const onThisMachine = (argument: string): string => {
      if (container.ports.some(({ containerPort }) => String(containerPort) === argument))
        return String(port);
      return argument.startsWith(`${mount.mountPath}/`)
        ? mounted.file(argument.slice(mount.mountPath.length + 1))
        : argument;
    };
    const args = container.args.map(onThisMachine);
    // In the container the credentials lie at a path that is not to be had here.
    const kubeconfig = await plane.serviceAccountKubeconfig(NAMESPACE, spec.serviceAccountName);
    args.push('--kubeconfig', kubeconfig, '--bind-address', '127.0.0.1');
    const given = Object.fromEntries((container.env ?? []).map(({ name, value = '' }) => [name, value]));
    const child = await plane.run(
      metadata.name,
      process.execPath,
      [join(await imageFolder(folder), 'berth.js'), ...args],
      {
        PATH: process.env.PATH,
        HOME: folder,
        ...given,
        NODE_OPTIONS: [given.NODE_OPTIONS ?? '', ...nodeOptions].join(' '),
      },
    );
    const { certificate: cert, key } = plane.clientCertificate({
      commonName: 'scraper',
      organizations: ['system:masters'],
    });
    const berth = new DeployedBerth(child, mounted, port, { cert, key });
    await berth.#ready();
    return berth;
  }

  /** Asks as whoever has this token, or as a superuser where the asking is not what is tried. */
  get(path: string, { token }: { readonly token?: string } = {}): Promise<Answer> {
    return token === undefined
      ? tlsRequest(this.#port, { path, tls: this.#certificate })
      : tlsRequest(this.#port, { path, headers: { authorization: `Bearer ${token}` } });
  }

  /** Sum of all samples of a metric whose labels include those given; 0 when there is none. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const { body } = await this.get('/metrics');
    return body
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  /** Ends as a kubelet has a container end. */
  async stop(): Promise<ChildExit> {
    const end = await this.child.stop();
    this.mounted.remove();
    return end;
  }

  async #ready(withinMs = 90_000): Promise<void> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const status = await this.get('/readyz').then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 200) return;
      if (!this.child.running || Date.now() > deadline)
        throw new Error(`${this.child.name} is not ready; the end of its output:\n${this.child.tail(30)}`);
      await sleep(50);
    }
  }
}

/** The pod that the controllers made of the Deployment as it is now. */
async function newestPod(plane: ControlPlane): Promise<Pod> {
  const deployment = await plane.api.get<Deployment>(
    `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/berth`,
  );
  const wanted = configMapsOf(deployment.spec.template.spec);
  let found: Pod | undefined;
  await until('a pod of the Deployment', async () => {
    const { items } = await plane.api.list<Pod>(`/api/v1/namespaces/${NAMESPACE}/pods`);
    found = items.find(({ spec }) => configMapsOf(spec) === wanted);
    return found !== undefined;
  });
  if (found === undefined) throw new Error('there is no pod');
  return found;
}

function configMapOf({ volumes }: PodSpec, volume: string): string | undefined {
  return volumes.find(({ name }) => name === volume)?.configMap?.name;
}

function configMapsOf(spec: PodSpec): string {
  return spec.volumes.flatMap(({ configMap }) => configMap?.name ?? []).join();
}

/** A folder with the files that the Dockerfile copies out of the build, and nothing else that Berth could find. */
async function imageFolder(parent: string): Promise<string> {
  const folder = join(parent, 'app');
  await mkdir(folder, { recursive: true });
  const dockerfile = await readFile(join(projectRoot(), 'Dockerfile'), 'utf8');
  const built = [...dockerfile.matchAll(/\/src\/dist\/(\S+)/g)].map(([, name = '']) => name);
  for (const name of built) await copyFile(join(projectRoot(), 'dist', name), join(folder, basename(name)));
  await writeFile(join(folder, 'package.json'), await readFile(join(projectRoot(), 'package.json')));
  return folder;
}
