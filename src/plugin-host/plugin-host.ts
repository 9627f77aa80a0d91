import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../clock.js';
import { noBerthConfiguration } from '../config/berth-configuration.js';
import { formatPath } from '../config/field-problem.js';
import type { EffectiveConfiguration } from '../config/scheduler-configuration.js';
import { readerOf } from '../framework/cluster-reader.js';
import type { Plugin } from '../framework/plugin.js';
import type { PluginContext, PluginLog } from '../framework/plugin-context.js';
import type { PluginDefinition } from '../framework/plugin-definition.js';
import type { PluginHandle, RegisteredPlugin } from '../framework/registry.js';
import { functionsProblem } from './check-definition.js';
import { hostPlugin } from './hosted-plugin.js';
import { loadPluginModule } from './load-plugin-module.js';
import { type ImportPluginModule, importPluginModule } from './module-importer.js';
import {
  type ConfiguredModule,
  checkArgs,
  checkProfiles,
  issuePath,
  unusedPlugins,
} from './plugin-checks.js';
import type { BreakerReport, PluginObserver } from './plugin-observer.js';
import { PluginSupervisor, type SupervisionSettings } from './plugin-supervisor.js';
import { type StrayOrigin, watchStrayErrors } from './stray-errors.js';
import { TimeGuard } from './time-guard.js';

export interface PluginHostOptions {
  readonly clock: Clock;
  /** Lines of plugins carry their name as the fact `plugin`. */
  readonly log: PluginLog;
  readonly observer?: PluginObserver;
  /** False where plugins are made without being used: what they do in the background is not begun. @default true */
  readonly background?: boolean;
  /** What plugins get as `context.fetch`. @default Node's own */
  readonly fetch?: typeof fetch;
  /** @default through Node.js itself */
  readonly importModule?: ImportPluginModule;
}

/** What plugins may ask of the scheduler that runs them. */
export interface PluginConnections {
  /** Pods that a plugin refused are to be tried again. */
  retryRefused(plugin: string): void;
  allow(uid: string, plugin: string): void;
  reject(uid: string, plugin: string, reason: string): boolean;
  /** A plugin is not called for a while: to be told to those who look at the cluster. */
  announce?(report: BreakerReport): void;
}

/** A definition, with how it is to be supervised. */
export interface HostedDefinition {
  readonly settings: SupervisionSettings;
  readonly definition: PluginDefinition<never>;
  /** For messages. */
  readonly file: string;
}

/** Longer than any `create` that does not wait needs. */
const createLimitMs = 5_000;

let generations = 0;

/**
 * The plugins of one configuration that come from modules, ready for a registry. Loading has no effect on hosts loaded before: a new
 * configuration gets a host of its own, with modules of its own, and the old one is closed once nothing uses it.
 */
export class PluginHost {
  /** For a `Registry`. */
  readonly registered: readonly RegisteredPlugin[];
  /** What a person should know but need not correct. */
  readonly warnings: readonly string[];
  readonly #options: PluginHostOptions;
  readonly #guard = new TimeGuard();
  readonly #hosted: readonly HostedDefinition[];
  readonly #closing = new AbortController();
  readonly #unwatch: () => void;
  #connections: PluginConnections | undefined;

  private constructor(
    hosted: readonly HostedDefinition[],
    warnings: readonly string[],
    options: PluginHostOptions,
  ) {
    this.#options = options;
    this.#hosted = hosted;
    this.warnings = warnings;
    this.registered = hosted.map((each) => this.#register(each));
    this.#unwatch =
      hosted.length === 0 ? () => {} : watchStrayErrors((error, origin) => this.#stray(error, origin));
  }

  /** Imports and checks the modules of a configuration. Throws `BerthError` with exit code 2. */
  static async load(configuration: EffectiveConfiguration, options: PluginHostOptions): Promise<PluginHost> {
    const { plugins } = configuration.berth ?? noBerthConfiguration;
    const { importModule = importPluginModule } = options;
    const generation = String(++generations);
    const modules: ConfiguredModule[] = [];
    // One after the other: of two that are wrong, the same one is told every time.
    for (const plugin of plugins) {
      modules.push({
        configuration: plugin,
        ...(await loadPluginModule(plugin, { importModule, generation })),
      });
    }
    checkProfiles(configuration, modules);
    const hosted = modules.map(({ configuration: settings, definition, file }) => ({
      settings,
      definition,
      file,
    }));
    return new PluginHost(hosted, unusedPlugins(configuration, modules), options);
  }

  /** Hosts definitions that are at hand; for tests. */
  static of(hosted: readonly HostedDefinition[], options: PluginHostOptions): PluginHost {
    return new PluginHost(hosted, [], options);
  }

  /** From now on plugins may ask the scheduler for something. */
  connect(connections: PluginConnections): void {
    this.#connections = connections;
  }

  /** Ends what plugins do in the background. */
  close(): void {
    this.#closing.abort();
    this.#connections = undefined;
    this.#unwatch();
  }

  #register(hosted: HostedDefinition): RegisteredPlugin {
    const { settings, definition } = hosted;
    const { clock } = this.#options;
    const observer: PluginObserver = {
      ...this.#options.observer,
      breaker: (report) => {
        this.#options.observer?.breaker?.(report);
        if (report.state === 'open') this.#connections?.announce?.(report);
      },
    };
    // Of all profiles together: a plugin that fails in one fails in all.
    const supervisor = new PluginSupervisor({ settings, guard: this.#guard, clock, observer });
    return {
      name: settings.name,
      points: definition.points,
      reads: definition.reads ?? [],
      create: (args, handle) => this.#create(hosted, supervisor, args, handle),
    };
  }

  #create(
    { settings, definition, file }: HostedDefinition,
    supervisor: PluginSupervisor,
    given: unknown,
    handle: PluginHandle,
  ): Plugin {
    const { name } = settings;
    const args = checkArgs(definition.args, given);
    if (args.issues !== undefined) {
      const [issue] = args.issues;
      const field = formatPath(['args', ...(issue === undefined ? [] : issuePath(issue))]);
      throw new Error(`${field}: ${issue?.message} (${file})`);
    }
    const context = this.#context(name, args.value, handle);
    // Its background work begins when it is known to be a plugin.
    const functions = this.#guard.run(() => definition.create(context.context as PluginContext<never>), {
      limitMs: Math.max(createLimitMs, settings.timeLimitMs),
    });
    const problem = functionsProblem(functions, definition.points);
    if (problem !== undefined) throw new Error(`${problem} (${file})`);
    const plugin = hostPlugin({ name, supervisor }, definition.points, functions);
    context.begin();
    return plugin;
  }

