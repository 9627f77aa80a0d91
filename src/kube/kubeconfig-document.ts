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

/** The fields, by `cluster NAME` or `user NAME`, that whoever uses that entry would miss. */
export function unsupportedFieldsOf(document: Record<string, unknown>): Map<string, string> {
  return new Map([
    ...unsupported(document, 'clusters', 'cluster', UNSUPPORTED_CLUSTER_FIELDS),
    ...unsupported(document, 'users', 'user', UNSUPPORTED_USER_FIELDS),
  ]);
}

function* unsupported(
  document: Record<string, unknown>,
  list: string,
  kind: string,
  fields: readonly string[],
): Generator<[string, string]> {
  for (const [name, entry] of entriesOf(document, list, kind)) {
    const found = fields.find((key) => entry[key] !== undefined && entry[key] !== null && entry[key] !== '');
    if (found !== undefined) yield [`${kind} ${name}`, found];
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
