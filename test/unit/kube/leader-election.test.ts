import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { buildSync } from 'esbuild';
import type { ApiError } from '../../../src/kube/api-error.js';
import { type LeaderElection, startLeaderElection } from '../../../src/kube/leader-election.js';
import type { LeaseWorkerMessage } from '../../../src/kube/lease-worker-protocol.js';
import type { HttpMethod } from '../../../src/kube/transport.js';
import { ObjectServer } from './object-server.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const path = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/berth';
const timing = { leaseDurationMs: 4_000, renewDeadlineMs: 2_000, retryPeriodMs: 100 };

let folder: string;
let workerUrl: URL;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-lease-'));
  // The synchronous form leaves no esbuild process behind.
  buildSync({
    absWorkingDir: root,
    entryPoints: { 'lease-worker': 'src/kube/lease-worker.ts', election: 'src/kube/leader-election.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: {
      js: "import { createRequire as berthCreateRequire } from 'node:module'; const require = berthCreateRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  workerUrl = pathToFileURL(join(folder, 'lease-worker.mjs'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The object server behind real HTTP. */
class LeaseServer {
  readonly objects = new ObjectServer();
  readonly agents = new Set<string | undefined>();
  isFailing = false;
  readonly #http: Server;

  constructor() {
    this.#http = createServer(async (request, response) => {
      this.agents.add(request.headers['user-agent']);
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const answer = (code: number, body: unknown): void => {
        response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };
      if (this.isFailing)
        return answer(500, { kind: 'Status', code: 500, reason: 'InternalError', message: 'no' });
      try {
        const method = request.method as HttpMethod;
        const body: unknown = text === '' ? undefined : JSON.parse(text);
        answer(
          method === 'POST' ? 201 : 200,
          await this.objects.request({ method, path: request.url!, body }),
        );
      } catch (error) {
        const { code, reason, message } = error as ApiError;
        answer(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });
      }
    });
  }

  async listen(): Promise<string> {
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#http.closeAllConnections();
    this.#http.close();
  }

  get holder(): unknown {
    return (this.objects.objects.get(path)?.spec as { holderIdentity?: string } | undefined)?.holderIdentity;
  }
}

let server: LeaseServer;
let address: string;
const started: LeaderElection[] = [];

beforeEach(async () => {
  server = new LeaseServer();
  address = await server.listen();
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((election) => election.release()));
  server.close();
});

const start = (
  identity: string,
  options: {
    signal?: AbortSignal;
    onEvent?: (event: LeaseWorkerMessage) => void;
    connection?: { server?: string; kubeconfig?: string };
  } = {},
): LeaderElection => {
  const election = startLeaderElection({
    workerUrl,
    connection: { server: address },
    settings: { namespace: 'kube-system', name: 'berth', identity, ...timing },
    component: 'berth',
    ...options,
  });
  started.push(election);
  return election;
};

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
};

describe('an election in a worker', () => {
  it('is won, announced, and handed over on release', async () => {
    const first = start('first');
    expect(first.fence.mayWrite()).toBe(false);
    await first.acquired;
    await until(() => first.observedHolder === 'first');
    expect([server.holder, first.fence.mayWrite()]).toEqual(['first', true]);
    expect([...server.agents]).toEqual([expect.stringMatching(/^berth\/.*leader-election$/)]);
    await until(() => server.objects.objects.size === 2);
    expect([...server.objects.objects].find(([key]) => key !== path)).toMatchObject([
      expect.stringMatching(/^\/api\/v1\/namespaces\/kube-system\/events\/berth\.[0-9a-f]{16}$/),
      {
        message: 'first became leader',
        reason: 'LeaderElection',
        type: 'Normal',
        source: { component: 'berth' },
      },
    ]);

    const second = start('second');
    await until(() => second.observedHolder === 'first');
    expect(second.fence.mayWrite()).toBe(false);

    const released = first.release();
    expect(first.fence.mayWrite()).toBe(false);
    await released;
    await second.acquired;
    expect([server.holder, second.fence.mayWrite(), first.fence.mayWrite()]).toEqual(['second', true, false]);
  });

  it('is lost when the server fails for a whole renew deadline, and no write is let through any more', async () => {
    const kinds: string[] = [];
    const election = start('me', { onEvent: ({ kind }) => kinds.push(kind) });
    await election.acquired;
    server.isFailing = true;
    expect(await election.lost).toEqual({ message: 'the lease was not renewed within the renew deadline' });
    expect(election.fence.mayWrite()).toBe(false);
    expect(kinds).toContain('attempt-failed');
  });

  it('is released when its signal fires', async () => {
    const stop = new AbortController();
    const election = start('me', { signal: stop.signal });
    await election.acquired;
    stop.abort();
    expect(election.fence.mayWrite()).toBe(false);
    await election.release();
    expect(server.holder).toBe('');
  });

  it('given up before it was won rejects whoever waits for it', async () => {
    const first = start('first');
    await first.acquired;
    const second = start('second');
    await until(() => second.observedHolder === 'first');
    await second.release();
    await expect(second.acquired).rejects.toThrow('the election was given up');
    expect(server.holder).toBe('first');
  });

  it('says why it cannot go on', async () => {
    const missing = join(folder, 'no-such-kubeconfig');
    const election = start('me', { connection: { kubeconfig: missing } });
    expect((await election.lost).message).toContain(missing);
    await expect(election.acquired).rejects.toThrow(missing);
  });
});

describe('a process of its own', () => {
  it('keeps its lease through a long turn of the main thread, and writes nothing when it was stopped past its deadline', async () => {
    const script = join(folder, 'process.mjs');
    await writeFile(
      script,
      `
      import { startLeaderElection } from './election.mjs';
      const election = startLeaderElection({
        workerUrl: new URL('./lease-worker.mjs', import.meta.url),
        connection: { server: ${JSON.stringify(address)} },
        settings: ${JSON.stringify({ namespace: 'kube-system', name: 'berth', identity: 'frozen', ...timing })},
        component: 'berth',
      });
      await election.acquired;
      // From here on the main thread never comes back to its event loop: no message can reach it.
      const start = performance.now();
      while (performance.now() - start < ${timing.renewDeadlineMs + 500});
      let last = performance.now();
      console.log('busy', election.fence.mayWrite());
      for (let now = performance.now(); now - last < ${timing.renewDeadlineMs}; now = performance.now()) last = now;
      console.log('stopped', election.fence.mayWrite());
      process.exit(0);
      `,
    );
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    let output = '';
    const firstLine = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk) => {
        output += String(chunk);
        resolve();
      });
    });
    try {
      await Promise.race([firstLine, exited]);
      child.kill('SIGSTOP');
      server.isFailing = true;
      await new Promise((resolve) => setTimeout(resolve, timing.renewDeadlineMs + 500));
      const overdue = new Promise((resolve) => setTimeout(resolve, 10_000).unref());
      child.kill('SIGCONT');
      await Promise.race([exited, overdue]);
    } finally {
      child.kill('SIGKILL');
    }
    expect(output).toBe('busy true\nstopped false\n');
  });
});
