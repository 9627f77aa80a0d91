import { formatPath } from '../../config/field-problem.js';
import type { Inspection } from '../../config/inspect.js';
import { formatPlace, type Place } from '../../config/problem-place.js';
import type { EffectiveConfiguration } from '../../config/scheduler-configuration.js';
import { type Finding, fail, ok, warn } from './finding.js';

const leaseRemedy =
  'berth run --lease-name berth (leaderElection.resourceName in the file), or --allow-default-lease where Berth takes the place of kube-scheduler';

/** What is wrong with the configuration, and what is only odd. */
export function configurationFindings(
  path: string | undefined,
  { problems, warnings }: Pick<Inspection, 'problems' | 'warnings'>,
): Finding[] {
  const remedy = path === undefined ? 'correct the flags' : `berth config check ${path}`;
  const findings = [
    ...problems.map((problem) =>
      problem.kind === 'default-lease'
        ? fail('lease', lineOf(problem), leaseRemedy)
        : fail('configuration', lineOf(problem), remedy),
    ),
    ...warnings.map((warning) => warn('configuration', lineOf(warning), remedy)),
  ];
  if (problems.some(({ kind }) => kind !== 'default-lease')) return findings;
  return [ok('configuration', path ?? 'defaults and flags; give --config for that of a file'), ...findings];
}

function lineOf({
  place,
  path,
  text,
}: {
  readonly place?: Place | undefined;
  readonly path: Parameters<typeof formatPath>[0];
  readonly text: string;
}): string {
  const field = formatPath(path);
  const message = field === '' ? text : `${field}: ${text}`;
  return place === undefined ? message : `${formatPlace(place)}: ${message}`;
}

/** Names that pods choose Berth by. */
export function schedulerNameFindings(
  { profiles }: Pick<EffectiveConfiguration, 'profiles'>,
  { replacesDefault }: { readonly replacesDefault: boolean },
): Finding[] {
  const names = profiles.map(({ schedulerName }) => schedulerName);
  if (names.includes('default-scheduler') && !replacesDefault)
    return [
      warn(
        'scheduler name',
        "default-scheduler is kube-scheduler's: two schedulers of one name race for the same pods",
        'name the profile otherwise, or give --allow-default-lease where Berth takes the place of kube-scheduler',
      ),
    ];
  return [ok('scheduler name', names.join(', '))];
}
