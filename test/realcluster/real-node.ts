import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from '../controlplane/control-plane.js';
import { ContainerRuntime } from './container-runtime.js';
import type { DebianPrograms } from './debian-packages.js';
import type { ImageArchive } from './image.js';
import type { Machine, MachineProcess } from './machine.js';
import type { NodeCgroup } from './node-cgroup.js';
import type { AddressPlan, NodeAddresses } from './node-network.js';
import type { NodePrograms } from './node-programs.js';

export interface RealNodeOptions {
  readonly machine: Machine;
  readonly cgroup: NodeCgroup;
  readonly plane: ControlPlane;
  readonly plan: AddressPlan;
  readonly addresses: NodeAddresses;
  readonly programs: NodePrograms;
  readonly debian: DebianPrograms;
  readonly sandboxImage: ImageArchive;
}

/** A node as in any cluster: containerd, kubelet and kube-proxy, in a machine of their own. */
export class RealNode {
  readonly name: string;
  readonly address: string;
  readonly #options: RealNodeOptions;
  readonly #runtime: ContainerRuntime;
  #kubelet: MachineProcess | undefined;

  private constructor(options: RealNodeOptions, runtime: ContainerRuntime) {
    this.name = options.machine.name;
    this.address = options.addresses.node;
    this.#options = options;
    this.#runtime = runtime;
  }

  /** Starts all of it; the node is Ready some seconds later. */
  static async start(options: RealNodeOptions): Promise<RealNode> {
    const { machine, debian: programs, addresses, sandboxImage } = options;
    await mkdir(join(machine.dir, 'kubelet'), { recursive: true });
    const { podRange } = addresses;
    const runtime = await ContainerRuntime.start({ machine, programs, podRange, sandboxImage });
    const node = new RealNode(options, runtime);
    await node.#writeConfigurations();
    await node.#startKubelet();
    await machine.start(
      'kube-proxy',
      options.programs.kubeProxy,
      [`--config=${node.#file('kube-proxy.yaml')}`],
      {
        env: programs.env(),
      },
    );
    return node;
  }

  /** Under its own name, or another. */
  import(image: ImageArchive, name?: string): Promise<void> {
    return this.#runtime.import(image, name);
  }

  removeImage(name: string): Promise<void> {
    return this.#runtime.remove(name);
  }

  /** Processes of a container on this node, as this machine numbers them. */
  processes(containerId: string): Promise<number[]> {
    return this.#options.cgroup.processes(containerId);
  }

  /** Bytes that a container's control group is charged with, but for files that can be dropped at once. */
  memory(containerId: string): Promise<number> {
    return this.#options.cgroup.memory(containerId);
  }

  /** Kills the kubelet and starts another one; containers run on. */
  async restartKubelet(): Promise<void> {
    await this.#kubelet?.kill();
    await this.#startKubelet();
  }

  /** The last lines of what kubelet printed, for an error message. */
  tail(): string {
    return this.#kubelet?.child.tail(30) ?? 'the kubelet was not started';
  }

  async #startKubelet(): Promise<void> {
    const { machine, programs, debian, addresses } = this.#options;
    const args = [
      `--config=${this.#file('kubelet.yaml')}`,
      `--kubeconfig=${this.#file('kubelet.kubeconfig')}`,
      `--root-dir=${this.#file('kubelet')}`,
      `--hostname-override=${this.name}`,
      `--node-ip=${addresses.node}`,
    ];
    this.#kubelet = await machine.start('kubelet', programs.kubelet, args, { env: debian.env() });
  }

  async #writeConfigurations(): Promise<void> {
    const { plane, plan, addresses, cgroup } = this.#options;
    const server = plane.urlAt(plan.host);
    const user = { commonName: `system:node:${this.name}`, organizations: ['system:nodes'] };
    const serving = plane.issue({ ...user, alternativeNames: [this.name, addresses.node] });
    const files: Record<string, string> = {
      'kubelet.kubeconfig': plane.kubeconfigFor(user, { server }),
      'kube-proxy.kubeconfig': plane.kubeconfigFor({ commonName: 'system:kube-proxy' }, { server }),
      'kubelet.crt': serving.certificate,
      'kubelet.key': serving.key,
      'kubelet.yaml': JSON.stringify(this.#kubeletConfiguration(cgroup.name)),
      'kube-proxy.yaml': JSON.stringify(this.#proxyConfiguration(plan.podRange)),
    };
    for (const [name, text] of Object.entries(files))
      await writeFile(this.#file(name), text, { mode: 0o600 });
  }

  #kubeletConfiguration(cgroupRoot: string): object {
    return {
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      // Machines with cgroup v1 are still about.
      failCgroupV1: false,
      cgroupDriver: 'cgroupfs',
      cgroupRoot,
      containerRuntimeEndpoint: ContainerRuntime.endpoint,
      tlsCertFile: this.#file('kubelet.crt'),
      tlsPrivateKeyFile: this.#file('kubelet.key'),
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: this.#options.plane.caFile },
      },
      authorization: { mode: 'Webhook' },
      // There is no DNS: what runs here goes by addresses.
      resolvConf: '',
      failSwapOn: false,
      // How full the disk of the machine below is says nothing here.
      evictionHard: Object.fromEntries(
        ['memory.available', 'nodefs.available', 'imagefs.available', 'nodefs.inodesFree'].map((signal) => [
          signal,
          '0%',
        ]),
      ),
      imageGCHighThresholdPercent: 100,
      imageGCLowThresholdPercent: 99,
      volumePluginDir: this.#file('volume-plugins'),
    };
  }

  #proxyConfiguration(clusterCIDR: string): object {
    return {
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      clientConnection: { kubeconfig: this.#file('kube-proxy.kubeconfig') },
      mode: 'nftables',
      clusterCIDR,
      hostnameOverride: this.name,
      // These settings belong to the whole kernel and cannot be written from a network namespace.
      conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    };
  }

  #file(name: string): string {
    return join(this.#options.machine.dir, name);
  }
}
