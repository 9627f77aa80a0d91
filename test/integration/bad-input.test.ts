import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type EmbeddedApiServer,
  startEmbeddedApiServer,
} from '../../src/kube/embedded/embedded-api-server.js';
import { BerthProcess, kubeconfigFor, temporaryFile } from './berth-process.js';
import { FaultProxy, statusAnswer } from './fault-proxy.js';

let api: EmbeddedApiServer;
let proxy: FaultProxy;
let website: Server;

beforeAll(async () => {
  api = await startEmbeddedApiServer();
  proxy = await FaultProxy.start(api.url);
  website = createServer((_request, answer) => {
    answer.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>');
  });
  await new Promise<void>((resolve) => website.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await BerthProcess.killAll();
  proxy.treat = () => 'forward';
});
afterAll(async () => {
  await BerthProcess.close();
  website.closeAllConnections();
  await new Promise((resolve) => website.close(resolve));
  await proxy.close();
  await api.close();
});

const quietly = [
  '--log-level',
  'error',
  '--leader-elect=false',
  '--bind-address',
  '127.0.0.1',
  '--port',
  '0',
];

/** Runs Berth until it ends; the one line that it says. */
async function complaint(exitCode: number, ...args: readonly string[]): Promise<string> {
  const berth = new BerthProcess(args);
  expect([await berth.exited, berth.stdout]).toEqual([exitCode, '']);
  const lines = berth.stderr.split('\n');
  expect(lines).toEqual([expect.stringMatching(/^berth: [^;]+; \S/), '']);
  expect(lines[0]).not.toMatch(/ {4}at |\bundefined\b|\[object/);
  return lines[0] ?? '';
}

describe('a command line that makes no sense ends with 2', () => {
  it('for an unknown flag', async () => {
    const line = await complaint(2, 'run', '--prot', '1');
    expect(line).toContain("unknown option '--prot'");
    expect(line).toContain('did you mean --port?');
    expect(line).toContain('run "berth run --help"');
  });

  it('for an unknown command', async () => {
    expect(await complaint(2, 'rum')).toContain("unknown command 'rum'");
  });

  it('for a value that a flag cannot have', async () => {
    expect(await complaint(2, 'run', '--port', 'http')).toContain('--port');
    expect(await complaint(2, 'run', '--lease-duration', 'soon')).toContain('--lease-duration');
  });
});

describe('a configuration that makes no sense ends with 2 and names the place', () => {
  const header = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';

  it('for a file that is not YAML', async () => {
    const file = temporaryFile(`${header}profiles: [\n`);
    expect(await complaint(2, 'run', '--config', file)).toMatch(new RegExp(`${file}:\\d+:\\d+: `));
  });

  it('for an unknown field', async () => {
    const file = temporaryFile(`${header}profiles:\n- schedulerNames: mine\n`);
    const line = await complaint(2, 'run', '--config', file);
    expect(line).toContain(`${file}:4:3: `);
    expect(line).toContain('schedulerNames');
  });

  it('for a value of the wrong kind', async () => {
    const file = temporaryFile(`${header}parallelism: many\n`);
    expect(await complaint(2, 'run', '--config', file)).toContain(`${file}:3:`);
  });

  it('for a file that is not there', async () => {
    expect(await complaint(2, 'run', '--config', '/nowhere/berth.yaml')).toContain('/nowhere/berth.yaml');
  });

  it("for the first scheduler's own lease", async () => {
    const line = await complaint(
      2,
      'run',
      '--lease-namespace',
      'kube-system',
      '--lease-name',
      'kube-scheduler',
    );
    expect(line).toContain('--allow-default-lease');
  });
});

describe('a cluster that cannot be worked with ends with 3', () => {
  it('for a kubeconfig that is not there', async () => {
    const line = await complaint(3, 'run', '--kubeconfig', '/nowhere/kubeconfig', ...quietly);
    expect(line).toContain('/nowhere/kubeconfig');
  });

  it('for a kubeconfig that is none', async () => {
    const file = temporaryFile('just words');
    expect(await complaint(3, 'run', '--kubeconfig', file, ...quietly)).toContain(file);
  });

  it('for a context that the kubeconfig does not have', async () => {
    const line = await complaint(
      3,
      'run',
      '--kubeconfig',
      kubeconfigFor(api.url),
      '--context',
      'prod',
      ...quietly,
    );
    expect(line).toContain('prod');
  });

  it('for a server that nobody listens at', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const kubeconfig = kubeconfigFor(`http://127.0.0.1:${port}`);
    expect(await complaint(3, 'run', '--kubeconfig', kubeconfig, ...quietly)).toContain(`127.0.0.1:${port}`);
  });

  it('for credentials that the server does not accept', async () => {
    proxy.treat = () => statusAnswer(401, 'Unauthorized', 'Unauthorized');
    const kubeconfig = kubeconfigFor(proxy.url, { token: 'expired' });
    const line = await complaint(3, 'run', '--kubeconfig', kubeconfig, ...quietly);
    expect(line).toContain('kubectl auth whoami');
    expect(line).not.toContain('expired;');
  });

  it('for a right that is missing, which it names', async () => {
    proxy.treat = ({ path }) =>
      path.endsWith('/selfsubjectaccessreviews')
        ? { status: 201, body: JSON.stringify({ status: { allowed: false } }) }
        : 'forward';
    const line = await complaint(3, 'run', '--kubeconfig', kubeconfigFor(proxy.url), ...quietly);
    expect(line).toContain('create pods/binding');
    expect(line).toContain('kubectl apply -k manifests/base');
  });
});

describe('a server that is something else', () => {
  it('is told from an API server', async () => {
    const { port } = website.address() as AddressInfo;
    const kubeconfig = kubeconfigFor(`http://127.0.0.1:${port}`);
    const line = await complaint(1, 'run', '--kubeconfig', kubeconfig, ...quietly);
    expect(line).toContain('is not JSON');
    expect(line).toContain('address in the kubeconfig');
  });
});

describe('a port that is taken', () => {
  it('ends with 1 and says which', async () => {
    const { port } = website.address() as AddressInfo;
    const kubeconfig = kubeconfigFor(api.url);
    const line = await complaint(
      1,
      ...['run', '--kubeconfig', kubeconfig, '--log-level', 'error', '--leader-elect=false'],
      ...['--bind-address', '127.0.0.1', '--port', String(port)],
    );
    expect(line).toContain(`127.0.0.1:${port}`);
  });
});
