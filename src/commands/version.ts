import { kubernetesVersion, version } from '../version.js';

export interface VersionOptions {
  readonly output: 'text' | 'json';
}

/** `berth version`: the version, the runtime, and the Kubernetes release whose behaviour is followed. */
export function versionText({ output }: VersionOptions): string {
  if (output === 'json') {
    return `${JSON.stringify({ version, node: process.version, kubernetes: kubernetesVersion })}\n`;
  }
  return `berth ${version} (Node.js ${process.version}, as kube-scheduler ${kubernetesVersion})\n`;
}
