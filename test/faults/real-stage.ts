import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ControlPlane, startControlPlane } from '../controlplane/control-plane.js';
import { installBerth, NAMESPACE } from '../e2e/berth-installation.js';
import { RealCluster } from './real-cluster.js';
import type { Stage } from './stage.js';

/** etcd and kube-apiserver with Berth's manifests: RBAC as it ships, nodes without kubelets. */
export async function realStage(): Promise<Stage> {
  const plane = await startControlPlane({
    components: { scheduler: false, kwok: false, controllerManager: false },
    // Nobody would take the taint of a node that is not Ready away. The verbosity has it say with which flags it runs.
    apiServerArgs: ['--disable-admission-plugins=TaintNodesByCondition,ServiceAccount', '--v=1'],
  });
  try {
    const kubeconfig = await installBerth(plane);
    return {
      api: new RealCluster(plane.api),
      url: plane.url,
      certificateAuthority: readFileSync(plane.caFile, 'utf8'),
      token: tokenIn(kubeconfig),
      leaseNamespace: NAMESPACE,
      nodeAnnotations: {},
      expireHistory: () => compact(plane),
      restart: (downMs) => plane.restartApiServer({ crash: true, downMs }),
      close: () => plane.stop(),
    };
  } catch (error) {
    await plane.stop();
    throw error;
  }
}

/** Has etcd forget all revisions but the newest, as it does every five minutes. The address stands in the API server's log. */
async function compact(plane: ControlPlane): Promise<void> {
  const log = readFileSync(join(plane.dir, 'logs', 'kube-apiserver.err'), 'utf8');
  const etcd = /--etcd-servers="\[([^\]]+)\]"/.exec(log)?.[1];
  if (etcd === undefined) throw new Error('the API server does not say where its etcd is');
  const { resourceVersion } = await plane.api.list('/api/v1/namespaces/default/configmaps');
  const body = JSON.stringify({ revision: resourceVersion, physical: true });
  const answer = await fetch(`${etcd}/v3/kv/compaction`, { method: 'POST', body });
  if (answer.ok) return;
  const refusal = await answer.text();
  // Nothing was written since the last one.
  if (refusal.includes('required revision has been compacted')) return;
  throw new Error(`etcd answered the compaction ${answer.status}: ${refusal}`);
}

function tokenIn(kubeconfig: string): string {
  const { users } = JSON.parse(readFileSync(kubeconfig, 'utf8')) as {
    users: readonly { readonly user: { readonly token: string } }[];
  };
  return users[0]!.user.token;
}
