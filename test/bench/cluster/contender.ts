import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ControlPlane } from '../../controlplane/control-plane.js';
import { freePorts } from '../../controlplane/free-port.js';
import { projectRoot } from '../../controlplane/project-root.js';
import { NAMESPACE, SERVICE_ACCOUNT } from '../../e2e/berth-installation.js';
import { SchedulerProcess } from './scheduler-process.js';
import { schedulerName, type Workload } from './workload.js';

/** A scheduler that takes part in a bench. */
export interface Contender {
  readonly name: string;
  /** Starts it against a control plane and returns at once. */
  launch(plane: ControlPlane, workload: Workload): Promise<SchedulerProcess>;
}

/** Far above what either scheduler asks for: the API server alone limits them. */
const clientConnection = { qps: 5000, burst: 5000 };

function configuration({ profile = {} }: Workload, parts: Readonly<Record<string, unknown>>): string {
  return stringify({
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    profiles: [{ schedulerName, ...profile }],
    ...parts,
  });
}

export interface BerthProgram {
  readonly name: string;
  /** Path of the bundled program. */
  readonly path: string;
  /** Path of Node.js. */
  readonly node: string;
  /** Folder that gets a profile of the processor's time for each run. */
  readonly profilesTo?: string;
}

/** Berth as the image runs it, under its own ServiceAccount and with the rights that the manifests give it. */
export function berth({ name, path, node, profilesTo }: BerthProgram): Contender {
  const settings = imageEnvironment(readFileSync(join(projectRoot(), 'Dockerfile'), 'utf8'));
  return {
    name,
    launch: async (plane, workload) => {
      const config = join(plane.dir, `${name.replaceAll('/', '_')}.yaml`);
      const leaderElection = { leaderElect: true, resourceName: 'berth', resourceNamespace: NAMESPACE };
      await writeFile(config, configuration(workload, { clientConnection, leaderElection }));
      const kubeconfig = await plane.serviceAccountKubeconfig(NAMESPACE, SERVICE_ACCOUNT);
      const [port = 0] = await freePorts(1);
      const profiling = profilesTo === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profilesTo}`];
      const serving = ['--bind-address', '127.0.0.1', '--port', String(port), '--log-format', 'json'];
      const args = [...profiling, path, 'run', '--kubeconfig', kubeconfig, '--config', config, ...serving];
      // Nothing of the machine's own Kubernetes settings may help or disturb it.
      const { KUBECONFIG: _, KUBERNETES_SERVICE_HOST: __, ...env } = process.env;
      const child = await plane.run('berth', node, args, {
        ...env,
        HOME: plane.dir,
        NODE_ENV: 'production',
        ...settings,
      });
      return new SchedulerProcess(child, `http://127.0.0.1:${port}`);
    },
  };
}

/** What the image sets that decides about memory. @throws Error when the Dockerfile does not say. */
export function imageEnvironment(dockerfile: string): Readonly<Record<string, string>> {
  const names = ['NODE_OPTIONS', 'MALLOC_ARENA_MAX', 'MALLOC_TRIM_THRESHOLD_'];
  return Object.fromEntries(
    names.map((name) => {
      const value = new RegExp(`\\b${name}="([^"]*)"`).exec(dockerfile)?.[1];
      if (value === undefined) throw new Error(`the Dockerfile does not set ${name}`);
      return [name, value];
    }),
  );
}

/** The real kube-scheduler with its own credentials. */
export const kubeScheduler: Contender = {
  name: 'kube-scheduler',
  launch: async (plane, workload) => {
    const config = join(plane.dir, 'kube-scheduler.yaml');
    const kubeconfig = join(plane.dir, 'kube-scheduler.kubeconfig');
    const connection = { ...clientConnection, kubeconfig };
    await writeFile(config, configuration(workload, { clientConnection: connection }));
    const [port = 0] = await freePorts(1);
    const child = await plane.run('kube-scheduler', plane.program('kube-scheduler'), [
      `--config=${config}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      '--authorization-always-allow-paths=/healthz,/livez,/readyz,/metrics',
    ]);
    return new SchedulerProcess(child, `https://127.0.0.1:${port}`);
  },
};
