import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { type Cluster, type Context, KubeConfig, type User } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { type Clock, systemClock } from '../clock.js';
import { fileTrouble, firstLine, refusal } from './credential-trouble.js';
import type { TlsMaterial } from './http/tls-material.js';
import { isRecord, tokenFilesOf, unsupportedFieldsOf, withResolvedExec } from './kubeconfig-document.js';
import {
  type AuthenticationMaterial,
  type Credentials,
  RefreshingCredentials,
} from './refreshing-credentials.js';

export type { TlsMaterial } from './http/tls-material.js';
export type { Credentials } from './refreshing-credentials.js';

export interface CredentialsRequest {
  /** An explicit kubeconfig file; nothing else is looked at then. */
  readonly kubeconfig?: string | undefined;
  /** A context of the kubeconfig other than its current one. */
  readonly context?: string | undefined;
  /** Another server address. Alone, without kubeconfig and context, it is used without any credentials. */
  readonly server?: string | undefined;
}

/** The machine as `loadCredentials` sees it; replaced in tests. */
export interface Surroundings {
  readonly clock?: Clock;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly home?: string;
  /** Directory with the files that Kubernetes mounts into every pod. */
  readonly serviceAccountDirectory?: string;
}

const SERVICE_ACCOUNT_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';
interface Kubeconfig {
  readonly clusters: readonly Cluster[];
  readonly users: readonly User[];
  readonly contexts: readonly Context[];
  readonly currentContext: string | undefined;
  /** `tokenFile` of a user, which client-node does not read. */
  readonly tokenFiles: ReadonlyMap<string, string>;
  /** Fields nobody implements, by the entry that has them. */
  readonly unsupported: ReadonlyMap<string, string>;
}

interface Selection {
  readonly cluster: Cluster;
  readonly user: User;
  readonly tokenFile: string | undefined;
  readonly namespace: string;
  readonly source: string;
}

/**
 * Finds credentials: an explicit kubeconfig, else the files of KUBECONFIG, else the service account of the pod we run in,
 * else ~/.kube/config. Of several KUBECONFIG files the first to name a thing wins, as with kubectl.
 * @throws ApiError of kind 'credentials', with one line that names the file and what to do.
 */
export function loadCredentials(
  request: CredentialsRequest = {},
  surroundings: Surroundings = {},
): Credentials {
  const selection = select(request, surroundings);
  const server = serverUrl(request.server ?? selection.cluster.server, selection.source);
  requireReadable(selection);
  return new RefreshingCredentials({
    server,
    namespace: selection.namespace,
    source: selection.source,
    authenticate: () => authenticate(selection, server),
    clock: surroundings.clock ?? systemClock,
  });
}

function select(request: CredentialsRequest, surroundings: Surroundings): Selection {
  const env = surroundings.env ?? process.env;
  if (request.kubeconfig !== undefined) return fromFiles([request.kubeconfig], request.context);
  if (request.server !== undefined && request.context === undefined) return anonymous(request.server);

  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  if (listed.length > 0) {
    const present = listed.filter((file) => existsSync(file));
    if (present.length > 0) return fromFiles(present, request.context);
    throw refusal(
      `KUBECONFIG names ${listed.join(', ')}, which does not exist; correct KUBECONFIG or unset it`,
    );
  }
  const directory = surroundings.serviceAccountDirectory ?? SERVICE_ACCOUNT_DIRECTORY;
  const host = env.KUBERNETES_SERVICE_HOST;
  const port = env.KUBERNETES_SERVICE_PORT;
  if (request.context === undefined && host && port && existsSync(join(directory, 'token'))) {
    return inCluster(host, port, directory);
  }
  const file = join(surroundings.home ?? homedir(), '.kube', 'config');
  if (existsSync(file)) return fromFiles([file], request.context);
  throw refusal(
    `no Kubernetes credentials found: KUBECONFIG is not set, this is not a pod with a service account, and ${file} does not exist; pass --kubeconfig FILE`,
  );
}

function anonymous(server: string): Selection {
  return {
    cluster: { name: 'server', server, skipTLSVerify: false },
    user: { name: 'anonymous' },
    tokenFile: undefined,
    namespace: 'default',
    source: `server ${server} without credentials`,
  };
}

function inCluster(host: string, port: string, directory: string): Selection {
  const address = host.includes(':') ? `[${host}]` : host;
  const namespaceFile = join(directory, 'namespace');
  const namespace = existsSync(namespaceFile) ? readFileSync(namespaceFile, 'utf8').trim() : '';
  return {
    cluster: {
      name: 'in-cluster',
      server: `https://${address}:${port}`,
      caFile: join(directory, 'ca.crt'),
      skipTLSVerify: false,
    },
    user: { name: 'in-cluster' },
    tokenFile: join(directory, 'token'),
    namespace: namespace || 'default',
    source: `service account in ${directory}`,
  };
}

