import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../controlplane/go.js';

/** A folder with a Dockerfile, to be built. */
export type Context = string;

/** Where npm of this machine keeps packages and gets them from. */
export interface NpmSettings {
  /** Folder that npm is in. */
  readonly program: string;
  readonly cache: string;
  readonly registry: string;
  /** File of certificate authorities to be believed beside those that Node.js knows. */
  readonly authorities: string | undefined;
}

export async function npmSettings(env: NodeJS.ProcessEnv): Promise<NpmSettings> {
  const ask = async (...args: readonly string[]) => (await run('npm', args, { cwd: '/', env })).trim();
  return {
    program: join(await ask('root', '--global'), 'npm'),
    cache: await ask('config', 'get', 'cache'),
    registry: await ask('config', 'get', 'registry'),
    authorities: env.NODE_EXTRA_CA_CERTS,
  };
}

/**
 * What the last stage of the Dockerfile needs and distroless images have: Node.js, the libraries it is linked with, and a user who is not root. No
 * shell.
 */
export async function runtimeBase(context: Context, node: string): Promise<Context> {
  const root = join(context, 'rootfs');
  await copyProgram(root, node, '/usr/local/bin/node');
  await mkdir(join(root, 'tmp'));
  await chmod(join(root, 'tmp'), 0o1777);
  await mkdir(join(root, 'etc'));
  const users = ['root:x:0:0:root:/:/sbin/nologin', 'nonroot:x:65532:65532:nonroot:/:/sbin/nologin'];
  await writeFile(join(root, 'etc', 'passwd'), `${users.join('\n')}\n`);
  await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY rootfs/ /\n');
  return context;
}

/** What the first stage needs: the same with a shell and npm, which installs from where this machine installs from. */
export async function buildBase(context: Context, node: string, npm: NpmSettings): Promise<Context> {
  await runtimeBase(context, node);
  const root = join(context, 'rootfs');
  await copyProgram(root, '/bin/sh', '/bin/sh');
  await copyProgram(root, '/usr/bin/env', '/usr/bin/env');
  await cp(npm.program, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'));

  const variables: Record<string, string> = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    npm_config_registry: npm.registry,
    npm_config_prefer_offline: 'true',
  };
  if (npm.authorities !== undefined && existsSync(npm.authorities)) {
    variables.NODE_EXTRA_CA_CERTS = '/etc/ssl/certs/ca-certificates.crt';
    await mkdir(join(root, 'etc/ssl/certs'), { recursive: true });
    await copyFile(npm.authorities, join(root, 'etc/ssl/certs/ca-certificates.crt'));
  }
  const set = Object.entries(variables).map(([name, value]) => `ENV ${name}=${value}\n`);
  await writeFile(join(context, 'Dockerfile'), `FROM scratch\nCOPY rootfs/ /\n${set.join('')}`);
  return context;
}

/** Copies a program of this machine and the libraries that it is linked with. */
async function copyProgram(root: string, from: string, to: string): Promise<void> {
  await mkdir(dirname(join(root, to)), { recursive: true });
  await copyFile(from, join(root, to));
  await chmod(join(root, to), 0o755);
  const linked = await run('ldd', [from], { cwd: '/', env: process.env });
  for (const [library] of linked.matchAll(/\/\S+/g)) {
    if (library.endsWith(':')) continue;
    await mkdir(dirname(join(root, library)), { recursive: true });
    await copyFile(library, join(root, library));
  }
}
