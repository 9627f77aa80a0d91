import { parseArgs } from 'node:util';
import { ensureBinaries, requirePinnedRelease } from '../controlplane/build.js';
import { ensureHelm } from '../helm/build.js';
import { ensureDiscovery } from '../prometheus/discovery.js';
import { ensurePrometheus } from '../prometheus/install.js';
import { ensureBerthImage } from './berth-image.js';
import { ensureDebianPackages, NODE_PACKAGES } from './debian-packages.js';
import { ensureNodePrograms } from './node-programs.js';
import { requirePrivileges } from './privileges.js';
import { startRealCluster } from './real-cluster.js';

const USAGE = `Usage: npm run realcluster -- [--nodes N] [--build-only]

Starts a real Kubernetes cluster on this machine, whose nodes run containers (kubelet, containerd, kube-proxy), with Berth's image on
each node, and keeps it until Ctrl-C. It has to be run as root on Linux.

  --nodes N      number of nodes, 1 to 7 (default 1)
  --build-only   build and fetch what is not in the cache, for the tests on such a cluster too, and start nothing`;

/** Brings a cluster up for a person to play with. */
async function main(): Promise<number> {
  const order = readArguments(process.argv.slice(2));
  if ('exitCode' in order) {
    process.stderr.write(`${order.message}\n`);
    return order.exitCode;
  }
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupted.abort());
  const { signal } = interrupted;
  const log = (line: string) => void process.stderr.write(`${line}\n`);
  try {
    requirePrivileges();
    requirePinnedRelease('a cluster with real nodes');
    await ensureBinaries({ signal, log });
    await ensureNodePrograms({ signal, log });
    await ensureDebianPackages(NODE_PACKAGES, { signal, log });
    const image = await ensureBerthImage({ signal, log });
    if (order.buildOnly) {
      // The tests on such a cluster need them as well, and have no time to build them.
      await ensureHelm({ log });
      await ensurePrometheus({ log });
      await ensureDiscovery({ log });
      return 0;
    }
    const cluster = await startRealCluster({ nodes: order.nodes, images: [image], signal, log });
    try {
      process.stdout.write(`The cluster is ready. In another terminal:

  export KUBECONFIG=${cluster.plane.adminKubeconfig}
  export PATH=${cluster.plane.programsFolder}:$PATH
  kubectl apply -k manifests/overlays/minikube

Ctrl-C ends it.
`);
      await new Promise<void>((resolve) => {
        const keepAlive = setInterval(() => {}, 3_600_000);
        signal.addEventListener('abort', () => {
          clearInterval(keepAlive);
          resolve();
        });
      });
    } finally {
      await cluster.stop();
    }
  } catch (error) {
    if (!signal.aborted) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    }
  }
  process.stdout.write('The cluster is stopped and its state removed.\n');
  return 0;
}

type Order =
  | { readonly nodes: number; readonly buildOnly: boolean }
  | { readonly message: string; readonly exitCode: number };

function readArguments(args: readonly string[]): Order {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        nodes: { type: 'string', default: '1' },
        'build-only': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { message: USAGE, exitCode: 0 };
    const nodes = Number(values.nodes);
    if (!/^[1-7]$/.test(values.nodes))
      return { message: `--nodes has to be a number from 1 to 7, not "${values.nodes}"`, exitCode: 2 };
    return { nodes, buildOnly: values['build-only'] };
  } catch (error) {
    return { message: `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`, exitCode: 2 };
  }
}

process.exitCode = await main();
