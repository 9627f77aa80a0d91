import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ControlPlane,
  type ControlPlaneOptions,
  startControlPlane,
} from '../controlplane/control-plane.js';
import { isUsable, type Node } from '../controlplane/kwok-node.js';
import { ProcessGuard } from '../controlplane/process-guard.js';
import { ensureDebianPackages, NODE_PACKAGES } from './debian-packages.js';
import type { ImageArchive } from './image.js';
import { Machine } from './machine.js';
import { NodeCgroup, removeOrphans } from './node-cgroup.js';
import { connect, type NodeAddresses } from './node-network.js';
import { ensureNodePrograms } from './node-programs.js';
import { pauseImage } from './pause-image.js';
import { requirePrivileges } from './privileges.js';
import { RealNode } from './real-node.js';

export interface RealClusterOptions {
  /** How many real nodes, `node-1` and so on. */
  readonly nodes: number;
  /** Images that every node has. */
  readonly images?: readonly ImageArchive[];
  readonly controlPlane?: Omit<ControlPlaneOptions, 'dir' | 'nodesReachAt' | 'signal'>;
  readonly signal?: AbortSignal;
  /** Receives progress lines. */
  readonly log?: (line: string) => void;
}

const READY_WITHIN_MS = 90_000;

/**
 * Starts a cluster whose nodes run containers: the control plane as processes of this machine, each node with kubelet, containerd and
 * kube-proxy in namespaces of its own. Ready means that every node takes pods.
 * @throws Error that says what is missing when this process may not make namespaces; nothing is left behind then.
 */
export async function startRealCluster(options: RealClusterOptions): Promise<RealCluster> {
  requirePrivileges();
  const { log = (line) => void process.stderr.write(`${line}\n`), signal } = options;
  const programs = await ensureNodePrograms({ log, signal });
  const debian = await ensureDebianPackages(NODE_PACKAGES, { log, signal });
  const sandboxImage = await pauseImage(programs.pause, { log, signal });

  await removeOrphans();
  const dir = await mkdtemp(join(tmpdir(), 'berth-cluster-'));
  const guard = new ProcessGuard(dir);
  const cluster = new RealCluster(dir, guard);
  try {
    const machines = await cluster.startMachines(options.nodes, programs.pause);
    const plan = await connect(machines);
    const plane = await cluster.startControlPlane({
      ...options.controlPlane,
      ...(signal === undefined ? {} : { signal }),
      nodesReachAt: plan.host,
    });
    await Promise.all(
      machines.map(async (machine, index) => {
        const addresses = plan.nodes[index] as NodeAddresses;
        const cgroup = await cluster.makeCgroup(index + 1);
        const common = { machine, cgroup, plane, plan, addresses, programs, debian, sandboxImage };
        await cluster.startNode(common, options.images ?? []);
      }),
    );
    await cluster.usable(signal);
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** A running cluster; made by {@link startRealCluster}. */
export class RealCluster {
  /** Folder of state and logs; removed by {@link stop}. */
  readonly dir: string;
  readonly nodes: RealNode[] = [];
  readonly #guard: ProcessGuard;
  readonly #machines: Machine[] = [];
  readonly #cgroups: NodeCgroup[] = [];
  #plane: ControlPlane | undefined;

  constructor(dir: string, guard: ProcessGuard) {
    this.dir = dir;
    this.#guard = guard;
  }

  get plane(): ControlPlane {
    if (this.#plane === undefined) throw new Error('the control plane was not started');
    return this.#plane;
  }

  node(name: string): RealNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`${name} is none of the real nodes`);
    return found;
  }

  /** Ends everything, the clients before what they talk to, and removes the folder. Safe to call twice. */
  async stop(): Promise<void> {
    await Promise.all(this.#machines.map((machine) => machine.stop()));
    await Promise.all(this.#cgroups.map((cgroup) => cgroup.remove()));
    await this.#plane?.stop();
    await this.#guard.close();
  }

  async startMachines(count: number, pause: string): Promise<Machine[]> {
    for (let index = 1; index <= count; index += 1) {
      const name = `node-${index}`;
      this.#machines.push(
        await Machine.start({ name, dir: join(this.dir, name), guard: this.#guard, pause }),
      );
    }
    return this.#machines;
  }

  async startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
    const dir = join(this.dir, 'controlplane');
    await mkdir(dir);
    this.#plane = await startControlPlane({ ...options, dir });
    return this.#plane;
  }

  async makeCgroup(node: number): Promise<NodeCgroup> {
    const cgroup = await NodeCgroup.make(node);
    this.#cgroups.push(cgroup);
    return cgroup;
  }

  async startNode(
    options: Parameters<typeof RealNode.start>[0],
    images: readonly ImageArchive[],
  ): Promise<void> {
    const node = await RealNode.start(options);
    this.nodes.push(node);
    this.nodes.sort((a, b) => a.name.localeCompare(b.name));
    for (const image of images) await node.import(image);
  }

  /** Waits until every real node takes pods. */
  async usable(signal?: AbortSignal): Promise<void> {
    const deadline = Date.now() + READY_WITHIN_MS;
    for (;;) {
      signal?.throwIfAborted();
      const { items } = await this.plane.api.list<Node>('/api/v1/nodes');
      const usable = new Set(items.filter(isUsable).map(({ metadata }) => metadata.name));
      const missing = this.nodes.filter(({ name }) => !usable.has(name));
      if (missing.length === 0) return;
      if (Date.now() > deadline) {
        const ends = missing.map((node) => `${node.name}:\n${node.tail()}`);
        throw new Error(`nodes that are not ready after ${READY_WITHIN_MS} ms:\n${ends.join('\n')}`);
      }
      await sleep(100);
    }
  }
}
