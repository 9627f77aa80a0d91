import { formatDuration } from './duration.js';
import { duplicate, type FieldProblem, invalid, required, Verbatim } from './field-problem.js';
import type {
  ClientConnectionConfiguration,
  EffectiveConfiguration,
  LeaderElectionConfiguration,
} from './scheduler-configuration.js';
import { validateExtenders } from './validate-extenders.js';
import { validatePluginConfig, validateQueueSort } from './validate-plugins.js';

/** The elector spreads its retries by up to this factor; the deadline must leave room for one. */
const retryJitterFactor = 1.2;

/**
 * Everything wrong with a configuration whose shape is right, by kube-scheduler's rules and in its words.
 * Names in lists of enabled plugins are judged apart, by `validateEnabledPlugins`.
 * @param knownPlugins names that may be configured
 */
export function validateConfiguration(
  configuration: EffectiveConfiguration,
  knownPlugins: ReadonlySet<string>,
): FieldProblem[] {
  return [
    ...validateScalars(configuration),
    ...validateClientConnection(configuration.clientConnection),
    ...validateLeaderElection(configuration.leaderElection),
    ...validateProfiles(configuration, knownPlugins),
    ...validateExtenders(configuration.extenders),
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
  const shown = (ms: number): Verbatim => new Verbatim(formatDuration(ms));
  if (leaseDurationMs <= 0) {
    refuse('leaseDuration', shown(leaseDurationMs), 'must be greater than zero');
  }
  if (renewDeadlineMs <= 0) {
    refuse('renewDeadline', shown(renewDeadlineMs), 'must be greater than zero');
  }
  if (retryPeriodMs <= 0) {
    refuse('retryPeriod', shown(retryPeriodMs), 'must be greater than zero');
  }
  if (leaseDurationMs <= renewDeadlineMs) {
    refuse('leaseDuration', shown(leaseDurationMs), 'must be greater than `RenewDeadline`');
  }
  if (renewDeadlineMs <= retryPeriodMs * retryJitterFactor) {
    refuse(
      'renewDeadline',
      shown(renewDeadlineMs),
      'renewDeadline must be greater than retryPeriod*JitterFactor',
    );
  }
  if (election.resourceLock !== 'leases') {
    refuse('resourceLock', election.resourceLock, 'resourceLock value must be "leases"');
  }
  return problems;
}

function validateProfiles(
  { profiles }: EffectiveConfiguration,
  knownPlugins: ReadonlySet<string>,
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
      ...validatePluginConfig(profile, [...path, 'pluginConfig'], knownPlugins),
    );
  });
  return [...problems, ...validateQueueSort(profiles)];
}
