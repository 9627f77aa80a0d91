import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { get as httpsGet } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient } from './api-client.js';
import { type Binaries, ensureBinaries, type Program } from './build.js';
import { type Certificate, CertificateAuthority, type CertificateSubject } from './certificate.js';
import { Child } from './child-process.js';
import { freePorts } from './free-port.js';
import { kubeconfig } from './kubeconfig.js';
import { runKubectl } from './kubectl.js';
import { ProcessGuard } from './process-guard.js';

export interface ControlPlaneOptions {
  /** Stops the start; what was started by then is ended. */
  readonly signal?: AbortSignal;
  /** Folder for state and logs, kept afterwards; when left out a temporary one is used and removed by `stop`. */
  readonly dir?: string;
  readonly components?: ControlPlaneComponents;
  /** Text of an audit policy; what it asks for is then logged, one JSON object a line, in {@link ControlPlane.auditLog}. */
  readonly auditPolicy?: string;
  /**
   * An address of this machine beside loopback where real nodes reach the API server; it then listens on all addresses, and asks kubelets
   * for logs. When left out nothing but this machine reaches it.
   */
  readonly nodesReachAt?: string;
  /** Further arguments of kube-apiserver. */
  readonly apiServerArgs?: readonly string[];
  /** Further arguments of kube-controller-manager. */
  readonly controllerManagerArgs?: readonly string[];
  /** Receives progress lines of a build, where one is needed. */
  readonly log?: (line: string) => void;
}

/** What runs beside etcd and kube-apiserver; all of it unless switched off. */
export interface ControlPlaneComponents {
  /** Without it no ServiceAccount `default` appears in a namespace, and no taint leaves a node that becomes Ready. */
  readonly controllerManager?: boolean;
  /** `config` is the text of a KubeSchedulerConfiguration without `clientConnection`. */
  readonly scheduler?: boolean | { readonly config?: string };
  readonly kwok?: boolean;
}

const READY_WITHIN_MS = 60_000;

/** Arguments of an API server that nobody but this machine reaches. */
const ON_LOOPBACK: readonly string[] = [
  '--bind-address=127.0.0.1',
  '--advertise-address=127.0.0.1',
  // There is no network here that the `kubernetes` Service could lead to.
  '--endpoint-reconciler-type=none',
  '--authorization-mode=RBAC',
];

/**
 * Starts a real control plane on loopback: etcd, kube-apiserver with TLS and RBAC, and the components asked for.
 * Ready means that `/readyz` answers, and that pods can be created in namespace `default`.
 * @throws Error with the last lines of the log of the component that did not start.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binaries = await ensureBinaries(options);
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'berth-controlplane-')));
  await mkdir(join(dir, 'logs'), { recursive: true });
  const guard = new ProcessGuard(options.dir === undefined ? dir : undefined);
  const [etcd = 0, peer = 0, api = 0, controllers = 0, scheduler = 0] = await freePorts(5);
  const plane = new ControlPlane(binaries, dir, guard, { etcd, peer, api, controllers, scheduler }, options);
  try {
    await plane.start();
  } catch (error) {
    await plane.stop();
    throw error;
  }
  return plane;
}

interface Ports {
  readonly etcd: number;
  readonly peer: number;
  readonly api: number;
  readonly controllers: number;
  readonly scheduler: number;
}

/** A running control plane; made by {@link startControlPlane}. */
export class ControlPlane {
  /** Folder of state, kubeconfigs and logs. */
  readonly dir: string;
  readonly url: string;
  /** Path of the certificate authority's certificate. */
  readonly caFile: string;
  /** Kubeconfig of a member of system:masters. */
  readonly adminKubeconfig: string;
  /** Path of the API server's audit log; the file is there when the start had a policy. */
  readonly auditLog: string;
  /** As the administrator. */
  readonly api: ApiClient;
  readonly #binaries: Binaries;
  readonly #guard: ProcessGuard;
  readonly #ports: Ports;
  readonly #options: ControlPlaneOptions;
  readonly #authority = new CertificateAuthority('berth-controlplane');
  readonly #children = new Map<string, Child>();
  #tokens = 0;

  constructor(
    binaries: Binaries,
    dir: string,
    guard: ProcessGuard,
    ports: Ports,
    options: ControlPlaneOptions,
  ) {
    this.dir = dir;
    this.url = `https://127.0.0.1:${ports.api}`;
    this.caFile = join(dir, 'ca.crt');
    this.auditLog = join(dir, 'audit.log');
    this.adminKubeconfig = join(dir, 'admin.kubeconfig');
    this.#binaries = binaries;
    this.#guard = guard;
    this.#ports = ports;
    this.#options = options;
    const admin = this.#authority.issue({ commonName: 'admin', organizations: ['system:masters'] });
    this.api = new ApiClient({
      server: this.url,
      certificateAuthority: this.#authority.certificate,
      ...admin,
    });
  }

