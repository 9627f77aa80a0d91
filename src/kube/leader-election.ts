import { Worker } from 'node:worker_threads';
import { type Clock, systemClock } from '../clock.js';
import type { CredentialsRequest } from './credentials.js';
import type { LeaseSettings } from './lease.js';
import type { LeaseWorkerCommand, LeaseWorkerData, LeaseWorkerMessage } from './lease-worker-protocol.js';
import { LeaseFence, type WriteFence } from './write-fence.js';

export interface LeaderElectionOptions {
  /** The bundled lease-worker.js. */
  readonly workerUrl: URL;
  /** As given to `loadCredentials`; the worker loads its own. */
  readonly connection: CredentialsRequest;
  readonly settings: LeaseSettings;
  /** Reporter of the leadership event, for example the scheduler name. */
  readonly component: string;
  /** Firing it is the same as calling `release`. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Everything that happens, for logs and metrics. Must not throw. */
  readonly onEvent?: (event: LeaseWorkerMessage) => void;
}

/** Why leadership ended against our will. */
export interface LeadershipLoss {
  readonly message: string;
}

/** An election under way; see `startLeaderElection`. */
export interface LeaderElection {
  /** Resolves on election. Rejects when the election ends without us, by `release` or because it cannot go on. */
  readonly acquired: Promise<void>;
  /** Resolves when leadership is lost, or the thread that guards it fails. Stays pending after a `release`. */
  readonly lost: Promise<LeadershipLoss>;
  /** Closes the fence and hands the lease back. Finish the writes under way first. Never rejects; may be called twice. */
  release(): Promise<void>;
  /** Who holds the lease, as last seen; undefined before the first sight, '' when it is free. */
  readonly observedHolder: string | undefined;
  /** To be asked before every write. */
  readonly fence: WriteFence;
}

/** Beyond the renew deadline, for the worker to say that it is done. */
const releaseGraceMs = 2000;

/** Runs for the lease in a worker thread until it is lost or released. */
export function startLeaderElection(options: LeaderElectionOptions): LeaderElection {
  return new WorkerElection(options);
}

class WorkerElection implements LeaderElection {
  readonly acquired: Promise<void>;
  readonly lost: Promise<LeadershipLoss>;
  readonly fence: LeaseFence;
  readonly #options: LeaderElectionOptions;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #resolveAcquired!: () => void;
  #rejectAcquired!: (error: Error) => void;
  #resolveLost!: (loss: LeadershipLoss) => void;
  #observedHolder: string | undefined;
  #released: Promise<void> | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.fence = new LeaseFence();
    this.acquired = new Promise((resolve, reject) => {
      this.#resolveAcquired = resolve;
      this.#rejectAcquired = reject;
    });
    // Nobody has to wait for the election; its failure is told by `lost` and `onEvent` too.
    this.acquired.catch(() => {});
    this.lost = new Promise((resolve) => {
      this.#resolveLost = resolve;
    });
    this.#worker = this.#startWorker();
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal?.aborted) this.#onAbort();
  }

  get observedHolder(): string | undefined {
    return this.#observedHolder;
  }

  release(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  readonly #onAbort = (): void => void this.release();

  #startWorker(): Worker {
    const { connection, settings, component } = this.#options;
    const workerData: LeaseWorkerData = { connection, settings, component, fence: this.fence.buffer };
    const worker = new Worker(this.#options.workerUrl, { workerData, name: 'lease' });
    worker.on('message', (message: LeaseWorkerMessage) => this.#hear(message));
    worker.on('error', (error) => this.#hear({ kind: 'failed', message: String(error) }));
    worker.on('exit', (code) => this.#end(`the lease thread ended with code ${code}`));
    return worker;
  }

  async #release(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.fence.close();
    const command: LeaseWorkerCommand = { kind: 'release' };
    this.#worker.postMessage(command);
    const clock = this.#options.clock ?? systemClock;
    let cancel = (): void => {};
    const overdue = new Promise<void>((resolve) => {
      cancel = clock.after(this.#options.settings.renewDeadlineMs + releaseGraceMs, resolve);
    });
    await Promise.race([this.#exited, overdue]);
    cancel();
    await this.#worker.terminate();
  }

  #hear(message: LeaseWorkerMessage): void {
    switch (message.kind) {
      case 'observed':
        this.#observedHolder = message.holder;
        break;
      case 'acquired':
        this.#resolveAcquired();
        break;
      case 'lost':
        this.#end('the lease was not renewed within the renew deadline');
        break;
      case 'failed':
        this.#end(message.message);
        break;
      default:
        break;
    }
    this.#options.onEvent?.(message);
  }

  /** The first reason counts; what follows it (the worker's exit) is only its consequence. */
  #end(message: string): void {
    this.fence.close();
    this.#rejectAcquired(new Error(this.#released === undefined ? message : 'the election was given up'));
    if (this.#released === undefined) this.#resolveLost({ message });
  }
}