  #context(
    name: string,
    args: unknown,
    { profile, cluster }: PluginHandle,
  ): { readonly context: PluginContext<unknown>; begin(): void } {
    const { clock, fetch: fetchUrl = fetch, log } = this.#options;
    const { signal } = this.#closing;
    const tasks: (() => void)[] = [];
    let begun = false;
    const context: PluginContext<unknown> = {
      args,
      profile,
      cluster: readerOf(cluster),
      clock: { now: () => clock.now(), monotonic: () => clock.monotonic() },
      log: namedLog(log, name),
      signal,
      fetch: (...request) => {
        const answer = Promise.resolve(fetchUrl(...request));
        // An answer that the plugin forgets to wait for must not end the process.
        answer.catch(() => undefined);
        return answer;
      },
      held: {
        allow: (uid) => this.#connections?.allow(uid, name),
        reject: (uid, reason) => this.#connections?.reject(uid, name, reason) ?? false,
      },
      every: (ms, task) => {
        if (!(ms >= 1))
          throw new TypeError(`context.every() takes milliseconds, at least 1; it got ${String(ms)}`);
        const run = (): void => {
          if (this.#options.background ?? true) void this.#repeat(name, ms, task);
        };
        if (begun) run();
        else tasks.push(run);
      },
      // Later: the plugin may ask from within an extension point, and the queue is then at work.
      retryRefused: () => setImmediate(() => this.#connections?.retryRefused(name)),
    };
    const begin = (): void => {
      begun = true;
      for (const task of tasks) task();
    };
    return { context, begin };
  }

  async #repeat(
    name: string,
    ms: number,
    task: (signal: AbortSignal) => Promise<void> | void,
  ): Promise<void> {
    const { clock, observer } = this.#options;
    const { signal } = this.#closing;
    // Never within `create`, whose time is limited.
    await Promise.resolve();
    while (!signal.aborted) {
      try {
        await task(signal);
      } catch (error) {
        if (!signal.aborted) observer?.strayed?.(name, error);
      }
      if (!signal.aborted) await clock.sleep(ms, { signal }).catch(() => undefined);
    }
  }

  /** Reports an error that nobody handled, if it may be a plugin's. */
  #stray(error: unknown, origin: StrayOrigin): boolean {
    const plugin = this.#strayOf(origin);
    if (plugin !== undefined) this.#options.observer?.strayed?.(plugin, error);
    return plugin !== undefined;
  }

  /**
   * Whose it is. A request that was forgotten, a text that was thrown: such errors name no file at all. They are taken for a plugin's,
   * because Berth waits for whatever it begins, and one forgotten line in a plugin must not end the scheduler.
   */
  #strayOf({ frame, files }: StrayOrigin): string | undefined {
    const [first, second] = this.#hosted;
    const fallback = second === undefined ? first?.settings.name : unknownPlugin;
    if (frame === undefined) {
      return files.length === 0 ? fallback : this.#hosted.find(usesPackageOf(files))?.settings.name;
    }
    const byFile = this.#hosted.find((hosted) => realPath(hosted.file) === frame.file);
    const byFolder = this.#hosted.find(({ file }) => frame.file.startsWith(`${dirname(realPath(file))}/`));
    return (byFile ?? byFolder ?? first)?.settings.name;
  }
}

/** Stands for the plugin in reports of errors that do not tell where they come from. */
const unknownPlugin = 'unknown';

/** Is one of the files of a package that the plugin may import? */
function usesPackageOf(files: readonly string[]): (hosted: HostedDefinition) => boolean {
  const folders = files.flatMap((file) => file.split('/node_modules/').slice(0, -1).slice(0, 1));
  return ({ file }) => folders.some((folder) => folder !== '' && realPath(file).startsWith(`${folder}/`));
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function namedLog(log: PluginLog, plugin: string): PluginLog {
  return {
    debug: (message, facts) => log.debug(message, { plugin, ...facts }),
    info: (message, facts) => log.info(message, { plugin, ...facts }),
    warn: (message, facts) => log.warn(message, { plugin, ...facts }),
    error: (message, facts) => log.error(message, { plugin, ...facts }),
  };
}
