/**
 * What client-node leaves out when it reads a kubeconfig: `tokenFile`, where credential plugins are found, and fields
 * that must be refused because nobody implements them.
 */
import { isAbsolute, join } from 'node:path';

/** Parts of a kubeconfig that would change who or where we are, and that are not implemented: refused, not ignored. */
const UNSUPPORTED_CLUSTER_FIELDS = ['proxy-url'];
const UNSUPPORTED_USER_FIELDS = ['as-uid', 'as-groups', 'as-user-extra'];

function* entriesOf(
  document: Record<string, unknown>,
  list: string,
  field: string,
): Generator<[string, Record<string, unknown>]> {
  const entries = document[list];
  if (!Array.isArray(entries)) return;
  for (const entry of entries as unknown[]) {
    if (isRecord(entry) && isRecord(entry[field])) yield [String(entry.name), entry[field]];
  }
}

/** @throws Error naming the first field that would be ignored otherwise. */
export function refuseUnsupportedFields(document: Record<string, unknown>): void {
  refuse(document, 'clusters', 'cluster', UNSUPPORTED_CLUSTER_FIELDS);
  refuse(document, 'users', 'user', UNSUPPORTED_USER_FIELDS);
}

function refuse(
  document: Record<string, unknown>,
  list: string,
  field: string,
  names: readonly string[],
): void {
  for (const [name, entry] of entriesOf(document, list, field)) {
    const found = names.find((key) => entry[key] !== undefined && entry[key] !== null && entry[key] !== '');
    if (found !== undefined) throw new Error(`${field} "${name}" uses ${found}, which is not supported`);
  }
}

/** Token files by user name, as absolute paths. */
export function tokenFilesOf(document: Record<string, unknown>, directory: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const [name, user] of entriesOf(document, 'users', 'user')) {
    const file = user.tokenFile;
    if (typeof file === 'string' && file !== '')
      files.set(name, isAbsolute(file) ? file : join(directory, file));
  }
  return files;
}

/** A plugin named by a relative path lies beside the kubeconfig, and expects to be told which API it is to speak. */
export function withResolvedExec<U extends { readonly exec?: unknown }>(user: U, directory: string): U {
  const exec: unknown = user.exec;
  if (!isRecord(exec) || typeof exec.command !== 'string') return user;
  const { command } = exec;
  const info = { apiVersion: exec.apiVersion, kind: 'ExecCredential', spec: { interactive: false } };
  return {
    ...user,
    exec: {
      ...exec,
      command: command.includes('/') && !isAbsolute(command) ? join(directory, command) : command,
      env: [
        { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) },
        ...(Array.isArray(exec.env) ? exec.env : []),
      ],
    },
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
