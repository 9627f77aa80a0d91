import { resolve } from 'node:path';
import type { PluginModuleConfiguration } from '../config/berth-configuration.js';
import { BerthError } from '../errors.js';
import type { PluginDefinition } from '../framework/plugin-definition.js';
import { definitionProblem, exportsProblem } from './check-definition.js';
import type { ImportPluginModule } from './module-importer.js';
import { TrialFailed, waitsTooLong } from './module-trial.js';
import { type PluginFrame, pluginFrame } from './module-url.js';
import { describeThrown } from './plugin-supervisor.js';

/** A module, as a configuration names it. Without a name it may be any plugin. */
export type ModuleToLoad = Pick<PluginModuleConfiguration, 'module' | 'folder' | 'where'> & {
  readonly name: string | undefined;
};

/** A plugin's module, imported and checked. */
export interface LoadedPluginModule {
  /** Its file, or the name of its package: for messages. */
  readonly file: string;
  readonly definition: PluginDefinition<never>;
}

export interface LoadPluginOptions {
  readonly importModule: ImportPluginModule;
  /** Tells this loading from others: each has instances of its own. */
  readonly generation: string;
  /** How long a module may take to be imported, in its trial and in earnest each. @default 10_000 */
  readonly timeLimitMs?: number;
}

/** Throws `BerthError` with exit code 2 that names the file, what is wrong with it, and how to mend it. */
export async function loadPluginModule(
  configuration: ModuleToLoad,
  options: LoadPluginOptions,
): Promise<LoadedPluginModule> {
  const { name, module: specifier, folder } = configuration;
  const file = /^\.{0,2}\//.test(specifier) ? resolve(folder, specifier) : specifier;
  const exports = await importWithin(configuration, file, options);
  const problem = exportsProblem(exports) ?? definitionProblem(exports.plugin, name);
  if (problem !== undefined) throw refuse(problem, `${file}:1:1`);
  return { file, definition: exports.plugin as PluginDefinition<never> };
}

async function importWithin(
  configuration: ModuleToLoad,
  file: string,
  { importModule, generation, timeLimitMs = 10_000 }: LoadPluginOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const { module: specifier, folder } = configuration;
  const request = { specifier, folder, generation };
  let timer: NodeJS.Timeout | undefined;
  try {
    await importModule.trial?.(request, { timeLimitMs });
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new TrialFailed(waitsTooLong(timeLimitMs))), timeLimitMs);
    });
    return await Promise.race([importModule(request), late]);
  } catch (thrown) {
    throw refusalOf(thrown, configuration, file);
  } finally {
    clearTimeout(timer);
  }
}

/** What an import failed over, in words for the plugin's author. */
function refusalOf(thrown: unknown, { module: specifier, where }: ModuleToLoad, file: string): BerthError {
  if (thrown instanceof TrialFailed) return refuse(thrown.message, placeIn(thrown.frame, file));
  const { code, message, name } = asError(thrown);
  // A module that could not be read tells its place itself.
  const told = /^(.*):(\d+):(\d+): (.*)$/s.exec(message);
  if (name === 'UnreadableModule' && told !== null)
    return refuse(told[4]!, `${told[1]}:${told[2]}:${told[3]}`, thrown);
  if (code === 'ENOENT' && message.includes(`'${file}'`)) {
    return refuse(
      `module: there is no file ${file}; a relative path is relative to the configuration file`,
      where,
      thrown,
    );
  }
  if (code === 'ENOENT') {
    const missing = /'([^']+)'/.exec(message)?.[1] ?? 'a file';
    return refuse(
      `it imports ${missing}, which does not exist; mount it beside the plugin`,
      `${file}:1:1`,
      thrown,
    );
  }
  if (code === 'EACCES') return refuse(`module: ${file} cannot be read: permission denied`, where, thrown);
  if (code === 'EISDIR')
    return refuse(`module: ${file} is a folder; name the file of the plugin`, where, thrown);
  if (code === 'ERR_MODULE_NOT_FOUND') {
    const missing = /package '([^']+)'/.exec(message)?.[1];
    if (missing === specifier) {
      const mend = 'a file is named by a path that begins with "./" or "/"';
      return refuse(
        `module: there is no package ${specifier} in a node_modules beside the configuration file; ${mend}`,
        where,
        thrown,
      );
    }
    if (missing !== undefined) {
      const mend = 'mount node_modules beside the plugin, or bundle the plugin into one file';
      return refuse(
        `it imports the package ${missing}, which is not installed; ${mend}`,
        `${file}:1:1`,
        thrown,
      );
    }
  }
  const unexported = /(?:module|requested module) '[^']*' does not provide an export named '?([^' ]+)'?/.exec(
    message,
  )?.[1];
  if (unexported !== undefined) {
    const mend = 'types are imported with "import type"';
    return refuse(
      `it imports ${unexported}, which is not exported there; ${mend}`,
      placeOf(thrown, file),
      thrown,
    );
  }
  return refuse(`loading it failed: ${describeThrown(thrown)}`, placeOf(thrown, file), thrown);
}

/** Where in a plugin an error arose. Of JavaScript that is none V8 does not tell it. */
function placeOf(thrown: unknown, file: string): string {
  return placeIn(pluginFrame(thrown), file);
}

function placeIn(found: PluginFrame | undefined, file: string): string {
  return found === undefined ? `${file}:1:1` : `${found.file}:${found.line}:${found.column}`;
}

interface ErrorParts {
  readonly name: string;
  readonly message: string;
  readonly code: string;
}

function asError(thrown: unknown): ErrorParts {
  const {
    name = '',
    message = String(thrown),
    code = '',
  } = (thrown ?? {}) as Partial<Record<keyof ErrorParts, unknown>>;
  return { name: String(name), message: String(message), code: String(code) };
}

function refuse(problem: string, where: string, cause?: unknown): BerthError {
  return new BerthError('BERTH_E_CONFIG_INVALID', { problem }, { where, cause });
}
