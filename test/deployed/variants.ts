import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { parse } from 'yaml';
import { projectRoot } from '../controlplane/project-root.js';
import { NAMESPACE } from '../e2e/berth-installation.js';

const manifests = join(projectRoot(), 'manifests');

/** The overlay with two replicas, with the image that is on the nodes; a folder to be applied. */
export function highAvailability(parent: string): Promise<string> {
  return variant(join(parent, 'high-availability'), 'overlays/ha', {
    images: [{ name: 'berth', newTag: 'dev' }],
  });
}

/** The overlay for minikube, with a leader that stays leader while the API server is away for some time. */
export async function patientLeader(parent: string): Promise<string> {
  const folder = join(parent, 'patient-leader');
  const file = 'scheduler-config.yaml';
  const configuration = parse(await readFile(join(manifests, 'base', file), 'utf8')) as {
    leaderElection: object;
  };
  const leaderElection = {
    ...configuration.leaderElection,
    leaseDuration: '90s',
    renewDeadline: '80s',
  };
  await mkdir(folder);
  await writeFile(join(folder, file), JSON.stringify({ ...configuration, leaderElection }));
  return variant(folder, 'overlays/minikube', {
    configMapGenerator: [{ name: 'berth-config', namespace: NAMESPACE, behavior: 'replace', files: [file] }],
  });
}

async function variant(folder: string, overlay: string, changes: object): Promise<string> {
  await mkdir(folder, { recursive: true });
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    // Kustomize takes no absolute path.
    resources: [relative(folder, join(manifests, overlay))],
    ...changes,
  };
  await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
  return folder;
}
