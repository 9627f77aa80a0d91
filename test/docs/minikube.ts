import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBerthImage } from '../realcluster/berth-image.js';
import type { ImageArchive } from '../realcluster/image.js';
import type { RealCluster } from '../realcluster/real-cluster.js';
import type { Result } from './shell-session.js';

const log = (line: string) => void process.stderr.write(`${line}\n`);

/**
 * Does what minikube is asked to on a cluster that this machine has without Docker: `start` points kubectl at it, and `image build` builds
 * the image from the project's Dockerfile and gives it to the first node, or to all of them; `image rm` takes it from all.
 */
export class Minikube {
  readonly #cluster: RealCluster;
  readonly #home: string;

  /** `home` is that of the user. */
  constructor(cluster: RealCluster, home: string) {
    this.#cluster = cluster;
    this.#home = home;
  }

  async run(command: string): Promise<Result> {
    const [, ...words] = command.split(' ');
    const { values, positionals } = parseArgs({
      args: words,
      allowPositionals: true,
      options: {
        nodes: { type: 'string' },
        all: { type: 'boolean', default: false },
        tag: { type: 'string', short: 't' },
      },
    });
    const order = positionals.join(' ');
    if (order === 'start') await this.#start(Number(values.nodes));
    else if (order === 'image build .') await this.#give(values.tag, values.all ? undefined : 1);
    else if (/^image load \S+$/.test(order)) await this.#give(positionals[2]);
    else if (/^image rm \S+$/.test(order)) await this.#take(positionals[2]);
    else throw new Error(`it is not known here what minikube does with "${order}"`);
    return { exitCode: 0, stdout: '', stderr: '' };
  }

  async #start(nodes: number): Promise<void> {
    const { plane } = this.#cluster;
    if (nodes !== this.#cluster.nodes.length)
      throw new Error(`this cluster has ${this.#cluster.nodes.length} nodes, not ${nodes}`);
    const folder = join(this.#home, '.kube');
    await mkdir(folder, { recursive: true });
    const text = await readFile(plane.adminKubeconfig, 'utf8');
    await writeFile(join(folder, 'config'), text.replaceAll('"controlplane"', '"minikube"'), { mode: 0o600 });
  }

  /** To the first nodes, or to all. */
  async #give(tag: string | undefined, count = this.#cluster.nodes.length): Promise<void> {
    const image = await this.#image(tag);
    await Promise.all(this.#cluster.nodes.slice(0, count).map((node) => node.import(image)));
  }

  async #take(tag: string | undefined): Promise<void> {
    const { name } = await this.#image(tag);
    await Promise.all(this.#cluster.nodes.map((node) => node.removeImage(name)));
  }

  async #image(tag: string | undefined): Promise<ImageArchive> {
    const image = await ensureBerthImage({ log });
    if (!image.name.endsWith(`/${tag}`)) throw new Error(`the image is ${image.name}, not ${tag}`);
    return image;
  }
}
