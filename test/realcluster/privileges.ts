import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { executable } from '../controlplane/go.js';

/** By their bit in the capability sets of /proc, see capabilities(7). */
const CAPABILITIES = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21 } as const;
/** From util-linux and iproute2. */
const TOOLS = ['unshare', 'nsenter', 'mount', 'ip'] as const;

export interface Surroundings {
  /** Text of /proc/self/status. */
  readonly status: string;
  readonly userId: number;
  readonly path: string;
}

/**
 * Sees whether this process may make network, mount and process namespaces with a real node in them.
 * @throws Error that names everything that is missing, and how to have it.
 */
export function requirePrivileges(surroundings: Surroundings = here()): void {
  const missing = [...missingPrivileges(surroundings), ...missingTools(surroundings)];
  if (missing.length === 0) return;
  throw new Error(
    `A real node cannot be started here: ${missing.join('; ')}. ` +
      'Run this as root of a machine or virtual machine with Linux (sudo, or a privileged container).',
  );
}

function missingPrivileges({ status, userId }: Surroundings): string[] {
  if (userId !== 0) return [`this is user ${userId} and not root`];
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return Object.entries(CAPABILITIES)
    .filter(([, bit]) => ((effective >> BigInt(bit)) & 1n) === 0n)
    .map(([name]) => `root has not ${name} here`);
}

function missingTools({ path }: Surroundings): string[] {
  return TOOLS.filter((tool) => !path.split(delimiter).some((folder) => executable(join(folder, tool)))).map(
    (tool) => `${tool} is not on PATH`,
  );
}

function here(): Surroundings {
  if (process.platform !== 'linux')
    throw new Error(`A real node cannot be started here: it needs Linux, and this is ${process.platform}.`);
  return {
    status: readFileSync('/proc/self/status', 'utf8'),
    userId: process.getuid?.() ?? -1,
    path: process.env.PATH ?? '',
  };
}