  /** Called once, by {@link startControlPlane}. */
  async start(): Promise<void> {
    const { components = {} } = this.#options;
    await this.#writeCredentials();
    await this.#startEtcd();
    // The API server waits for etcd by itself, and its clients for it: starting them one after the other costs time.
    await this.startApiServer();
    if (components.controllerManager !== false) await this.#startControllerManager();
    if (components.scheduler !== false) await this.#startScheduler();
    if (components.kwok !== false) await this.#startKwok();
    if (components.controllerManager !== false) {
      await this.#until('kube-controller-manager', 'the ServiceAccount default', () =>
        this.api.get('/api/v1/namespaces/default/serviceaccounts/default'),
      );
    }
    if (components.scheduler !== false) {
      await this.#until('kube-scheduler', 'its /readyz', () =>
        this.#answersOk(`https://127.0.0.1:${this.#ports.scheduler}/readyz`),
      );
    }
  }

  /** Path of one of the programs, for another of it than those that were started. */
  program(name: Program): string {
    return this.#binaries.programs[name];
  }

  /** What a kube-scheduler has to be told to work with this API server. */
  get schedulerArgs(): readonly string[] {
    return this.#binaries.schedulerArgs;
  }

  /** Process id of a program that was started under this name; undefined when there is none. */
  pid(name: string): number | undefined {
    return this.#children.get(name)?.pid;
  }

  /** Folder of kubectl. */
  get programsFolder(): string {
    return dirname(this.#binaries.programs.kubectl);
  }

  /** Runs kubectl as the administrator and returns what it printed. @throws Error with its standard error. */
  kubectl(args: readonly string[], options: { input?: string; signal?: AbortSignal } = {}): Promise<string> {
    return runKubectl(
      this.#binaries.programs.kubectl,
      ['--kubeconfig', this.adminKubeconfig, ...args],
      options,
    );
  }

  /** A certificate that the cluster takes for that of a user. */
  clientCertificate(subject: CertificateSubject): Certificate {
    return this.#authority.issue(subject);
  }

  /** A token of a ServiceAccount (TokenRequest). */
  async serviceAccountToken(
    namespace: string,
    name: string,
    options: { readonly expirationSeconds?: number } = {},
  ): Promise<string> {
    const answer = await this.api.create<{ status: { token: string } }>(
      `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: options.expirationSeconds ?? 3600 },
      },
    );
    return answer.status.token;
  }

  /** Asks for a token of a ServiceAccount and writes a kubeconfig with it; the path is returned. */
  async serviceAccountKubeconfig(
    namespace: string,
    name: string,
    options: { readonly expirationSeconds?: number } = {},
  ): Promise<string> {
    const token = await this.serviceAccountToken(namespace, name, options);
    this.#tokens += 1;
    return this.writeKubeconfig(`${namespace}-${name}-${this.#tokens}`, {
      token,
      namespace,
    });
  }

  /** Writes a kubeconfig for this API server with the parts given replaced; the path is returned. */
  async writeKubeconfig(
    name: string,
    content: { token: string; server?: string; certificateAuthority?: string; namespace?: string },
  ): Promise<string> {
    const path = join(this.dir, `${name}.kubeconfig`);
    const text = kubeconfig({
      server: content.server ?? this.url,
      certificateAuthority: content.certificateAuthority ?? this.#authority.certificate,
      user: { token: content.token },
      ...(content.namespace === undefined ? {} : { namespace: content.namespace }),
    });
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }

  /** A certificate that this control plane's components believe. */
  issue(subject: CertificateSubject): Certificate {
    return this.#authority.issue(subject);
  }

  /** Text of a kubeconfig for a user with a certificate; `server` is {@link url} when left out. */
  kubeconfigFor(subject: CertificateSubject, options: { readonly server?: string } = {}): string {
    return kubeconfig({
      server: options.server ?? this.url,
      certificateAuthority: this.#authority.certificate,
      user: this.issue(subject),
    });
  }

  /** The API server at another address of this machine. */
  urlAt(address: string): string {
    return `https://${address}:${this.#ports.api}`;
  }

  /** Runs one more program whose logs lie with the others and which ends when the control plane does. */
  async run(name: string, command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Child> {
    const logs = join(this.dir, 'logs');
    const child = await Child.start(name, command, args, {
      logs,
      guard: this.#guard,
      ...(env === undefined ? {} : { env }),
    });
    this.#children.set(name, child);
    return child;
  }

  /** Holds kube-scheduler still in the middle of its work. It goes on with {@link resumeScheduler}, and knows nothing of the pause. */
  pauseScheduler(): void {
    this.#children.get('kube-scheduler')?.signal('SIGSTOP');
  }

  resumeScheduler(): void {
    this.#children.get('kube-scheduler')?.signal('SIGCONT');
  }

  /** Starts the API server, on the port it had before, and returns when it is ready. */
  async startApiServer(): Promise<void> {
    await this.#startProgram('kube-apiserver', [
      `--etcd-servers=http://127.0.0.1:${this.#ports.etcd}`,
      `--secure-port=${this.#ports.api}`,
      ...(this.#options.nodesReachAt === undefined
        ? ON_LOOPBACK
        : this.#forNodes(this.#options.nodesReachAt)),
      '--service-cluster-ip-range=10.0.0.0/24',
      `--tls-cert-file=${join(this.dir, 'apiserver.crt')}`,
      `--tls-private-key-file=${join(this.dir, 'apiserver.key')}`,
      `--client-ca-file=${this.caFile}`,
      `--cert-dir=${this.dir}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${join(this.dir, 'service-account.pub')}`,
      `--service-account-signing-key-file=${join(this.dir, 'service-account.key')}`,
      '--delete-collection-workers=8',
      // Ends open watches in order at SIGTERM; without it they hold the process for a minute.
      '--shutdown-watch-termination-grace-period=1s',
      ...(this.#options.auditPolicy === undefined ? [] : this.#auditArguments()),
      ...(this.#options.apiServerArgs ?? []),
    ]);
    // By its own name for readiness: as this is the first request after a restart, older connections are gone.
    await this.#until('kube-apiserver', '/readyz', () => this.#answersOk(`${this.url}/readyz`));
  }

  /** Ends the API server: in order, or with `crash` as a machine would that loses power. */
  async stopApiServer(options: { readonly crash?: boolean } = {}): Promise<void> {
    const child = this.#children.get('kube-apiserver');
    await (options.crash === true ? child?.kill() : child?.stop(20_000));
  }

  async restartApiServer(
    options: { readonly downMs?: number; readonly crash?: boolean } = {},
  ): Promise<void> {
    await this.stopApiServer(options);
    await sleep(options.downMs ?? 0);
    await this.startApiServer();
  }

  /** Ends everything and removes the temporary folder. Safe to call twice. */
  async stop(): Promise<void> {
    this.api.close();
    // Clients first, so that none of them fills its last moments with complaints about a missing server.
    const stopping = [...this.#children.values()].reverse();
    await Promise.all(stopping.map((child) => (child.name === 'etcd' ? undefined : child.kill())));
    await this.#children.get('etcd')?.kill();
    await this.#guard.close();
  }

  async #writeCredentials(): Promise<void> {
    const write = (name: string, text: string) => writeFile(join(this.dir, name), text, { mode: 0o600 });
    const server = this.#authority.issue({
      commonName: 'kube-apiserver',
      alternativeNames: ['127.0.0.1', '10.0.0.1', 'localhost', 'kubernetes.default.svc', ...this.#nodeSide()],
    });
    const kubeletClient = this.#authority.issue({
      commonName: 'kubelet-client',
      organizations: ['system:masters'],
    });
    const tokens = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { auditPolicy } = this.#options;
    if (auditPolicy !== undefined) await write('audit-policy.yaml', auditPolicy);
    await write('ca.crt', this.#authority.certificate);
    await write('apiserver.crt', server.certificate);
    await write('apiserver.key', server.key);
    await write('kubelet-client.crt', kubeletClient.certificate);
    await write('kubelet-client.key', kubeletClient.key);
    await write('service-account.key', tokens.privateKey.export({ type: 'sec1', format: 'pem' }).toString());
    await write('service-account.pub', tokens.publicKey.export({ type: 'spki', format: 'pem' }).toString());
    for (const [name, commonName, organizations] of [
      ['admin', 'admin', ['system:masters']],
      ['kube-controller-manager', 'system:kube-controller-manager', []],
      ['kube-scheduler', 'system:kube-scheduler', []],
      ['kwok', 'kwok', ['system:masters']],
    ] as const) {
      const user = this.#authority.issue({ commonName, organizations });
      const content = { server: this.url, certificateAuthority: this.#authority.certificate, user };
      await write(`${name}.kubeconfig`, kubeconfig(content));
    }
  }

  #nodeSide(): string[] {
    return this.#options.nodesReachAt === undefined ? [] : [this.#options.nodesReachAt];
  }

  /** Arguments of an API server that nodes at `address` reach, pods through the `kubernetes` Service, and that reaches the kubelets. */
  #forNodes(address: string): string[] {
    return [
      '--bind-address=0.0.0.0',
      `--advertise-address=${address}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      `--kubelet-certificate-authority=${this.caFile}`,
      `--kubelet-client-certificate=${join(this.dir, 'kubelet-client.crt')}`,
      `--kubelet-client-key=${join(this.dir, 'kubelet-client.key')}`,
      '--kubelet-preferred-address-types=InternalIP',
    ];
  }

  #auditArguments(): string[] {
    return [
      `--audit-policy-file=${join(this.dir, 'audit-policy.yaml')}`,
      `--audit-log-path=${this.auditLog}`,
    ];
  }

  async #startEtcd(): Promise<void> {
    const client = `http://127.0.0.1:${this.#ports.etcd}`;
    const peer = `http://127.0.0.1:${this.#ports.peer}`;
    await this.#startProgram('etcd', [
      `--data-dir=${join(this.dir, 'etcd')}`,
      '--unsafe-no-fsync',
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--log-level=warn',
    ]);
  }

  async #startControllerManager(): Promise<void> {
    await this.#startProgram('kube-controller-manager', [
      `--kubeconfig=${join(this.dir, 'kube-controller-manager.kubeconfig')}`,
      `--service-account-private-key-file=${join(this.dir, 'service-account.key')}`,
      `--root-ca-file=${this.caFile}`,
      '--use-service-account-credentials=true',
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      `--secure-port=${this.#ports.controllers}`,
      // One machine carries it all: a late heartbeat here says nothing about a node.
      '--node-monitor-grace-period=5m',
      '--kube-api-qps=300',
      '--kube-api-burst=500',
      ...(this.#options.controllerManagerArgs ?? []),
    ]);
  }

  async #startScheduler(): Promise<void> {
    const { scheduler } = this.#options.components ?? {};
    const own = join(this.dir, 'kube-scheduler.kubeconfig');
    const common = [
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      `--secure-port=${this.#ports.scheduler}`,
      ...this.schedulerArgs,
    ];
    if (typeof scheduler === 'object' && scheduler.config !== undefined) {
      const path = join(this.dir, 'kube-scheduler.yaml');
      const connection = `clientConnection: {kubeconfig: ${JSON.stringify(own)}, qps: 1000, burst: 1000}`;
      await writeFile(path, `${scheduler.config.trimEnd()}\n${connection}\n`);
      await this.#startProgram('kube-scheduler', [`--config=${path}`, ...common]);
      return;
    }
    const rate = ['--kube-api-qps=1000', '--kube-api-burst=1000'];
    await this.#startProgram('kube-scheduler', [`--kubeconfig=${own}`, ...rate, ...common]);
  }

  async #startKwok(): Promise<void> {
    await this.#startProgram('kwok', [
      `--kubeconfig=${join(this.dir, 'kwok.kubeconfig')}`,
      '--manage-all-nodes=false',
      '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
      '--node-lease-duration-seconds=40',
      // A pod with this annotation is left alone: it stays as it is, and whoever deletes it does it alone.
      '--disregard-status-with-annotation-selector=kwok.x-k8s.io/status=custom',
      // Its default would give pods addresses of the Service range.
      '--cidr=10.128.0.0/16',
      ...this.#binaries.stages.map((stage) => `--config=${stage}`),
    ]);
  }

  #startProgram(name: Program, args: readonly string[]): Promise<Child> {
    // KWOK reads ~/.kwok and kubectl ~/.kube: what this machine's user keeps there must not matter.
    return this.run(name, this.#binaries.programs[name], args, { ...process.env, HOME: this.dir });
  }

  /** Waits until `check` stops throwing, as long as the component it rests on runs. */
  async #until(component: Program, what: string, check: () => Promise<unknown>): Promise<void> {
    const { signal } = this.#options;
    const deadline = Date.now() + READY_WITHIN_MS;
    for (;;) {
      signal?.throwIfAborted();
      try {
        await check();
        return;
      } catch (error) {
        const child = this.#children.get(component);
        if (child?.running !== true || Date.now() > deadline) {
          const problem = child?.running === true ? `is not ready (${what}: ${String(error)})` : 'ended';
          throw new Error(`${component} ${problem}; the end of its log:\n${child?.tail() ?? ''}`);
        }
      }
      await sleep(50, undefined, signal === undefined ? {} : { signal });
    }
  }

  async #answersOk(url: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      // The health endpoints say nothing worth protecting, and kube-scheduler's certificate is one it made itself.
      const outgoing = httpsGet(
        url,
        { rejectUnauthorized: false, agent: false, timeout: 2_000 },
        (answer) => {
          answer.resume();
          if (answer.statusCode === 200) resolve();
          else reject(new Error(`answer ${answer.statusCode}`));
        },
      );
      outgoing.once('timeout', () => outgoing.destroy(new Error('no answer')));
      outgoing.once('error', reject);
    });
  }
}