function fromFiles(files: readonly string[], wanted: string | undefined): Selection {
  const read = files.map(readKubeconfig);
  const name = wanted ?? read.map((file) => file.currentContext).find(Boolean);
  const where = `kubeconfig ${files.join(', ')}`;
  const known = read.flatMap((file) => file.contexts.map((context) => context.name)).join(', ') || 'none';
  if (name === undefined) {
    throw refusal(`${where} has no current-context; name one with --context (it has: ${known})`);
  }
  const context = firstNamed(read, 'contexts', name);
  if (context === undefined) {
    throw refusal(`${where} has no context "${name}"; use --context with one of: ${known}`);
  }
  const cluster = firstNamed(read, 'clusters', context.cluster);
  if (cluster === undefined) {
    throw refusal(
      `context "${name}" of ${where} names cluster "${context.cluster}", which is not in it; add the cluster or use another context`,
    );
  }
  const user = context.user ? firstNamed(read, 'users', context.user) : { name: 'anonymous' };
  if (user === undefined) {
    throw refusal(
      `context "${name}" of ${where} names user "${context.user}", which is not in it; add the user or use another context`,
    );
  }
  for (const entry of [`cluster ${cluster.name}`, `user ${user.name}`]) {
    const field = read.map((file) => file.unsupported.get(entry)).find(Boolean);
    if (field)
      throw refusal(`${entry} of ${where} uses ${field}, which is not supported; use a context without it`);
  }
  return {
    cluster,
    user,
    tokenFile: read.find((file) => file.users.includes(user))?.tokenFiles.get(user.name),
    namespace: context.namespace?.trim() || 'default',
    source: `${where} (context ${name})`,
  };
}

function firstNamed<K extends 'clusters' | 'users' | 'contexts'>(
  files: readonly Kubeconfig[],
  kind: K,
  name: string,
): Kubeconfig[K][number] | undefined {
  for (const file of files) {
    const found = file[kind].find((entry) => entry.name === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function readKubeconfig(file: string): Kubeconfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw refusal(
      `cannot read kubeconfig ${file}: ${fileTrouble(error)}; check --kubeconfig and the file's permissions`,
      error,
    );
  }
  const directory = dirname(resolve(file));
  try {
    const document: unknown = parse(text);
    if (!isRecord(document)) throw new Error('it has no clusters, contexts and users');
    const config = new KubeConfig();
    config.loadFromString(text);
    config.makePathsAbsolute(directory);
    return {
      clusters: config.clusters,
      users: config.users.map((user) => withResolvedExec(user, directory)),
      contexts: config.contexts,
      currentContext: config.currentContext || undefined,
      tokenFiles: tokenFilesOf(document, directory),
      unsupported: unsupportedFieldsOf(document),
    };
  } catch (error) {
    throw refusal(
      `kubeconfig ${file} cannot be used: ${firstLine(error)}; correct the file or pass another with --kubeconfig`,
      error,
    );
  }
}

function serverUrl(address: string, source: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.host === '') {
    throw refusal(`server address "${address}" of ${source} is not a URL; write it as https://HOST:PORT`);
  }
  return url;
}

function requireReadable({ cluster, user, tokenFile, source }: Selection): void {
  const files: [string, string | undefined][] = [
    ['certificate-authority', cluster.caData ? undefined : cluster.caFile],
    ['client-certificate', user.certData ? undefined : user.certFile],
    ['client-key', user.keyData ? undefined : user.keyFile],
    ['tokenFile', tokenFile],
  ];
  for (const [role, file] of files) {
    if (file) readNamedFile(file, role, source);
  }
}

function readNamedFile(file: string, role: string, source: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw refusal(
      `cannot read ${file}, the ${role} of ${source}: ${fileTrouble(error)}; restore the file or correct its path`,
      error,
    );
  }
}

/** Asks client-node for everything afresh: a new KubeConfig has no memory of earlier tokens. */
async function authenticate(selection: Selection, server: URL): Promise<AuthenticationMaterial> {
  const { cluster, user, tokenFile, source } = selection;
  const token = tokenFile === undefined ? user.token : readNamedFile(tokenFile, 'tokenFile', source).trim();
  const config = new KubeConfig();
  config.loadFromOptions({
    // client-node refuses plain http unless told not to verify; there is nothing to verify then.
    clusters: [{ ...cluster, skipTLSVerify: cluster.skipTLSVerify || server.protocol === 'http:' }],
    users: [{ ...user, token: token?.trim() }],
    contexts: [{ name: 'selected', cluster: cluster.name, user: user.name }],
    currentContext: 'selected',
  });
  const options: {
    auth?: string;
    headers?: Record<string, string>;
    rejectUnauthorized?: boolean;
  } & TlsMaterial = {};
  try {
    await config.applyToHTTPSOptions(options as Parameters<KubeConfig['applyToHTTPSOptions']>[0]);
  } catch (error) {
    const command: unknown = isRecord(user.exec) ? user.exec.command : undefined;
    const culprit =
      typeof command === 'string'
        ? `credential plugin "${command}" of ${source} failed`
        : `the credentials of ${source} cannot be used`;
    const remedy = typeof command === 'string' ? 'run it by hand to see why' : 'correct or renew them';
    throw refusal(`${culprit}: ${firstLine(error)}; ${remedy}`, error);
  }
  const { ca, cert, key, servername } = options;
  const headers = { ...options.headers };
  if (options.auth !== undefined && headers.Authorization === undefined) {
    headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  }
  if (server.protocol === 'http:') return { tls: {}, headers };
  return {
    tls: {
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
      ...(servername && { servername }),
      ...(cluster.skipTLSVerify && { rejectUnauthorized: false }),
    },
    headers,
  };
}
