import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, extname, isAbsolute, join, resolve as resolvePath } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { apiSymbolName, type EntryRequest, entryOf } from './module-entry.js';
import { runTrial } from './module-trial-process.js';
import { trialVariable } from './module-trial-protocol.js';
import { generationOf, markUrl } from './module-url.js';
import { withoutSourceComments } from './source-comments.js';
import { stripTypes } from './strip-types.js';

/*
 * What Node.js is taught so that plugins can be imported: TypeScript, and 'berth' without node_modules. It concerns the modules of
 * plugins alone; all others go their usual way. The file is an entry of its own, because Node.js 20 runs hooks in a thread of theirs. It is
 * the entry of the processes as well in which modules are tried.
 */

const apiUrl = 'berth-plugin-api:berth';

/** Where a specifier leads. */
type Route =
  | { readonly kind: 'url'; readonly url: string }
  /** Node.js finds it, as seen from `parent`; with a generation it is a plugin's own. */
  | {
      readonly kind: 'package';
      readonly specifier: string;
      readonly parent: string | undefined;
      readonly generation: string | undefined;
    };

function route(specifier: string, parentUrl: string | undefined): Route {
  const entry = entryOf(specifier);
  if (entry !== undefined) return routeEntry(entry);
  const generation = generationOf(parentUrl);
  const asIs: Route = { kind: 'package', specifier, parent: parentUrl, generation: undefined };
  if (generation === undefined || parentUrl === undefined) return asIs;
  if (specifier === 'berth' || specifier === 'berth/plugin') return { kind: 'url', url: apiUrl };
  if (specifier === 'berth/testing') {
    throw new Error("'berth/testing' is for tests; a plugin imports from 'berth'");
  }
  if (!isPath(specifier)) return asIs;
  const path = specifier.startsWith('file:')
    ? fileURLToPath(specifier)
    : resolvePath(dirname(fileURLToPath(parentUrl)), specifier);
  return { kind: 'url', url: fileUrl(path, generation) };
}

function routeEntry({ specifier, folder, generation }: EntryRequest): Route {
  if (isPath(specifier)) return { kind: 'url', url: fileUrl(resolvePath(folder, specifier), generation) };
  const parent = pathToFileURL(join(folder, 'berth.yaml')).href;
  return { kind: 'package', specifier, parent, generation };
}

function isPath(specifier: string): boolean {
  return /^\.{1,2}\//.test(specifier) || isAbsolute(specifier) || specifier.startsWith('file:');
}

/** Links are followed first, so that modules of one mounted ConfigMap are all of the same version of it. */
function fileUrl(path: string, generation: string): string {
  return markUrl(pathToFileURL(realpathSync(sourceOf(path))).href, generation);
}

/** TypeScript imports `./x.js` where `x.ts` is meant. */
function sourceOf(path: string): string {
  if (existsSync(path)) return path;
  const typescript = path.replace(/\.(m?)js$/, '.$1ts');
  return existsSync(typescript) ? typescript : path;
}

function formatOf(url: string): 'json' | 'module' {
  return new URL(url).pathname.endsWith('.json') ? 'json' : 'module';
}

interface LoadedSource {
  readonly format: 'module';
  readonly source: string;
  readonly shortCircuit: true;
}

/** The source of a module that is a plugin's; undefined for all others. */
function sourceAt(url: string, apiNames: readonly string[]): LoadedSource | undefined {
  if (url === apiUrl) {
    const api = `globalThis[Symbol.for(${JSON.stringify(apiSymbolName)})]`;
    const source = `export const { ${apiNames.join(', ')} } = ${api};`;
    return { format: 'module', source, shortCircuit: true };
  }
  if (generationOf(url) === undefined) return undefined;
  const file = fileURLToPath(url);
  const source = withoutSourceComments(readFileSync(file, 'utf8'));
  switch (extname(file)) {
    case '.ts':
    case '.mts':
      return { format: 'module', source: stripTypes(source, file), shortCircuit: true };
    case '.js':
    case '.mjs':
      return { format: 'module', source, shortCircuit: true };
    case '.json':
      return undefined;
    default:
      throw new Error(`${file} is not a module; a plugin is a file named .ts, .mts, .js or .mjs`);
  }
}

interface ResolveContext {
  readonly parentURL?: string | undefined;
}

interface Resolved {
  readonly url: string;
  readonly format?: string | null | undefined;
  readonly shortCircuit?: boolean | undefined;
}

type NextResolve<Result> = (specifier: string, context: ResolveContext) => Result;

function marked(resolved: Resolved, generation: string | undefined): Resolved {
  if (generation === undefined || !resolved.url.startsWith('file:')) return resolved;
  const url = markUrl(pathToFileURL(realpathSync(fileURLToPath(resolved.url))).href, generation);
  return { url, format: 'module', shortCircuit: true };
}

/** For Node.js that runs hooks in the importing thread (22.15 and later). */
export function synchronousHooks(apiNames: readonly string[]) {
  return {
    resolve(specifier: string, context: ResolveContext, next: NextResolve<Resolved>): Resolved {
      const found = route(specifier, context.parentURL);
      if (found.kind === 'url') return { url: found.url, format: formatOf(found.url), shortCircuit: true };
      return marked(next(found.specifier, { ...context, parentURL: found.parent }), found.generation);
    },
    load: <Result>(url: string, context: unknown, next: (url: string, context: unknown) => Result) =>
      sourceAt(url, apiNames) ?? next(url, context),
  };
}

let namesInThread: readonly string[] = [];

/** Node.js 20: called in the hooks' thread, with what `register` was given. */
export function initialize(apiNames: readonly string[]): void {
  namesInThread = apiNames;
}

/** Node.js 20. */
export async function resolve(
  specifier: string,
  context: ResolveContext,
  next: NextResolve<Promise<Resolved>>,
): Promise<Resolved> {
  const found = route(specifier, context.parentURL);
  if (found.kind === 'url') return { url: found.url, format: formatOf(found.url), shortCircuit: true };
  return marked(await next(found.specifier, { ...context, parentURL: found.parent }), found.generation);
}

/** Node.js 20. */
export async function load<Result>(
  url: string,
  context: unknown,
  next: (url: string, context: unknown) => Promise<Result>,
): Promise<LoadedSource | Result> {
  return sourceAt(url, namesInThread) ?? next(url, context);
}

// Not waited for here: the trial imports this module. Only as the program that was started: hooks are of use in others as well.
if (
  isMainThread &&
  process.env[trialVariable] !== undefined &&
  process.argv[1] === fileURLToPath(import.meta.url)
) {
  void runTrial();
}
