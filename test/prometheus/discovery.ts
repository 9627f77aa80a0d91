import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Child } from '../controlplane/child-process.js';
import type { ControlPlane } from '../controlplane/control-plane.js';
import { type EnsureProgramOptions, ensureGoProgram } from '../controlplane/go-program.js';
import { projectRoot } from '../controlplane/project-root.js';
import { until } from '../e2e/until.js';

export interface DiscoveryOptions {
  /** What is looked for: `endpoints`, `endpointslice`. */
  readonly role: string;
  /** Whose rights it has. */
  readonly kubeconfig: string;
  readonly namespace: string;
}

/** Prometheus's own discovery of Kubernetes, beside the Prometheus of Debian, which comes without it. */
export class PrometheusDiscovery {
  readonly child: Child;
  /** For `file_sd_configs`: what was found, with the labels that `kubernetes_sd_configs` would have. */
  readonly file: string;

  private constructor(child: Child, file: string) {
    this.child = child;
    this.file = file;
  }

  /** Starts it and returns when it has found something, if only that there is nothing. */
  static async start(plane: ControlPlane, options: DiscoveryOptions): Promise<PrometheusDiscovery> {
    const { role, kubeconfig, namespace } = options;
    const file = join(plane.dir, `${role}.json`);
    const child = await plane.run(
      `discovery-${role}`,
      await ensureDiscovery(),
      [role, kubeconfig, namespace, file],
      // Later Prometheuses may have the list come with the watch; those that list need more rights.
      { ...process.env, KUBE_FEATURE_WatchListClient: 'false' },
    );
    await until(`what the discovery of ${role} has found`, async () => existsSync(file)).catch(
      (error: Error) => {
        throw new Error(`${error.message}; the end of its output:\n${child.tail(20)}`);
      },
    );
    return new PrometheusDiscovery(child, file);
  }
}

/** Path of the program, built from the pinned module of Prometheus when it is not in the cache. */
export function ensureDiscovery(options: EnsureProgramOptions = {}): Promise<string> {
  const moduleDir = join(projectRoot(), 'test', 'prometheus');
  const path = ['prometheus', cacheKey(moduleDir), 'discovery'];
  return ensureGoProgram({ title: "Prometheus's discovery", path, moduleDir }, options);
}

/** Another key for every change of the program and of the modules that it is made of. */
function cacheKey(moduleDir: string): string {
  const hash = createHash('sha256');
  for (const file of ['discovery.go', 'go.sum']) hash.update(readFileSync(join(moduleDir, file)));
  return `discovery_${process.platform}-${process.arch}_${hash.digest('hex').slice(0, 8)}`;
}
