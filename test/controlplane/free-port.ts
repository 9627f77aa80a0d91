import { once } from 'node:events';
import { createServer, type ListenOptions } from 'node:net';

/**
 * Ports from here on, so many of them: below the ones the kernel hands out for port 0 and for outgoing connections
 * (32,768 to 60,999), and below the NodePorts. Among the kernel's own, any connection may take a port between the
 * moment it was found free and the moment the program it is for listens.
 */
const FIRST_PORT = 12_000;
const PORTS = 16_000;

/**
 * `count` ports that are free on every address, all different, below what the kernel hands out by itself. Each belongs
 * to this process until it ends: no other process that asks here is given the same, although nobody listens on it yet.
 * @throws Error if too few are left.
 */
export async function freePorts(count: number, { random = Math.random } = {}): Promise<number[]> {
  const ports: number[] = [];
  const start = Math.floor(random() * PORTS);
  for (let step = 0; step < PORTS && ports.length < count; step += 1) {
    const port = FIRST_PORT + ((start + step) % PORTS);
    if ((await claim(port)) && (await isFree(port))) ports.push(port);
  }
  if (ports.length < count) throw new Error(`of ${count} ports, ${ports.length} were left`);
  return ports;
}

/**
 * Makes a port this process' own among those that ask for it, by a name in the kernel's abstract namespace of sockets:
 * it can be taken once, leaves no file behind and is given back when the process ends, however it ends.
 */
async function claim(port: number): Promise<boolean> {
  const claimed = await listen({ path: `\0berth-test-port-${port}` });
  claimed?.unref();
  return claimed !== undefined;
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen({ port });
  if (server === undefined) return false;
  server.close();
  await once(server, 'close');
  return true;
}

async function listen(where: ListenOptions) {
  const server = createServer();
  try {
    server.listen(where);
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}
