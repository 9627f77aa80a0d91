import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../controlplane/go.js';
import {
  type DebianPrograms,
  ensureDebianPackages,
  IMAGE_PACKAGES,
  SYSTEM_LIBRARIES,
} from './debian-packages.js';
import type { ImageArchive } from './image.js';
import type { EnsureOptions } from './node-programs.js';

export interface BuildOrder {
  /** The folder with the Dockerfile. */
  readonly context: string;
  readonly name: string;
  readonly buildArguments?: Readonly<Record<string, string>>;
  /** Folders of this machine that commands of the build see, by where they see them. */
  readonly volumes?: Readonly<Record<string, string>>;
}

/**
 * Builds images from Dockerfiles with buildah, without a daemon and without a registry: a base is one that was built here before. What it stores lies in
 * a temporary folder, which {@link close} removes.
 */
export class ImageBuilder {
  readonly #dir: string;
  readonly #programs: DebianPrograms;
  readonly #signal: AbortSignal | undefined;

  private constructor(dir: string, programs: DebianPrograms, signal: AbortSignal | undefined) {
    this.#dir = dir;
    this.#programs = programs;
    this.#signal = signal;
  }

  static async open(options: EnsureOptions): Promise<ImageBuilder> {
    const programs = await ensureDebianPackages(IMAGE_PACKAGES, options);
    const dir = await mkdtemp(join(tmpdir(), 'berth-images-'));
    const builder = new ImageBuilder(dir, programs, options.signal);
    await writeFile(join(dir, 'policy.json'), '{"default": [{"type": "insecureAcceptAnything"}]}');
    await writeFile(join(dir, 'registries.conf'), 'unqualified-search-registries = []\n');
    await writeFile(
      join(dir, 'containers.conf'),
      `[network]\nnetwork_config_dir = ${JSON.stringify(join(dir, 'networks'))}\n`,
    );
    await mkdir(join(dir, 'var-lib', 'upper'), { recursive: true });
    await mkdir(join(dir, 'var-lib', 'work'));
    return builder;
  }

  /** Builds, and keeps the image as a base for others. */
  async build({ context, name, buildArguments = {}, volumes = {} }: BuildOrder): Promise<void> {
    const given = Object.entries(buildArguments).map(([key, value]) => `--build-arg=${key}=${value}`);
    const seen = Object.entries(volumes).map(([inside, outside]) => `--volume=${outside}:${inside}`);
    await this.#buildah(
      'build',
      ...this.#policy(),
      '--pull-never',
      ...given,
      ...seen,
      '--tag',
      name,
      context,
    );
  }

  /** Writes an image that was built to a file. */
  async save(name: string, path: string): Promise<ImageArchive> {
    await mkdir(dirname(path), { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    await this.#buildah('push', ...this.#policy(), name, `oci-archive:${unfinished}:${name}`);
    await rename(unfinished, path);
    return { name, path };
  }

  async close(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }

  #policy(): string[] {
    return ['--signature-policy', join(this.#dir, 'policy.json')];
  }

  /**
   * In a mount namespace with a /var/lib of its own, as buildah keeps a cache there whatever it is told, and with its libraries among those of the
   * system: it starts itself again for each RUN, with an environment that does not say where they are.
   */
  async #buildah(...args: readonly string[]): Promise<void> {
    const dir = this.#dir;
    const store = ['--root', join(dir, 'store'), '--runroot', join(dir, 'run'), '--storage-driver', 'vfs'];
    const script = [
      `mount -t overlay overlay -o "lowerdir=$2" ${SYSTEM_LIBRARIES}`,
      'mount -t overlay overlay -o "lowerdir=/var/lib,upperdir=$1/var-lib/upper,workdir=$1/var-lib/work" /var/lib',
      'shift 2',
      'exec "$@"',
    ].join('; ');
    // What the system has of its own stays as it is.
    const libraries = [SYSTEM_LIBRARIES, ...this.#programs.libraries].join(':');
    const buildah = [this.#programs.path('usr/bin/buildah'), ...store, ...args];
    await run('unshare', ['--mount', 'sh', '-ec', script, 'buildah', dir, libraries, ...buildah], {
      cwd: dir,
      signal: this.#signal,
      env: {
        ...this.#programs.env(),
        // Needs no network namespace and no runtime of containers.
        BUILDAH_ISOLATION: 'chroot',
        CONTAINERS_CONF: join(dir, 'containers.conf'),
        CONTAINERS_REGISTRIES_CONF: join(dir, 'registries.conf'),
      },
    });
  }
}
