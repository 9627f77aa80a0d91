import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { ControlPlane } from '../controlplane/control-plane.js';
import { projectRoot } from '../controlplane/project-root.js';

/** Where the manifests put Berth. */
export const NAMESPACE = 'berth-system';
export const SERVICE_ACCOUNT = 'berth';
/** A ServiceAccount. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

export const BERTH: Account = { namespace: NAMESPACE, name: SERVICE_ACCOUNT };
/** Prometheus, where the monitoring component expects it. */
export const PROMETHEUS: Account = { namespace: 'monitoring', name: 'prometheus-k8s' };

/** The user that a ServiceAccount is to the API server. */
export const userOf = ({ namespace, name }: Account): string => `system:serviceaccount:${namespace}:${name}`;
export const BERTH_USER = userOf(BERTH);

const OF_BERTH_OR_PROMETHEUS = `["system:serviceaccounts:${NAMESPACE}", "system:serviceaccounts:${PROMETHEUS.namespace}"]`;

/**
 * Records every request of Berth's and of Prometheus's, and every binding by whomever, once and without bodies. A watch is
 * recorded when it begins: many end with the test, and one that an API server's crash cuts off has no end that is written.
 */
export const AUDIT_POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    verbs: [watch]
    omitStages: [ResponseComplete]
    userGroups: ${OF_BERTH_OR_PROMETHEUS}
  - level: Metadata
    omitStages: [ResponseStarted]
    userGroups: ${OF_BERTH_OR_PROMETHEUS}
  - level: Metadata
    resources: [{group: "", resources: [pods/binding]}]
  - level: None
`;

export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** What `manifests/base` renders to. */
export async function baseManifests(plane: ControlPlane): Promise<Manifest[]> {
  const text = await plane.kubectl(['kustomize', join(projectRoot(), 'manifests', 'base')]);
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

/**
 * Applies the base manifests but for the Deployment (no node here runs containers), and returns a kubeconfig of
 * Berth's ServiceAccount: what Berth may do in a test is what the manifests let it do.
 */
export async function installBerth(plane: ControlPlane): Promise<string> {
  const manifests = (await baseManifests(plane)).filter(({ kind }) => kind !== 'Deployment');
  await apply(plane, manifests);
  return plane.serviceAccountKubeconfig(NAMESPACE, SERVICE_ACCOUNT);
}

export async function apply(plane: ControlPlane, manifests: readonly Manifest[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: manifests };
  await plane.kubectl(['apply', '-f', '-'], { input: JSON.stringify(list) });
}

/** One request as the API server saw it. */
export interface AuditEntry {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code: number };
  readonly stageTimestamp: string;
}

export async function auditEntries(plane: ControlPlane): Promise<AuditEntry[]> {
  const lines = (await readFile(plane.auditLog, 'utf8')).split('\n');
  // The last line may be half written.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as AuditEntry);
}
