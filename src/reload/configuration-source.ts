import { dirname, resolve } from 'node:path';
import { noBerthConfiguration } from '../config/berth-configuration.js';
import { type ConfigurationOverrides, loadConfiguration } from '../config/load.js';
import type { EffectiveConfiguration } from '../config/scheduler-configuration.js';
import type { PluginHost } from '../plugin-host/plugin-host.js';
import { areEqual, type FileMarks, markFiles, type WatchedPath } from './file-marks.js';

export interface ConfigurationSourceOptions {
  /** Path given with --config; without one all is defaults and flags. */
  readonly path: string | undefined;
  readonly berthConfigPath: string | undefined;
  readonly overrides: ConfigurationOverrides;
  readonly allowDefaultLease: boolean;
  readonly loadPlugins: (configuration: EffectiveConfiguration) => Promise<PluginHost>;
}

/** A configuration with the plugins that its modules bring. */
export interface LoadedConfiguration {
  readonly configuration: EffectiveConfiguration;
  /** To be closed by whoever gets it. */
  readonly plugins: PluginHost;
}

/** Where the configuration comes from: reads all of it, and knows when it has changed since. */
export class ConfigurationSource {
  readonly #options: ConfigurationSourceOptions;
  #watched: readonly WatchedPath[];
  /** Taken before the files were read that they are of: a change in between is noticed. */
  #marks: FileMarks = new Map();

  constructor(options: ConfigurationSourceOptions) {
    this.#options = options;
    this.#watched = this.#ownFiles();
  }

  /** False when all is defaults and flags: then nothing can change. */
  get canChange(): boolean {
    return this.#watched.length > 0;
  }

  /** Reads the configuration and imports its modules afresh. Rejects with a `BerthError` of exit code 2 for what is not right. */
  async load(): Promise<LoadedConfiguration> {
    const { path, overrides, allowDefaultLease, berthConfigPath, loadPlugins } = this.#options;
    // After a failure what was watched so far goes on being watched: it may be there that things are mended.
    this.#marks = await markFiles(this.#watched);
    const configuration = loadConfiguration(path, overrides, { allowDefaultLease, berthConfigPath });
    const further = restsOn(configuration);
    this.#marks = new Map([...this.#marks, ...(await markFiles(further))]);
    this.#watched = unique([...this.#watched, ...further]);
    const plugins = await loadPlugins(configuration);
    this.#watched = unique([...this.#ownFiles(), ...further]);
    this.#marks = new Map(this.#watched.map(({ path: file }) => [file, this.#marks.get(file) ?? '']));
    return { configuration, plugins };
  }

  /** Resolves to true when something on disk is not as `load` found it. */
  async hasChanged(): Promise<boolean> {
    return !areEqual(await this.now(), this.#marks);
  }

  /** What is on disk now. */
  now(): Promise<FileMarks> {
    return markFiles(this.#watched);
  }

  #ownFiles(): WatchedPath[] {
    const { path, berthConfigPath } = this.#options;
    return [path, berthConfigPath]
      .filter((file) => file !== undefined)
      .map((file) => ({ path: resolve(file), kind: 'file' }));
  }
}

/** What a configuration names on disk: modules of plugins, with the folder that their imports are usually in, and extenders' certificates. */
function restsOn({ berth = noBerthConfiguration, extenders }: EffectiveConfiguration): WatchedPath[] {
  const modules = berth.plugins
    .filter(({ module }) => /^\.{0,2}\//.test(module))
    .map(({ module, folder }) => ({ path: dirname(resolve(folder, module)), kind: 'folder' }) as const);
  const certificates = extenders
    .flatMap(({ tlsConfig }) => [tlsConfig?.caFile, tlsConfig?.certFile, tlsConfig?.keyFile])
    .filter((file) => file !== undefined && file !== '')
    .map((file) => ({ path: resolve(file!), kind: 'file' }) as const);
  return unique([...modules, ...certificates]);
}

function unique(paths: readonly WatchedPath[]): WatchedPath[] {
  return [...new Map(paths.map((each) => [`${each.kind} ${each.path}`, each])).values()];
}
