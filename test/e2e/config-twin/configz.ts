import { spawn } from 'node:child_process';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../controlplane/free-port.js';

/** What kube-scheduler at work shows as its configuration. It needs no API server for that, and gets none. */
export async function configzOfKubeScheduler(program: string, file: string): Promise<unknown> {
  const [port = 0] = await freePorts(1);
  const child = spawn(
    program,
    [
      ...['--config', file, '--master', 'http://127.0.0.1:1'],
      ...['--bind-address', '127.0.0.1', '--secure-port', String(port)],
      ...['--authorization-always-allow-paths', '/configz'],
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
  });
  try {
    for (let attempt = 0; attempt < 100; attempt++) {
      const answer = await get(port, '/configz').catch(() => undefined);
      if (answer !== undefined) return JSON.parse(answer) as unknown;
      if (child.exitCode !== null) throw new Error(`kube-scheduler ended with ${child.exitCode}`);
      await sleep(100);
    }
    throw new Error('kube-scheduler did not answer');
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

function get(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // Its certificate is one that it made for itself just now.
    request({ host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.once('end', () => resolve(body));
      response.once('error', reject);
    })
      .once('error', reject)
      .end();
  });
}
