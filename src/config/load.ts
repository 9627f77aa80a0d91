import { BerthError } from '../errors.js';
import { formatProblem } from './field-problem.js';
import { inspectConfiguration, type LoadOptions } from './inspect.js';
import type { ConfigurationOverrides } from './overrides.js';
import { formatPlace, formatPlacedProblem, type PlacedProblem } from './problem-place.js';
import type { EffectiveConfiguration } from './scheduler-configuration.js';

export type { LoadOptions } from './inspect.js';
export type { ConfigurationOverrides } from './overrides.js';

/**
 * Makes the configuration in effect of a file (or none), flags, and defaults.
 * Throws `BerthError` with exit code 2, naming file, line, column and field, for anything that is not right.
 */
export function loadConfiguration(
  path: string | undefined,
  overrides: ConfigurationOverrides = {},
  options: LoadOptions = {},
): EffectiveConfiguration {
  const { configuration, problems } = inspectConfiguration(path, overrides, options);
  const [first, ...others] = problems;
  if (first !== undefined) {
    throw errorOf(first, others);
  }
  if (configuration === undefined) {
    throw new Error('a configuration without problems was not made');
  }
  return configuration;
}

/** How many problems are told in one line; the rest is only counted. */
const toldProblems = 5;

/** The error that shows problems in one line: the first with its place, some others, and how many more there are. */
export function errorOf(first: PlacedProblem, others: readonly PlacedProblem[] = []): BerthError {
  const where = first.place === undefined ? {} : { where: formatPlace(first.place) };
  switch (first.kind) {
    case 'unreadable':
      return new BerthError(
        'BERTH_E_CONFIG_UNREADABLE',
        { reason: first.text },
        first.place === undefined ? {} : { where: first.place.file },
      );
    case 'syntax':
      return new BerthError('BERTH_E_CONFIG_SYNTAX', { reason: first.text }, where);
    case 'version':
      return new BerthError('BERTH_E_CONFIG_VERSION', { problem: formatProblem(first) }, where);
    case 'default-lease':
      return new BerthError('BERTH_E_DEFAULT_LEASE', {}, where);
    case 'field':
    case 'flag': {
      const told = others.slice(0, toldProblems - 1).map(formatPlacedProblem);
      const untold = others.length - told.length;
      const more = untold > 0 ? [`and ${untold} more; "berth config check" shows all`] : [];
      const problem = [formatProblem(first), ...told, ...more].join('; ');
      return first.kind === 'flag'
        ? new BerthError('BERTH_E_OPTIONS_INVALID', { problem })
        : new BerthError('BERTH_E_CONFIG_INVALID', { problem }, where);
    }
  }
}
