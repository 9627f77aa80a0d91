import type { Command } from 'commander';
import type { CommandContext } from './command-context.js';
import { readChoice, readText } from './flag-values.js';

/** Extension points that `berth plugin new` has a template for. */
export const templatePoints = ['score', 'filter', 'queueSort'] as const;

export type TemplatePoint = (typeof templatePoints)[number];

/** What `berth plugin new` was asked to do. */
export interface NewPluginOptions {
  readonly name: string;
  readonly point: TemplatePoint;
  /** The folder to make; undefined: one named after the plugin, in this folder. */
  readonly folder: string | undefined;
}

/** What `berth plugin check` was asked to do. */
export interface CheckPluginOptions {
  /** A module, or a configuration file. */
  readonly file: string;
  /** For a module: its arguments, as YAML or JSON. */
  readonly args: string | undefined;
}

/** Adds `berth plugin` with what it can do. What does the work is imported when it is chosen. */
export function addPluginCommands(
  program: Command,
  context: CommandContext,
  setExitCode: (code: number) => void,
): void {
  const plugin = program
    .command('plugin')
    .description('write plugins in TypeScript, and check them')
    .helpCommand(false);
  plugin
    .command('new')
    .description('make a folder with a plugin, its test, a configuration and how to go on')
    .argument('<name>', 'name of the plugin, such as NodeAnnotationScore')
    .option(
      '--point <point>',
      `what it takes part in: ${templatePoints.join(', ')}`,
      readChoice('point', templatePoints),
      'score',
    )
    .option('--folder <path>', 'folder to make (default: the name in kebab-case)', readText('folder'))
    .action(async (name: string, { point, folder }: { point: TemplatePoint; folder?: string }) => {
      const { newPluginCommand } = await import('./plugin/new-plugin.js');
      setExitCode(newPluginCommand({ name, point, folder }, context));
    });
  plugin
    .command('check')
    .description('load a plugin, or all plugins of a configuration, and say what is wrong')
    .argument('<file>', 'a module (.ts, .mts, .js, .mjs) or a configuration file (.yaml, .yml, .json)')
    .option('--args <yaml>', 'arguments for a module, such as "{annotation: example.com/score}"')
    .action(async (file: string, { args }: { args?: string }) => {
      const { checkPluginCommand } = await import('./plugin/check-plugin.js');
      setExitCode(await checkPluginCommand({ file, args }, context));
    });
}
