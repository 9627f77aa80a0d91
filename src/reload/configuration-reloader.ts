import type { Berth } from '../berth.js';
import type { Clock } from '../clock.js';
import type { EffectiveConfiguration } from '../config/scheduler-configuration.js';
import { BerthError, describeError } from '../errors.js';
import type { ReloadRecorder } from '../observe/reload-recorder.js';
import type { Policy } from '../policy.js';
import type { ConfigurationSource, LoadedConfiguration } from './configuration-source.js';
import { areEqual } from './file-marks.js';
import { previewReload } from './reload-preview.js';

export interface ConfigurationReloaderOptions {
  readonly source: ConfigurationSource;
  readonly berth: Berth;
  readonly recorder: ReloadRecorder;
  readonly clock: Clock;
  /** How often the files are looked at; 0 for never: then it is done on request only. */
  readonly intervalMs: number;
  /** Compares a changed configuration with the one in effect over the pending pods before it takes effect. */
  readonly preview: boolean;
  /** Rejects with a `BerthError` when Berth lacks a right that the policy needs. */
  readonly checkAccess: (policy: Policy, options: { readonly signal: AbortSignal }) => Promise<void>;
}

/** For listing kinds that were not watched before, and whole objects for extenders. */
const prepareLimitMs = 60_000;
/** The longest that a timer takes. */
const untilRequestedMs = 2 ** 31 - 1;
/** A configuration that the cluster did not let take effect is tried again after so long. */
const retryMs = 30_000;

/**
 * Takes a changed configuration into effect while the scheduler works: reads and checks all of it, makes what it asks for, watches what
 * that needs, and only then exchanges the one for the other, between two pods. Whatever goes wrong before leaves everything as it was.
 */
export class ConfigurationReloader {
  readonly #options: ConfigurationReloaderOptions;
  #isRequested = false;
  #wake: () => void = () => {};

  constructor(options: ConfigurationReloaderOptions) {
    this.#options = options;
  }

  /** Reads the configuration again, whether or not a file seems to have changed. */
  request(): void {
    this.#isRequested = true;
    this.#wake();
  }

  /** Looks for changes until the signal fires. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { clock } = this.#options;
    let retryAt = Number.POSITIVE_INFINITY;
    while (!signal.aborted) {
      await this.#pause(signal);
      if (signal.aborted) return;
      if (!this.#isRequested && clock.monotonic() < retryAt && !(await this.#hasSettled(signal))) continue;
      this.#isRequested = false;
      retryAt =
        (await this.#reload(signal)) === 'again' ? clock.monotonic() + retryMs : Number.POSITIVE_INFINITY;
    }
  }

  /** True when something has changed and nothing is being written at the moment. */
  async #hasSettled(signal: AbortSignal): Promise<boolean> {
    const { source } = this.#options;
    while (!signal.aborted && (await source.hasChanged())) {
      const seen = await source.now();
      await this.#pause(signal);
      if (this.#isRequested || areEqual(seen, await source.now())) return true;
    }
    return false;
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, intervalMs, source } = this.#options;
    if (this.#isRequested) return;
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    const looks = intervalMs > 0 && source.canChange;
    const options = { signal: AbortSignal.any([signal, woken.signal]) };
    await clock.sleep(looks ? intervalMs : untilRequestedMs, options).catch(() => undefined);
    this.#wake = () => {};
  }

  /** Never rejects. `again`: it was not the configuration's fault. */
  async #reload(signal: AbortSignal): Promise<'settled' | 'again'> {
    const { source, berth, recorder } = this.#options;
    let loaded: LoadedConfiguration | undefined;
    let policy: Policy | undefined;
    try {
      loaded = await source.load();
      const { configuration, fixed } = keepFixed(loaded.configuration, berth.policy.configuration);
      policy = berth.makePolicy(configuration, loaded.plugins);
      await this.#makeReady(policy, signal);
      signal.throwIfAborted();
      void berth.adopt(policy);
      recorder.applied(configuration, fixed);
      return 'settled';
    } catch (error) {
      if (policy !== undefined) await berth.dismiss(policy);
      else loaded?.plugins.close();
      if (signal.aborted) return 'settled';
      recorder.refused(error, berth.policy.configuration);
      return describeError(error).exitCode === 2 ? 'settled' : 'again';
    }
  }

  /** Everything that takes time or may fail. */
  async #makeReady(policy: Policy, signal: AbortSignal): Promise<void> {
    const { berth, recorder, checkAccess, preview, clock } = this.#options;
    await checkAccess(policy, { signal });
    await within(prepareLimitMs, { clock, signal }, (options) => berth.prepare(policy, options));
    if (!preview) return;
    const { cluster, pods, queue } = berth;
    const world = { cluster, pods: pods.values(), nominator: queue.nominator, clock };
    recorder.previewed(await previewReload(berth.policy.profiles, policy.profiles, world, { signal }));
  }
}

/** Sections that are of use at start only: their changes wait. */
const fixedSections = ['leaderElection', 'clientConnection'] as const;

function keepFixed(
  changed: EffectiveConfiguration,
  current: EffectiveConfiguration,
): { readonly configuration: EffectiveConfiguration; readonly fixed: readonly string[] } {
  const fixed = fixedSections.filter(
    (section) => JSON.stringify(changed[section]) !== JSON.stringify(current[section]),
  );
  const { leaderElection, clientConnection } = current;
  return { configuration: { ...changed, leaderElection, clientConnection }, fixed };
}

/** Rejects with a `BerthError` when the work takes too long. */
async function within(
  ms: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  work: (options: { readonly signal: AbortSignal }) => Promise<void>,
): Promise<void> {
  const late = new AbortController();
  const reason = `what the configuration needs to know of the cluster was not listed within ${ms / 1_000} s`;
  const cancel = clock.after(ms, () => late.abort(new BerthError('BERTH_E_NO_ANSWER', { reason })));
  try {
    await work({ signal: AbortSignal.any([signal, late.signal]) });
  } finally {
    cancel();
  }
}
