import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { inspectConfiguration, type LoadOptions } from '../config/inspect.js';
import { configurationJsonSchema } from '../config/json-schema.js';
import { errorOf, loadConfiguration } from '../config/load.js';
import { formatWarning } from '../config/problem-place.js';
import type { EffectiveConfiguration } from '../config/scheduler-configuration.js';
import { toWritten, versionedBerth } from '../config/versioned.js';
import { toYaml } from '../config/yaml-text.js';
import { BerthError } from '../errors.js';
import type { CommandContext } from './command-context.js';
import { checkReport, checkText } from './config-check.js';
import type { CheckOptions, PrintOptions } from './config-options.js';
import type { ConfigurationOptions } from './configuration-options.js';

/** The name under which standard input appears in messages. */
const standardInput = '<stdin>';

/** `berth config check FILE`: everything that can be said of a file, at once. Returns 2 when it cannot be used. */
export function configCheckCommand(file: string, options: CheckOptions, { stdout }: CommandContext): 0 | 2 {
  const { path, ...loading } = inputOf(file, options);
  const inspection = inspectConfiguration(path, options.overrides, loading);
  const report = checkReport(path, inspection);
  stdout.write(options.output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : checkText(report));
  const isFine = report.valid && (!options.strict || report.warnings.length === 0);
  return isFine ? 0 : 2;
}

/** `berth config print FILE`: the configuration in effect, in the form of a file. */
export function configPrintCommand(file: string, options: PrintOptions, context: CommandContext): 0 {
  const { path, ...loading } = inputOf(file, options);
  const configuration = loadConfiguration(path, options.overrides, loading);
  warn(configuration, context);
  context.stdout.write(textOf(configuration, options));
  return 0;
}

/** `berth config defaults`: what is in effect without any file. */
export function configDefaultsCommand(options: PrintOptions, { stdout }: CommandContext): 0 {
  stdout.write(textOf(loadConfiguration(undefined, options.overrides, options), options));
  return 0;
}

/**
 * `berth config convert FILE`: a file of a removed version as one of v1, with its comments. What could not be converted
 * stays as it is, for `berth config check` to name.
 */
export function configConvertCommand(file: string, { stdout, stderr }: CommandContext): 0 {
  const { path, ...loading } = inputOf(file, { allowDefaultLease: true });
  const { source, berthDocument, problems, warnings } = inspectConfiguration(path, {}, loading);
  const [first] = problems;
  if (source === undefined) {
    throw first === undefined ? new Error('a file without problems was not read') : errorOf(first);
  }
  for (const warning of warnings) stderr.write(`berth: warning: ${formatWarning(warning)}\n`);
  if (problems.length > 0) {
    const count = problems.length === 1 ? 'a problem is' : `${problems.length} problems are`;
    stderr.write(`berth: warning: ${count} left in the result; "berth config check" shows what and where\n`);
  }
  stdout.write(source.toText());
  if (berthDocument !== undefined) stdout.write(`---\n${berthDocument.trim()}\n`);
  return 0;
}

/** `berth config schema`: the JSON Schema of configuration files, for editors. */
export function configSchemaCommand({ stdout }: CommandContext): 0 {
  stdout.write(`${JSON.stringify(configurationJsonSchema(), null, 2)}\n`);
  return 0;
}

export interface WriteConfigOptions extends ConfigurationOptions {
  readonly configPath: string | undefined;
  readonly writeConfigTo: string;
}

/** `berth run --write-config-to PATH`: the configuration in effect, as a file that can be used as it is. */
export async function writeConfigCommand(options: WriteConfigOptions, context: CommandContext): Promise<0> {
  const { configPath, overrides, writeConfigTo } = options;
  const configuration = loadConfiguration(configPath, overrides, options);
  warn(configuration, context);
  try {
    // It may hold private keys of extenders.
    await writeFile(writeConfigTo, textOf(configuration, { output: 'yaml', raw: true }), { mode: 0o600 });
  } catch (error) {
    const problem = `--write-config-to: ${(error as Error).message}`;
    throw new BerthError('BERTH_E_OPTIONS_INVALID', { problem }, { cause: error });
  }
  context.stderr.write(`berth: wrote the configuration to ${writeConfigTo}\n`);
  return 0;
}

type Output = Pick<PrintOptions, 'output' | 'raw'>;

function textOf(configuration: EffectiveConfiguration, { output, raw }: Output): string {
  const written = toWritten(configuration, { showKeys: raw });
  if (output === 'json') {
    return `${JSON.stringify(written, null, 2)}\n`;
  }
  const { berth } = configuration;
  return berth === undefined || berth.plugins.length === 0
    ? toYaml(written)
    : `${toYaml(written)}---\n${toYaml(versionedBerth(berth))}`;
}

function warn({ warnings }: EffectiveConfiguration, { stderr }: CommandContext): void {
  for (const warning of warnings) stderr.write(`berth: warning: ${warning}\n`);
}

/** A file given on the command line; `-` stands for standard input. */
function inputOf(
  file: string,
  { allowDefaultLease, berthConfigPath }: Pick<LoadOptions, 'allowDefaultLease' | 'berthConfigPath'>,
): LoadOptions & { readonly path: string } {
  const readFile = (path: string): string => readFileSync(path === standardInput ? 0 : path, 'utf8');
  const path = file === '-' ? standardInput : file;
  return { path, readFile, allowDefaultLease: allowDefaultLease ?? false, berthConfigPath };
}
