import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { linkerFlags } from '../controlplane/build.js';
import { buildLock } from '../controlplane/build-lock.js';
import { goCache, requireGo, run } from '../controlplane/go.js';
import { projectRoot } from '../controlplane/project-root.js';

/** What makes a machine a node, as far as it comes from Go modules; absolute paths. */
export interface NodePrograms {
  readonly kubelet: string;
  readonly kubeProxy: string;
  /** Does nothing until SIGTERM, and reaps; statically linked. */
  readonly pause: string;
}

export interface EnsureOptions {
  /** Receives progress lines. */
  readonly log: (line: string) => void;
  /** Environment that is looked at: XDG_CACHE_HOME, PATH. */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

const FILES = ['kubelet', 'kube-proxy', 'pause'] as const;

/**
 * Finds kubelet, kube-proxy and the pause program, building them from source when they are not in the cache: some two minutes when the
 * control plane was built before, as they share most packages.
 * @throws Error that says what to do when Go is missing or the build fails.
 */
export async function ensureNodePrograms(options: EnsureOptions): Promise<NodePrograms> {
  const { log, env = process.env, signal } = options;
  const moduleDir = join(projectRoot(), 'test', 'realcluster');
  const folder = join(goCache(env), 'realcluster', cacheKey(moduleDir));
  if (!complete(folder)) {
    await mkdir(dirname(folder), { recursive: true });
    const release = await buildLock(`${folder}.lock`, { log, ...(signal === undefined ? {} : { signal }) });
    try {
      if (!complete(folder)) await build(moduleDir, folder, { log, env, signal });
    } finally {
      await release();
    }
  }
  return {
    kubelet: join(folder, 'kubelet'),
    kubeProxy: join(folder, 'kube-proxy'),
    pause: join(folder, 'pause'),
  };
}

async function build(
  moduleDir: string,
  folder: string,
  { log, env, signal }: EnsureOptions & { readonly env: NodeJS.ProcessEnv },
): Promise<void> {
  requireGo(env, 'kubelet and kube-proxy are');
  log(`Building ${FILES.join(', ')} into ${folder}; this takes some minutes, once.`);
  const unfinished = await mkdtemp(`${folder}.build-`);
  let packages = 0;
  const onLine = () => {
    packages += 1;
  };
  const progress = setInterval(() => log(`  ${packages} packages compiled`), 20_000);
  try {
    const common = ['build', '-trimpath', '-v', '-o', `${unfinished}/`];
    const kubernetes = ['k8s.io/kubernetes/cmd/kubelet', 'k8s.io/kubernetes/cmd/kube-proxy'];
    const options = { cwd: moduleDir, env, signal, onLine };
    await run(
      'go',
      [...common, '-ldflags', linkerFlags(kubernetesVersion(moduleDir)), ...kubernetes],
      options,
    );
    // Without C it needs no library, and its image is one file.
    const withoutC = { ...options, env: { ...env, CGO_ENABLED: '0' } };
    await run('go', [...common, '-ldflags', '-s -w', './pause'], withoutC);
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  } finally {
    clearInterval(progress);
    await rm(unfinished, { recursive: true, force: true });
  }
}

function complete(folder: string): boolean {
  return FILES.every((name) => existsSync(join(folder, name)));
}

/** Another key for every change of the pinned modules or of the pause program. */
function cacheKey(moduleDir: string): string {
  const hash = createHash('sha256');
  for (const name of ['go.sum', join('pause', 'main.go')]) hash.update(readFileSync(join(moduleDir, name)));
  const version = kubernetesVersion(moduleDir);
  return `k8s-${version}_${process.platform}-${process.arch}_${hash.digest('hex').slice(0, 8)}`;
}

function kubernetesVersion(moduleDir: string): string {
  const path = join(moduleDir, 'go.mod');
  const version = /^(?:require)?\s*k8s\.io\/kubernetes (v\S+)/m.exec(readFileSync(path, 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${path} does not pin k8s.io/kubernetes`);
  return version;
}
