import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DebianPrograms } from './debian-packages.js';
import type { ImageArchive } from './image.js';
import type { Machine, MachineProcess } from './machine.js';

const SOCKET = '/run/containerd/containerd.sock';
const READY_WITHIN_MS = 30_000;

export interface ContainerRuntimeOptions {
  readonly machine: Machine;
  readonly programs: DebianPrograms;
  /** Pods get their addresses from it. */
  readonly podRange: string;
  /** What holds a pod's namespaces. */
  readonly sandboxImage: ImageArchive;
}

/** containerd with runc and the CNI bridge plugin, in a machine. */
export class ContainerRuntime {
  /** Where the kubelet of the machine finds it. */
  static readonly endpoint = `unix://${SOCKET}`;
  readonly #machine: Machine;
  readonly #programs: DebianPrograms;

  private constructor({ machine, programs }: ContainerRuntimeOptions) {
    this.#machine = machine;
    this.#programs = programs;
  }

  static async start(options: ContainerRuntimeOptions): Promise<ContainerRuntime> {
    const { machine, programs, sandboxImage } = options;
    const folder = join(machine.dir, 'containerd');
    const networks = join(folder, 'net.d');
    await mkdir(networks, { recursive: true });
    await writeFile(join(networks, '10-pods.conflist'), networkConfiguration(machine, options.podRange));
    const file = join(folder, 'config.toml');
    await writeFile(file, configuration({ folder, networks, programs, sandboxImage: sandboxImage.name }));
    const runtime = new ContainerRuntime(options);
    const process = await machine.start(
      'containerd',
      programs.path('usr/bin/containerd'),
      ['--config', file],
      {
        env: programs.env(),
      },
    );
    await runtime.#answers(process);
    await runtime.import(sandboxImage);
    return runtime;
  }

  /** Makes an image from an archive known to the kubelet, under the name that the archive gives it, or another. */
  async import(image: ImageArchive, name = image.name): Promise<void> {
    await this.#images('import', image.path);
    if (name === image.name) return;
    await this.#images('tag', image.name, name);
    await this.remove(image.name);
  }

  /** Has the kubelet know an image no more under this name; what it is made of stays where another name needs it. */
  async remove(name: string): Promise<void> {
    await this.#images('rm', name);
  }

  #images(...args: readonly string[]): Promise<string> {
    return this.#ctr('--namespace', 'k8s.io', 'images', ...args);
  }

  async #answers({ child }: MachineProcess): Promise<void> {
    const deadline = Date.now() + READY_WITHIN_MS;
    for (;;) {
      const answer = await this.#ctr('version').catch((error: unknown) => error);
      if (!(answer instanceof Error)) return;
      if (!child.running || Date.now() > deadline)
        throw new Error(`containerd of ${this.#machine.name} does not answer:\n${child.tail()}`);
      await sleep(50);
    }
  }

  #ctr(...args: readonly string[]): Promise<string> {
    const program = this.#programs.path('usr/bin/ctr');
    return this.#machine.run(program, ['--address', SOCKET, ...args], { env: this.#programs.env() });
  }
}

interface Configuration {
  readonly folder: string;
  readonly networks: string;
  readonly programs: DebianPrograms;
  readonly sandboxImage: string;
}

function configuration({ folder, networks, programs, sandboxImage }: Configuration): string {
  const quoted = JSON.stringify;
  return `version = 2
root = ${quoted(join(folder, 'root'))}
state = "/run/containerd"
[grpc]
address = "${SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
path = ${quoted(join(folder, 'opt'))}
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = ${quoted(sandboxImage)}
# A root without CAP_SYS_RESOURCE may not make a process less likely to be killed than it is itself.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = ${quoted(programs.path('usr/lib/cni'))}
conf_dir = ${quoted(networks)}
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = ${quoted(programs.path('usr/sbin/runc'))}
`;
}

function networkConfiguration(machine: Machine, podRange: string): string {
  const addresses = {
    type: 'host-local',
    dataDir: join(machine.dir, 'pod-addresses'),
    ranges: [[{ subnet: podRange }]],
    routes: [{ dst: '0.0.0.0/0' }],
  };
  const bridge = { type: 'bridge', bridge: 'pods', isGateway: true, hairpinMode: true, ipam: addresses };
  return JSON.stringify({ cniVersion: '1.0.0', name: 'pods', plugins: [bridge] });
}
