import { formatDuration } from './duration.js';
import { duplicate, type FieldProblem, invalid, required } from './field-problem.js';
import type { PluginCatalog } from './in-tree-plugins.js';
import type {
  ClientConnectionConfiguration,
  EffectiveConfiguration,
  LeaderElectionConfiguration,
  ProfileConfiguration,
} from './scheduler-configuration.js';
import type { ProfileFile } from './schema.js';
import { validateExtenders } from './validate-extenders.js';
import {
  validatePluginConfig,
  validatePluginSets,
  validateQueueSort,
  validateQueueSortInUse,
} from './validate-plugins.js';

/** The elector spreads its retries by up to this factor; the deadline must leave room for one. */
const retryJitterFactor = 1.2;

/**
 * Everything wrong with a configuration whose shape is right, by kube-scheduler's rules and in its words.
 * @param written its profiles as they stand in the file, so that problems are found there
 * @param plugins those that may be enabled
 */
export function validateConfiguration(
  configuration: EffectiveConfiguration,
  written: readonly ProfileFile[],
  plugins: PluginCatalog,
): FieldProblem[] {
  const { profiles, extenders } = configuration;
  return [
    ...validateScalars(configuration),
    ...validateClientConnection(configuration.clientConnection),
    ...validateLeaderElection(configuration.leaderElection),
    ...validateProfiles(profiles, written, plugins),
    ...validateExtenders(extenders, profiles),
  ];
}

function validateScalars(configuration: EffectiveConfiguration): FieldProblem[] {
  const { parallelism, percentageOfNodesToScore, podInitialBackoffSeconds, podMaxBackoffSeconds } =
    configuration;
  const problems: FieldProblem[] = [];
  if (parallelism <= 0) {
    problems.push(invalid(['parallelism'], parallelism, 'should be an integer value greater than zero'));
  }
  problems.push(...validatePercentage(['percentageOfNodesToScore'], percentageOfNodesToScore));
  if (podInitialBackoffSeconds <= 0) {
    problems.push(invalid(['podInitialBackoffSeconds'], podInitialBackoffSeconds, 'must be greater than 0'));
  }
  if (podMaxBackoffSeconds < podInitialBackoffSeconds) {
    problems.push(
      invalid(
        ['podMaxBackoffSeconds'],
        podMaxBackoffSeconds,
        'must be greater than or equal to PodInitialBackoffSeconds',
      ),
    );
  }
  return problems;
}

function validatePercentage(
  path: readonly (string | number)[],
  percentage: number | undefined,
): FieldProblem[] {
  const fine = percentage === undefined || (percentage >= 0 && percentage <= 100);
  return fine ? [] : [invalid(path, percentage, 'not in valid range [0-100]')];
}

function validateClientConnection({ burst }: ClientConnectionConfiguration): FieldProblem[] {
  return burst < 0 ? [invalid(['clientConnection', 'burst'], burst, 'must be non-negative')] : [];
}

function validateLeaderElection(election: LeaderElectionConfiguration): FieldProblem[] {
  if (!election.leaderElect) {
    return [];
  }
  const problems: FieldProblem[] = [];
  const refuse = (field: string, value: unknown, detail: string): void => {
    problems.push(invalid(['leaderElection', field], value, detail));
  };
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = election;
  if (leaseDurationMs <= 0) {
    refuse('leaseDuration', formatDuration(leaseDurationMs), 'must be greater than zero');
  }
  if (renewDeadlineMs <= 0) {
    refuse('renewDeadline', formatDuration(renewDeadlineMs), 'must be greater than zero');
  }
  if (retryPeriodMs <= 0) {
    refuse('retryPeriod', formatDuration(retryPeriodMs), 'must be greater than zero');
  }
  if (leaseDurationMs <= renewDeadlineMs) {
    // It is the deadline that kube-scheduler shows here.
    refuse('leaseDuration', formatDuration(renewDeadlineMs), 'must be greater than `RenewDeadline`');
  }
  if (renewDeadlineMs <= retryPeriodMs * retryJitterFactor) {
    refuse(
      'renewDeadline',
      formatDuration(renewDeadlineMs),
      'renewDeadline must be greater than retryPeriod*JitterFactor',
    );
  }
  if (election.resourceLock !== 'leases') {
    refuse('resourceLock', election.resourceLock, 'resourceLock value must be "leases"');
  }
  return problems;
}

function validateProfiles(
  profiles: readonly ProfileConfiguration[],
  written: readonly ProfileFile[],
  plugins: PluginCatalog,
): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const names = new Set<string>();
  profiles.forEach((profile, index) => {
    const path = ['profiles', index];
    if (profile.schedulerName === '') {
      problems.push(required([...path, 'schedulerName']));
    } else if (names.has(profile.schedulerName)) {
      problems.push(duplicate([...path, 'schedulerName'], profile.schedulerName));
    }
    names.add(profile.schedulerName);
    problems.push(
      ...validatePercentage([...path, 'percentageOfNodesToScore'], profile.percentageOfNodesToScore),
      ...validatePluginConfig(profile, [...path, 'pluginConfig'], plugins),
      ...validatePluginSets(profile, written[index] ?? {}, path, plugins),
    );
  });
  const ofQueue = validateQueueSort(profiles);
  return [...problems, ...ofQueue, ...(ofQueue.length > 0 ? [] : validateQueueSortInUse(profiles, plugins))];
}
