import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../../controlplane/child-process.js';
import { Exposition } from '../../soak/exposition.js';

const probeMs = 20;

/** A scheduler under measurement: a process that answers `/readyz` and `/metrics`. */
export class SchedulerProcess {
  readonly child: Child;
  readonly #address: string;

  constructor(child: Child, address: string) {
    this.child = child;
    this.#address = address;
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Why it is of no use any more; undefined as long as it runs. */
  readonly failed = (): string | undefined =>
    this.child.running ? undefined : `${this.child.name} ended; the end of its output:\n${this.child.tail()}`;

  async ready({
    withinMs,
    signal,
  }: {
    readonly withinMs: number;
    readonly signal: AbortSignal;
  }): Promise<void> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const { status } = await this.#get('/readyz').catch(() => ({ status: 0 }));
      if (status === 200) return;
      const trouble = performance.now() > deadline ? `not ready within ${withinMs / 1000} s` : this.failed();
      if (trouble !== undefined) throw new Error(trouble);
      await sleep(probeMs, undefined, { signal });
    }
  }

  async metrics(): Promise<Exposition> {
    return new Exposition((await this.#get('/metrics')).body);
  }

  #get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const url = `${this.#address}${path}`;
    return new Promise((resolve, reject) => {
      // kube-scheduler's certificate is one that it made itself.
      const options = { agent: false, timeout: 5_000, rejectUnauthorized: false } as const;
      const outgoing = (url.startsWith('https:') ? httpsGet : httpGet)(url, options, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, body }));
        answer.once('error', reject);
      });
      outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer from ${url}`)));
      outgoing.once('error', reject);
    });
  }
}
