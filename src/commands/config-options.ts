import type { Command } from 'commander';
import {
  addConfigurationOptions,
  type ConfigurationOptions,
  readConfigurationOptions,
} from './configuration-options.js';
import { readChoice } from './flag-values.js';

/** What `berth config check` was asked to do. */
export interface CheckOptions extends ConfigurationOptions {
  readonly output: 'text' | 'json';
  /** Warnings count as problems. */
  readonly strict: boolean;
}

/** What `berth config print` and `berth config defaults` were asked to do. */
export interface PrintOptions extends ConfigurationOptions {
  readonly output: 'yaml' | 'json';
  /** Shows private keys and passwords too. */
  readonly raw: boolean;
}

export function addCheckOptions(command: Command): Command {
  return addConfigurationOptions(
    command
      .option(
        '-o, --output <format>',
        'text or json',
        readChoice('output', ['text', 'json'] as const),
        'text',
      )
      .option('--strict', 'let warnings count as problems', false),
  );
}

export function readCheckOptions(command: Command): CheckOptions {
  const { output, strict } = command.opts<Pick<CheckOptions, 'output' | 'strict'>>();
  return { ...readConfigurationOptions(command), output, strict };
}

export function addPrintOptions(command: Command): Command {
  return addConfigurationOptions(
    command
      .option(
        '-o, --output <format>',
        'yaml or json',
        readChoice('output', ['yaml', 'json'] as const),
        'yaml',
      )
      .option('--raw', 'show private keys and passwords of extenders', false),
  );
}

export function readPrintOptions(command: Command): PrintOptions {
  const { output, raw } = command.opts<Pick<PrintOptions, 'output' | 'raw'>>();
  return { ...readConfigurationOptions(command), output, raw };
}
