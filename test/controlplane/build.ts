import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildLock } from './build-lock.js';
import { executable, goCache, requireGo, run } from './go.js';
import { projectRoot } from './project-root.js';

/** The programs of a control plane, and where each comes from in the pinned Go module. */
const PACKAGES = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  kwok: 'sigs.k8s.io/kwok/cmd/kwok',
} as const;

/** KWOK does nothing without stages: these make a node Ready at once and a bound pod Running at once. */
const STAGES = [
  'node/fast/node-initialize.yaml',
  'node/heartbeat-with-lease/node-heartbeat-with-lease.yaml',
  'pod/fast/pod-ready.yaml',
  'pod/fast/pod-complete.yaml',
  'pod/fast/pod-delete.yaml',
] as const;

/** What KUBEBUILDER_ASSETS holds by its own definition; the rest is not looked for there. */
const KUBEBUILDER_PROGRAMS: readonly Program[] = ['etcd', 'kube-apiserver', 'kubectl'];

export type Program = keyof typeof PACKAGES;

/** Absolute paths of the programs, and of KWOK's stage files. */
export interface Binaries {
  readonly programs: Readonly<Record<Program, string>>;
  readonly stages: readonly string[];
}

export interface EnsureBinariesOptions {
  readonly signal?: AbortSignal;
  /** Receives progress lines; standard error when left out. */
  readonly log?: (line: string) => void;
  /** Environment that is looked at: KUBEBUILDER_ASSETS, XDG_CACHE_HOME, PATH. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Finds the programs of the control plane, building from source what is missing (some 7 minutes once on 2 cores)
 * into a cache outside the checkout, keyed by versions and platform.
 *
 * Where KUBEBUILDER_ASSETS is set, etcd, kube-apiserver and kubectl are taken from there.
 * @throws Error that says what to do when Go is missing or the build fails.
 */
export async function ensureBinaries(options: EnsureBinariesOptions = {}): Promise<Binaries> {
  const env = options.env ?? process.env;
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const moduleDir = join(projectRoot(), 'test', 'controlplane');
  const cache = cacheFolder(moduleDir, env);

  const given = kubebuilderAssets(env);
  const missing = () => [
    ...programs().filter((name) => given[name] === undefined && !existsSync(join(cache, name))),
    ...STAGES.filter((stage) => !existsSync(join(cache, stageFile(stage)))),
  ];
  if (missing().length > 0) {
    await mkdir(dirname(cache), { recursive: true });
    const release = await buildLock(`${cache}.lock`, { log, ...pick(options.signal) });
    try {
      // Whoever held the lock before may have built it all.
      const wanted = programs().filter((name) => missing().includes(name));
      if (missing().length > 0) await build({ moduleDir, cache, wanted, env, log, ...pick(options.signal) });
    } finally {
      await release();
    }
  }
  return {
    programs: Object.fromEntries(
      programs().map((name) => [name, given[name] ?? join(cache, name)]),
    ) as unknown as Record<Program, string>,
    stages: STAGES.map((stage) => join(cache, stageFile(stage))),
  };
}

/** Where the binaries for this checkout and this machine belong; the folder need not exist. */
export function cacheFolder(moduleDir: string, env: NodeJS.ProcessEnv = process.env): string {
  const versions = pinnedVersions(moduleDir);
  const hash = createHash('sha256')
    .update(readFileSync(join(moduleDir, 'go.sum')))
    .update(linkerFlags(versions.kubernetes))
    .update(STAGES.join())
    .digest('hex')
    .slice(0, 8);
  const key = [
    `k8s-${versions.kubernetes}`,
    `etcd-${versions.etcd}`,
    `kwok-${versions.kwok}`,
    `${process.platform}-${process.arch}`,
    hash,
  ].join('_');
  return join(goCache(env), 'controlplane', key);
}

/** Versions of what is measured and tested against, as go.mod pins them. */
export function pinnedVersions(moduleDir: string): { kubernetes: string; etcd: string; kwok: string } {
  const goMod = readFileSync(join(moduleDir, 'go.mod'), 'utf8');
  const version = (module: string): string => {
    const found = new RegExp(`^\\s*${module.replaceAll('.', '\\.')} (v\\S+)`, 'm').exec(goMod)?.[1];
    if (found === undefined) throw new Error(`${join(moduleDir, 'go.mod')} does not pin ${module}`);
    return found;
  };
  return {
    kubernetes: version('k8s.io/kubernetes'),
    etcd: version('go.etcd.io/etcd/server/v3'),
    kwok: version('sigs.k8s.io/kwok'),
  };
}

/** Without the version set by the linker the components would report v0.0.0-master. */
export function linkerFlags(kubernetes: string): string {
  const [major, minor] = kubernetes.slice(1).split('.');
  const x = 'k8s.io/component-base/version';
  return `-s -w -X ${x}.gitVersion=${kubernetes} -X ${x}.gitMajor=${major} -X ${x}.gitMinor=${minor}`;
}

function kubebuilderAssets(env: NodeJS.ProcessEnv): Partial<Record<Program, string>> {
  const folder = env.KUBEBUILDER_ASSETS;
  if (!folder) return {};
  const found = Object.fromEntries(
    KUBEBUILDER_PROGRAMS.map((name) => [name, join(folder, name)] as const).filter(([, path]) =>
      executable(path),
    ),
  );
  if (Object.keys(found).length === 0) {
    throw new Error(
      `KUBEBUILDER_ASSETS is ${folder}, but none of ${KUBEBUILDER_PROGRAMS.join(', ')} is there. ` +
        'Correct the variable, or unset it to have the programs built.',
    );
  }
  return found;
}

interface BuildOrder {
  readonly moduleDir: string;
  readonly cache: string;
  readonly wanted: readonly Program[];
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Builds into a folder beside the cache and moves the files in one by one, so that a cut-off build leaves none half done. */
async function build({ moduleDir, cache, wanted, env, log, signal }: BuildOrder): Promise<void> {
  const versions = pinnedVersions(moduleDir);
  requireGo(env, 'The programs of the control plane are');
  const started = Date.now();
  const temporary = await mkdtemp(`${cache}.build-`);
  const go = (args: readonly string[], onLine?: (line: string) => void) =>
    run('go', args, { cwd: moduleDir, env, ...pick(onLine, 'onLine'), ...pick(signal) });
  try {
    if (wanted.length > 0) {
      log(
        `Building ${wanted.join(', ')} (Kubernetes ${versions.kubernetes}) into ${cache}; this takes some minutes, once.`,
      );
      let packages = 0;
      const progress = setInterval(() => {
        const seconds = Math.round((Date.now() - started) / 1000);
        log(`  ${packages} packages compiled after ${Math.floor(seconds / 60)} min ${seconds % 60} s`);
      }, 20_000);
      try {
        const flags = ['-trimpath', '-v', '-ldflags', linkerFlags(versions.kubernetes)];
        const paths = wanted.map((name) => PACKAGES[name]);
        // Ends the list with a separator, so that go takes it for a folder even for a single program.
        await go(['build', ...flags, '-o', `${temporary}/`, ...paths], () => {
          packages += 1;
        });
      } finally {
        clearInterval(progress);
      }
      // Go names a program after the last part of its path: that of etcd is `server`.
      if (wanted.includes('etcd')) await rename(join(temporary, 'server'), join(temporary, 'etcd'));
    }
    const module = JSON.parse(
      await go(['mod', 'download', '-json', `sigs.k8s.io/kwok@${versions.kwok}`]),
    ) as { Dir: string };
    for (const stage of STAGES) {
      // Files of the module cache are read-only, and copies keep that.
      await copyFile(join(module.Dir, 'kustomize', 'stage', stage), join(temporary, stageFile(stage)));
      await chmod(join(temporary, stageFile(stage)), 0o644);
    }
    await mkdir(cache, { recursive: true });
    for (const file of [...wanted, ...STAGES.map(stageFile)])
      await rename(join(temporary, file), join(cache, file));
    log(`The control plane's programs are in ${cache} (${Math.round((Date.now() - started) / 1000)} s).`);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function programs(): Program[] {
  return Object.keys(PACKAGES) as Program[];
}

function stageFile(stage: string): string {
  return `kwok-${stage.slice(stage.lastIndexOf('/') + 1)}`;
}

function pick(signal: AbortSignal | undefined): { signal?: AbortSignal };
function pick<T>(value: T | undefined, key: 'onLine'): { onLine?: T };
function pick(value: unknown, key = 'signal'): object {
  return value === undefined ? {} : { [key]: value };
}
