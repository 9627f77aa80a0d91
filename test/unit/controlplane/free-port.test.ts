import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { freePorts } from '../../controlplane/free-port.js';

/** Where the search begins, as a share of the ports; every test has a stretch of its own. */
const from = (share: number) => ({ random: () => share });

describe('Free ports', () => {
  it('never come twice, though nobody listens on them yet', async () => {
    const asked = await Promise.all([1, 2, 3, 4].map(() => freePorts(5, from(0))));
    expect(new Set(asked.flat()).size).toBe(20);
  });

  it('are none that another process was given', async () => {
    const [next = 0] = await freePorts(1, from(0.25));
    const claim = `require('node:net').createServer().listen('\\0berth-test-port-${next + 1}', () => console.log('claimed'))`;
    const other = promisify(execFile)(process.execPath, ['-e', claim]);
    await once(other.child.stdout!, 'data');
    try {
      expect(await freePorts(2, from(0.25))).not.toContain(next + 1);
    } finally {
      other.child.kill();
      await other.catch(() => undefined);
    }
  });

  it('are none that somebody listens on', async () => {
    const [next = 0] = await freePorts(1, from(0.5));
    const server = createServer().listen(next + 1, '127.0.0.1');
    await once(server, 'listening');
    try {
      expect(await freePorts(2, from(0.5))).not.toContain(next + 1);
    } finally {
      server.close();
    }
  });

  it('are none of those the kernel hands out by itself', async () => {
    const [low = '0'] = (await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')).split('\t');
    const [port = 0] = await freePorts(1, from(1 - Number.EPSILON));
    expect(port).toBeLessThan(Number(low));
  });
});
