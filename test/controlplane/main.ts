import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ensureBinaries } from './build.js';
import { type ControlPlane, startControlPlane } from './control-plane.js';
import { createKwokNode, isUsable, type Node } from './kwok-node.js';

const USAGE = `Usage: npm run controlplane -- [--nodes N] [--build-only]

Starts a real Kubernetes control plane on this machine (etcd, kube-apiserver, kube-controller-manager, kube-scheduler)
with nodes that exist on paper only (KWOK), and keeps it until Ctrl-C.

  --nodes N      number of nodes (default 5)
  --build-only   build the programs if they are not in the cache, and start nothing

BERTH_KUBERNETES=1.35 in the environment takes that minor of Kubernetes; docs/compatibility.md lists those that can be taken.`;

/** Brings a control plane up for a person to play with. */
async function main(): Promise<number> {
  const order = readArguments(process.argv.slice(2));
  if ('exitCode' in order) {
    process.stderr.write(`${order.message}\n`);
    return order.exitCode;
  }
  const { nodes, buildOnly } = order;
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupted.abort());
  const { signal } = interrupted;

  let plane: ControlPlane | undefined;
  try {
    if (buildOnly) {
      await ensureBinaries({ signal });
      return 0;
    }
    plane = await startControlPlane({ signal });
    for (let index = 1; index <= nodes; index += 1)
      await createKwokNode(plane.api, { name: `node-${index}` });
    await allUsable(plane, signal);
    process.stdout.write(instructions(plane, nodes));
    await new Promise<void>((resolve) => {
      const keepAlive = setInterval(() => {}, 3_600_000);
      signal.addEventListener('abort', () => {
        clearInterval(keepAlive);
        resolve();
      });
    });
  } catch (error) {
    if (!signal.aborted) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    }
  } finally {
    await plane?.stop();
  }
  process.stdout.write('The control plane is stopped and its state removed.\n');
  return 0;
}

type Order =
  | { readonly nodes: number; readonly buildOnly: boolean }
  | { readonly message: string; readonly exitCode: number };

function readArguments(args: string[]): Order {
  try {
    const { values } = parseArgs({
      args,
      options: {
        nodes: { type: 'string', default: '5' },
        'build-only': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { message: USAGE, exitCode: 0 };
    const nodes = Number(values.nodes);
    if (Number.isInteger(nodes) && nodes >= 0) return { nodes, buildOnly: values['build-only'] };
    return { message: `--nodes must be a whole number, not \`${values.nodes}\`\n\n${USAGE}`, exitCode: 2 };
  } catch (error) {
    return { message: `${(error as Error).message}\n\n${USAGE}`, exitCode: 2 };
  }
}

async function allUsable({ api }: ControlPlane, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { items } = await api.list<Node>('/api/v1/nodes');
    if (items.every(isUsable)) return;
    await sleep(200, undefined, { signal });
  }
}

function instructions(plane: ControlPlane, nodes: number): string {
  return `
A Kubernetes control plane is running at ${plane.url} with ${nodes} nodes (KWOK) and kube-scheduler.

In another terminal:

  export KUBECONFIG=${plane.adminKubeconfig}
  export PATH=${plane.programsFolder}:$PATH
  kubectl get nodes

Berth beside kube-scheduler, for pods with \`schedulerName: berth\`:

  node dist/berth.js run --kubeconfig ${plane.adminKubeconfig} --leader-elect=false

Logs are in ${plane.dir}/logs. Ctrl-C stops everything and removes its state.
`;
}

process.exitCode = await main();
