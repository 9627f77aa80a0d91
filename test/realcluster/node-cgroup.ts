import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const MOUNT = '/sys/fs/cgroup';
const PREFIX = 'berth-node-';

/** The control group that a node's pods are put in: one folder, or with cgroup v1 one in each hierarchy. */
export class NodeCgroup {
  /** As the kubelet calls it: `/berth-node-123-1`. */
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  static async make(node: number): Promise<NodeCgroup> {
    const group = new NodeCgroup(`/${PREFIX}${process.pid}-${node}`);
    for (const hierarchy of await hierarchies())
      await mkdir(join(hierarchy, group.name), { recursive: true });
    // A new cpuset has no processor and no memory in it, and takes no process before it has.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const root = join(MOUNT, 'cpuset', file);
      if (existsSync(root)) await writeFile(join(MOUNT, 'cpuset', group.name, file), await readFile(root));
    }
    return group;
  }

  /** Processes of a container, as this machine numbers them; none while it does not run. */
  async processes(containerId: string): Promise<number[]> {
    const folder = await this.#folder(containerId, 'cgroup.procs');
    if (folder === undefined) return [];
    const text = await readFile(join(folder, 'cgroup.procs'), 'utf8');
    return text.split('\n').filter(Boolean).map(Number);
  }

  /** The working set of a container in bytes: what it is charged with, without file pages that nobody uses. */
  async memory(containerId: string): Promise<number> {
    for (const [usage, inactive] of [
      ['memory.usage_in_bytes', 'total_inactive_file'],
      ['memory.current', 'inactive_file'],
    ] as const) {
      const folder = await this.#folder(containerId, usage);
      if (folder === undefined) continue;
      const charged = Number(await readFile(join(folder, usage), 'utf8'));
      const statistics = await readFile(join(folder, 'memory.stat'), 'utf8');
      return charged - Number(new RegExp(`^${inactive} (\\d+)$`, 'm').exec(statistics)?.[1] ?? 0);
    }
    throw new Error(`container ${containerId} has no control group that counts memory`);
  }

  /** Removes the group once nothing runs in it any more. */
  async remove(): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const left = await removeFolders(this.name);
      if (left.length === 0) return;
      if (attempt === 50) throw new Error(`control groups are left: ${left.join(', ')}`);
      await sleep(100);
    }
  }

  /** The container's folder that has this file. */
  async #folder(containerId: string, file: string): Promise<string | undefined> {
    for (const hierarchy of await hierarchies()) {
      const folders = await readdir(join(hierarchy, this.name), { recursive: true });
      const found = folders
        .filter((path) => path.endsWith(containerId))
        .map((path) => join(hierarchy, this.name, path));
      const folder = found.find((path) => existsSync(join(path, file)));
      if (folder !== undefined) return folder;
    }
    return undefined;
  }
}

async function hierarchies(): Promise<string[]> {
  if (existsSync(join(MOUNT, 'cgroup.controllers'))) return [MOUNT];
  const names = await readdir(MOUNT);
  return names.map((name) => join(MOUNT, name)).filter((path) => existsSync(join(path, 'cgroup.procs')));
}

/** Removes the groups of runs that were killed. */
export async function removeOrphans(): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    for (const name of await readdir(hierarchy)) {
      const owner = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : 0;
      if (owner > 0 && !existsSync(`/proc/${owner}`)) await removeFolders(`/${name}`);
    }
  }
}

/** Removes the group's folders, the deepest ones first, and returns those that could not be removed. */
async function removeFolders(name: string): Promise<string[]> {
  const left: string[] = [];
  for (const hierarchy of await hierarchies()) {
    const top = join(hierarchy, name);
    if (!existsSync(top)) continue;
    // Where somebody else removes the same, folders go while they are listed; what is left then is seen the next time.
    const entries = await readdir(top, { recursive: true, withFileTypes: true }).catch(() => []);
    const folders = entries
      .filter((entry) => entry.isDirectory())
      .map(({ parentPath, name: own }) => join(parentPath, own))
      .sort((a, b) => b.length - a.length);
    for (const folder of [...folders, top]) {
      await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') left.push(folder);
      });
    }
  }
  return left;
}
