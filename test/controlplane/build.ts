import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { kubernetesVersion, triedKubernetes } from '../../src/version.js';
import { buildLock } from './build-lock.js';
import { executable, goCache, requireGo, run } from './go.js';
import { projectRoot } from './project-root.js';
import { writeReleaseModule } from './release-module.js';

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

/** What is taken from an older release where one is chosen. */
const OF_RELEASE: readonly Program[] = ['kube-apiserver', 'kube-controller-manager', 'kubectl'];

/** Keeps the pinned kube-scheduler from waiting for kinds that older API servers do not serve. */
const NEWER_KINDS_OFF = ['--feature-gates=DRADeviceTaintRules=false'] as const;

export type Program = keyof typeof PACKAGES;

/** Absolute paths of the programs, and of KWOK's stage files. */
export interface Binaries {
  readonly programs: Readonly<Record<Program, string>>;
  readonly stages: readonly string[];
  /** What kube-scheduler has to be told to work with kube-apiserver. */
  readonly schedulerArgs: readonly string[];
}

export interface EnsureBinariesOptions {
  readonly signal?: AbortSignal;
  /** Receives progress lines; standard error when left out. */
  readonly log?: (line: string) => void;
  /** Environment that is looked at: BERTH_KUBERNETES, KUBEBUILDER_ASSETS, XDG_CACHE_HOME, PATH. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Finds the programs of the control plane, building from source what is missing (some 7 minutes once on 2 cores)
 * into a cache outside the checkout, keyed by versions and platform.
 *
 * Where BERTH_KUBERNETES names an older minor (`1.35`), kube-apiserver, kube-controller-manager and kubectl are of that. The rest stays as
 * it is, kube-scheduler too: Berth is compared with the one that it follows, and older ones word refusals in other ways. Where
 * KUBEBUILDER_ASSETS is set, etcd, kube-apiserver and kubectl are taken from there.
 * @throws Error that says what to do when Go is missing or the build fails.
 */
export async function ensureBinaries(options: EnsureBinariesOptions = {}): Promise<Binaries> {
  const env = options.env ?? process.env;
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const moduleDir = join(projectRoot(), 'test', 'controlplane');
  const pinned = pinnedVersions(moduleDir).kubernetes;
  const release = chosenRelease(env) ?? pinned;
  const cache = cacheFolder(moduleDir, env);
  const releaseCache = release === pinned ? cache : releaseFolder(release, env);

  const given = kubebuilderAssets(env);
  const home = (name: Program) => (OF_RELEASE.includes(name) ? releaseCache : cache);
  const wanted = (folder: string) => programs().filter((n) => given[n] === undefined && home(n) === folder);
  const common = { moduleDir, env, log, ...pick(options.signal) };
  await fill({ ...common, cache, release: pinned, wanted: wanted(cache), stages: STAGES });
  if (releaseCache !== cache)
    await fill({ ...common, cache: releaseCache, release, wanted: wanted(releaseCache), stages: [] });
  return {
    programs: Object.fromEntries(
      programs().map((name) => [name, given[name] ?? join(home(name), name)]),
    ) as unknown as Record<Program, string>,
    stages: STAGES.map((stage) => join(cache, stageFile(stage))),
    schedulerArgs: release === pinned ? [] : NEWER_KINDS_OFF,
  };
}

/** The release that BERTH_KUBERNETES asks for by its minor; undefined where it asks for none. @throws Error for one that is not tried. */
export function chosenRelease(env: NodeJS.ProcessEnv): string | undefined {
  const minor = env.BERTH_KUBERNETES;
  if (!minor) return undefined;
  const release = triedKubernetes.find((each) => each.startsWith(`v${minor}.`));
  if (release === undefined) {
    const known = triedKubernetes.map((each) => each.slice(1, each.lastIndexOf('.'))).join(', ');
    throw new Error(`BERTH_KUBERNETES is ${minor}; set it to one of ${known}, or unset it.`);
  }
  if (env.KUBEBUILDER_ASSETS && release !== kubernetesVersion)
    throw new Error('BERTH_KUBERNETES and KUBEBUILDER_ASSETS both choose the API server; unset one of them.');
  return release;
}

/** For what is made for one release alone. @throws Error where BERTH_KUBERNETES asks for another. */
export function requirePinnedRelease(what: string, env: NodeJS.ProcessEnv = process.env): void {
  const release = chosenRelease(env);
  if (release !== undefined && release !== kubernetesVersion)
    throw new Error(`${what} takes Kubernetes ${kubernetesVersion} alone; unset BERTH_KUBERNETES.`);
}

/** Builds what is not in the cache, unless another process is about it: then it is waited for. */
async function fill(order: BuildOrder): Promise<void> {
  const { cache, log, signal } = order;
  const missing = () => ({
    wanted: order.wanted.filter((name) => !existsSync(join(cache, name))),
    stages: order.stages.filter((stage) => !existsSync(join(cache, stageFile(stage)))),
  });
  const complete = ({ wanted, stages }: ReturnType<typeof missing>) => wanted.length + stages.length === 0;
  if (complete(missing())) return;
  await mkdir(dirname(cache), { recursive: true });
  const release = await buildLock(`${cache}.lock`, { log, ...pick(signal) });
  try {
    // Whoever held the lock before may have built it all.
    const left = missing();
    if (!complete(left)) await build({ ...order, ...left });
  } finally {
    await release();
  }
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

/** Where the programs of a Kubernetes release belong that go.mod does not pin; the folder need not exist. */
function releaseFolder(release: string, env: NodeJS.ProcessEnv): string {
  const hash = createHash('sha256').update(linkerFlags(release)).digest('hex').slice(0, 8);
  return join(goCache(env), 'controlplane', `k8s-${release}_${process.platform}-${process.arch}_${hash}`);
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
  /** Kubernetes release that is built; that of `moduleDir`, or another. */
  readonly release: string;
  readonly wanted: readonly Program[];
  readonly stages: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Builds into a folder beside the cache and moves the files in one by one, so that a cut-off build leaves none half done. */
async function build(order: BuildOrder): Promise<void> {
  const { cache, wanted, stages, env, log } = order;
  requireGo(env, 'The programs of the control plane are');
  const started = Date.now();
  const temporary = await mkdtemp(`${cache}.build-`);
  try {
    if (wanted.length > 0) await buildPrograms(order, temporary);
    if (stages.length > 0) await copyStages(order, temporary);
    await mkdir(cache, { recursive: true });
    for (const file of [...wanted, ...stages.map(stageFile)])
      await rename(join(temporary, file), join(cache, file));
    log(`The control plane's programs are in ${cache} (${Math.round((Date.now() - started) / 1000)} s).`);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function buildPrograms(order: BuildOrder, folder: string): Promise<void> {
  const { moduleDir, cache, release, wanted, env, log, signal } = order;
  const started = Date.now();
  log(`Building ${wanted.join(', ')} (Kubernetes ${release}) into ${cache}; this takes some minutes, once.`);
  let packages = 0;
  const progress = setInterval(() => {
    const seconds = Math.round((Date.now() - started) / 1000);
    log(`  ${packages} packages compiled after ${Math.floor(seconds / 60)} min ${seconds % 60} s`);
  }, 20_000);
  const onLine = () => {
    packages += 1;
  };
  try {
    const flags = ['-trimpath', '-v', '-ldflags', linkerFlags(release)];
    let cwd = moduleDir;
    if (release !== pinnedVersions(moduleDir).kubernetes) {
      cwd = join(folder, 'module');
      await mkdir(cwd);
      await writeReleaseModule(cwd, release, (args) => run('go', args, { cwd, env, ...pick(signal) }));
      // What the release requires in its turn, with its checksums, is written down as it is met.
      flags.push('-mod=mod');
    }
    const paths = wanted.map((name) => PACKAGES[name]);
    // Ends the folder with a separator, so that go takes it for one even for a single program.
    await run('go', ['build', ...flags, '-o', `${folder}/`, ...paths], { cwd, env, onLine, ...pick(signal) });
  } finally {
    clearInterval(progress);
  }
  // Go names a program after the last part of its path: that of etcd is `server`.
  if (wanted.includes('etcd')) await rename(join(folder, 'server'), join(folder, 'etcd'));
}

async function copyStages({ moduleDir, stages, env, signal }: BuildOrder, folder: string): Promise<void> {
  const order = ['mod', 'download', '-json', `sigs.k8s.io/kwok@${pinnedVersions(moduleDir).kwok}`];
  const module = JSON.parse(await run('go', order, { cwd: moduleDir, env, ...pick(signal) })) as {
    Dir: string;
  };
  for (const stage of stages) {
    // Files of the module cache are read-only, and copies keep that.
    await copyFile(join(module.Dir, 'kustomize', 'stage', stage), join(folder, stageFile(stage)));
    await chmod(join(folder, stageFile(stage)), 0o644);
  }
}

function programs(): Program[] {
  return Object.keys(PACKAGES) as Program[];
}

function stageFile(stage: string): string {
  return `kwok-${stage.slice(stage.lastIndexOf('/') + 1)}`;
}

function pick(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
