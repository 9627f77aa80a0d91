import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { buildLock } from '../controlplane/build-lock.js';
import { executable, goCache, run } from '../controlplane/go.js';
import type { EnsureOptions } from './node-programs.js';

/** containerd, runc, CNI plugins and nft, with the libraries that a small system may lack. */
export const NODE_PACKAGES: readonly string[] = [
  'containerd',
  'runc',
  'libseccomp2',
  'containernetworking-plugins',
  ...['nftables', 'libnftables1', 'libnftnl11', 'libmnl0', 'libjansson4', 'libxtables12', 'libgmp10'],
  ...['libedit2', 'libbsd0', 'libmd0'],
];

/** buildah, with the libraries that a small system may lack. */
export const IMAGE_PACKAGES: readonly string[] = [
  'buildah',
  ...['libseccomp2', 'libgpgme11', 'libassuan0', 'libgpg-error0', 'libdevmapper1.02.1'],
  ...['libselinux1', 'libudev1', 'libpcre2-8-0'],
];

const triple = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
/** Where programs of this machine look for libraries, whatever their environment says. */
export const SYSTEM_LIBRARIES = `/usr/lib/${triple}`;

/** Programs unpacked from Debian packages; nothing of them is installed. */
export class DebianPrograms {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Absolute path of a file of the packages: `usr/lib/cni`. */
  path(inside: string): string {
    return join(this.#root, inside);
  }

  /** Folders of their shared libraries. */
  get libraries(): string[] {
    return ['usr/lib', 'lib'].map((folder) => this.path(join(folder, triple))).filter(existsSync);
  }

  /** The environment in which they find each other and their libraries. */
  env(base: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
    const programs = ['usr/bin', 'usr/sbin', 'sbin', 'bin'].map((folder) => this.path(folder));
    return {
      ...base,
      PATH: [...programs, base.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin'].join(delimiter),
      LD_LIBRARY_PATH: this.libraries.join(delimiter),
    };
  }
}

/**
 * Downloads packages of this machine's Debian release and unpacks them into the cache. The system stays as it is: package lists of their own are
 * fetched, nothing is installed, and no script of a package runs.
 * @throws Error that names the packages when this is not a Debian, or when the download fails.
 */
export async function ensureDebianPackages(
  packages: readonly string[],
  options: EnsureOptions,
): Promise<DebianPrograms> {
  const { log, env = process.env, signal } = options;
  const release = await distribution();
  const names = packages.join(' ');
  if (release === undefined || !onPath(env, 'apt-get') || !onPath(env, 'dpkg-deb')) {
    throw new Error(
      `Programs of the Debian packages ${names} are needed. They are fetched with apt-get and unpacked with dpkg-deb, which are not here; ` +
        'run this on Debian 12 (bookworm) or a system made from it.',
    );
  }
  const hash = createHash('sha256').update(names).digest('hex').slice(0, 8);
  const folder = join(goCache(env), 'debian', `${release}_${process.arch}_${packages[0]}_${hash}`);
  if (!existsSync(folder)) {
    await mkdir(join(goCache(env), 'debian'), { recursive: true });
    const unlock = await buildLock(`${folder}.lock`, { log, ...(signal === undefined ? {} : { signal }) });
    try {
      if (!existsSync(folder)) await unpack(packages, folder, { log, env, signal });
    } finally {
      await unlock();
    }
  }
  return new DebianPrograms(folder);
}

async function unpack(
  packages: readonly string[],
  folder: string,
  { log, env, signal }: EnsureOptions & { readonly env: NodeJS.ProcessEnv },
): Promise<void> {
  log(`Fetching the Debian packages ${packages.join(', ')}; this is done once.`);
  const work = await mkdtemp(`${folder}.unpack-`);
  try {
    const [lists, files, root] = ['lists', 'files', 'root'].map((name) => join(work, name)) as [
      string,
      string,
      string,
    ];
    for (const made of [join(lists, 'partial'), files, root]) await mkdir(made, { recursive: true });
    const options = [`Dir::State::lists=${lists}`, 'APT::Sandbox::User=root', 'Acquire::Retries=3'];
    const own = ['-q', ...options.flatMap((option) => ['-o', option])];
    const inFiles = { cwd: files, env, signal };
    await run('apt-get', [...own, 'update'], inFiles);
    await run('apt-get', [...own, 'download', ...packages], inFiles);
    for (const name of await readdir(files)) await run('dpkg-deb', ['-x', name, root], inFiles);
    await rename(root, folder);
  } catch (error) {
    throw new Error(
      `The Debian packages ${packages.join(', ')} could not be fetched: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** `debian-12`; undefined where there is no os-release. */
async function distribution(): Promise<string | undefined> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string) => new RegExp(`^${name}="?([\\w.-]+)"?$`, 'm').exec(text)?.[1];
  const id = field('ID');
  return id === undefined ? undefined : `${id}-${field('VERSION_ID') ?? 'unknown'}`;
}

function onPath(env: NodeJS.ProcessEnv, program: string): boolean {
  return (env.PATH ?? '').split(delimiter).some((folder) => executable(join(folder, program)));
}
