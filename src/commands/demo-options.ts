import type { Command } from 'commander';
import type { LogLevel } from '../observe/log-format.js';
import { readInteger } from './flag-values.js';
import { addLogLevel, maximumSeed } from './run-options.js';

/** What `berth demo` was asked to do. */
export interface DemoOptions {
  /** Leave the cluster running after the show. */
  readonly keep: boolean;
  /** False when --no-color was given; a terminal and NO_COLOR have their say besides. */
  readonly color: boolean;
  readonly seed: number | undefined;
  readonly logLevel: LogLevel;
}

/** Adds the flags of `berth demo`. */
export function addDemoOptions(command: Command): Command {
  return addLogLevel(command)
    .option('--keep', 'leave it running and say how to point kubectl at it', false)
    .option('--no-color', 'no colours')
    .option('--seed <number>', 'make ties be broken alike in every run', readInteger('seed', 0, maximumSeed));
}

/** Reads the flags of a command made by `addDemoOptions`. */
export function readDemoOptions(command: Command): DemoOptions {
  const { keep, color, seed, logLevel } = command.opts<{
    keep: boolean;
    color: boolean;
    seed?: number;
    logLevel: LogLevel;
  }>();
  return { keep, color, seed, logLevel };
}
