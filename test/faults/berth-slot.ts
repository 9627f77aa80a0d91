import { BerthInProcess, type InProcessOptions } from './berth-in-process.js';
import { cacheDivergence } from './cache-comparison.js';
import type { FaultProxy } from './fault-proxy.js';
import type { FinalState } from './final-state.js';
import type { Replica } from './replica.js';

export interface BerthSlotOptions extends Omit<InProcessOptions, 'url' | 'identity'> {
  readonly name: string;
  readonly proxy: FaultProxy;
}

/** Real milliseconds until a container that ended is started again. */
const restartMs = 100;

/** A Berth within this process, on a clock that runs fast. */
export class BerthSlot implements Replica {
  readonly name: string;
  readonly proxy: FaultProxy;
  readonly endings: string[] = [];
  readonly freeze = undefined;
  incidents = 0;
  readonly #options: BerthSlotOptions;
  #berth: BerthInProcess;
  #closing = false;
  #starts = 0;

  constructor(options: BerthSlotOptions) {
    this.name = options.name;
    this.proxy = options.proxy;
    this.#options = options;
    this.#berth = this.#start();
  }

  get failures(): string[] {
    return this.endings.filter((why) => why.startsWith('failed'));
  }

  readonly jumpClock = (ms: number): void => this.#berth.clock.jump(ms);

  async kill(): Promise<void> {
    await this.#berth.kill();
  }

  async unsettled(state: FinalState): Promise<string[]> {
    const busy = Object.entries(this.#berth.unfinished())
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `${count} ${what}`);
    return [...busy, ...cacheDivergence(this.#berth.believes(), state)];
  }

  async describe(): Promise<string> {
    return this.#berth.describe();
  }

  async stop(): Promise<void> {
    this.#closing = true;
    await this.#berth.stop();
  }

  #start(): BerthInProcess {
    this.#starts += 1;
    const { seed, time, leaderElect, verbose } = this.#options;
    const berth = new BerthInProcess({
      url: this.proxy.url,
      time,
      identity: `${this.name}_${this.#starts}`,
      seed: seed + this.#starts,
      leaderElect,
      verbose,
    });
    void berth.ended.then((why) => {
      if (this.#closing) return;
      this.endings.push(why);
      time.after(restartMs, () => {
        if (this.#closing) return;
        this.proxy.newClient();
        this.#berth = this.#start();
      });
    });
    return berth;
  }
}
