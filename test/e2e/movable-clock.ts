import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { until } from './until.js';

/**
 * The wall clock of another Node.js process, under the test's control: that process loads a module first of all which has `Date` go by
 * what a file says. Its monotonic clock and its timers stay as they are, as on a machine whose time is set.
 */
export class MovableClock {
  /** An option of Node.js for the process. */
  readonly option: string;
  readonly #file: string;
  #offset = 0;

  private constructor(folder: string) {
    this.#file = join(folder, 'clock-offset');
    this.option = `--import=${pathToFileURL(join(folder, 'movable-clock.mjs')).href}`;
  }

  /** Keeps its files in a folder that exists. */
  static async create(folder: string, at: number): Promise<MovableClock> {
    const clock = new MovableClock(folder);
    await writeFile(join(folder, 'movable-clock.mjs'), moduleText(clock.#file));
    await clock.#tell(at - Date.now());
    return clock;
  }

  /** What time it is there, milliseconds since the epoch. */
  now(): number {
    return Date.now() + this.#offset;
  }

  /** Sets the time, and returns when the process goes by it. */
  async set(at: number): Promise<void> {
    await this.#tell(at - Date.now());
    await until('the clock to be set', async () => {
      const seen = await readFile(`${this.#file}.seen`, 'utf8').catch(() => '');
      return seen === String(this.#offset);
    });
  }

  async #tell(offset: number): Promise<void> {
    this.#offset = offset;
    // In one step: half a number is a number too.
    await writeFile(`${this.#file}.new`, String(offset));
    await rename(`${this.#file}.new`, this.#file);
  }
}

function moduleText(file: string): string {
  return `
import { readFileSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const RealDate = Date;
let offset = 0;
const read = () => {
  const told = readFileSync(${JSON.stringify(file)}, 'utf8');
  if (Number(told) === offset) return;
  offset = Number(told);
  if (isMainThread) writeFileSync(${JSON.stringify(`${file}.seen`)}, told);
};
read();
setInterval(read, 20).unref();
const now = () => RealDate.now() + offset;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
});
`;
}
