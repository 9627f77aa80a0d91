import type { Command } from 'commander';
import {
  addConfigurationOptions,
  type ConfigurationOptions,
  readConfigurationOptions,
} from './configuration-options.js';
import { readChoice, readObjectName, readText } from './flag-values.js';

/** What `berth doctor` was asked to do. */
export interface DoctorOptions extends ConfigurationOptions {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly configPath: string | undefined;
  /** Whose rights are asked about; the user's own when not given. */
  readonly serviceAccount: { readonly namespace: string; readonly name: string } | undefined;
  readonly output: 'table' | 'json';
}

export function addDoctorOptions(command: Command): Command {
  command
    .option(
      '--kubeconfig <path>',
      'kubeconfig file (in the cluster: the service account)',
      readText('kubeconfig'),
    )
    .option('--context <name>', 'context of the kubeconfig to use', readText('context'))
    .option('--config <path>', 'the configuration that Berth is to run with', readText('config'))
    .option(
      '--service-account <namespace/name>',
      'ask about the rights of this ServiceAccount (default: of whoever asks)',
      readObjectName('service-account'),
    )
    .option(
      '-o, --output <format>',
      'table or json',
      readChoice('output', ['table', 'json'] as const),
      'table',
    );
  return addConfigurationOptions(command).addHelpText(
    'after',
    '\nExit codes: 0 all is well, 1 something failed, 2 usage, 3 the cluster is out of reach. Nothing is changed.',
  );
}

export function readDoctorOptions(command: Command): DoctorOptions {
  const flags = command.opts<DoctorFlags>();
  const { overrides, ...others } = readConfigurationOptions(command);
  return {
    ...others,
    overrides: { ...overrides, kubeconfig: flags.kubeconfig },
    kubeconfig: flags.kubeconfig,
    context: flags.context,
    configPath: flags.config,
    serviceAccount: flags.serviceAccount,
    output: flags.output,
  };
}

interface DoctorFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly config?: string;
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly output: 'table' | 'json';
}
