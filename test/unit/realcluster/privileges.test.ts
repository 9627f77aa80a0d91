import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { requirePrivileges } from '../../realcluster/privileges.js';

const ALL = 'CapEff:\t000001ffffffffff\n';
const TOOLS = ['unshare', 'nsenter', 'mount', 'ip'];

const folders: string[] = [];

function folderWith(names: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'berth-tools-'));
  folders.push(folder);
  for (const name of names) writeFileSync(join(folder, name), '', { mode: 0o755 });
  return folder;
}

describe('the start of a real node', () => {
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  it('is open to root with every capability and the tools', () => {
    expect(() => requirePrivileges({ status: ALL, userId: 0, path: folderWith(TOOLS) })).not.toThrow();
  });

  it('asks anybody else to run it as root', () => {
    expect(() => requirePrivileges({ status: ALL, userId: 1000, path: folderWith(TOOLS) })).toThrow(
      'A real node cannot be started here: this is user 1000 and not root. Run this as root of a machine',
    );
  });

  it('names all capabilities and tools that root lacks', () => {
    // As in a container that was not told to have more: no CAP_NET_ADMIN, no CAP_SYS_ADMIN.
    const status = 'CapEff:\t00000000a80425fb\n';
    expect(() => requirePrivileges({ status, userId: 0, path: folderWith(['mount', 'unshare']) })).toThrow(
      'root has not CAP_NET_ADMIN here; root has not CAP_SYS_ADMIN here; nsenter is not on PATH; ip is not on PATH',
    );
  });
});
