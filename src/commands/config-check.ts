import { formatPath } from '../config/field-problem.js';
import type { Inspection } from '../config/inspect.js';
import { formatPlace, type Place } from '../config/problem-place.js';
import { type ConfigurationSummary, type PluginSummary, summarize } from '../config/summary.js';

/** What `berth config check` found out, as `-o json` shows it. */
export interface CheckReport {
  readonly file: string;
  readonly valid: boolean;
  readonly problems: readonly ReportedProblem[];
  readonly warnings: readonly ReportedWarning[];
  /** Only of a configuration that can be used. */
  readonly summary?: ConfigurationSummary;
}

export interface ReportedWarning extends Partial<Place> {
  /** Empty where it is about the file as a whole, or about a flag. */
  readonly path: string;
  readonly message: string;
}

export interface ReportedProblem extends ReportedWarning {
  readonly expected?: string;
  readonly suggestion?: string;
}

const suggestions: Readonly<Record<string, string>> = {
  unreadable: 'check the path and that this user may read it',
  version:
    'begin the file with "apiVersion: kubescheduler.config.k8s.io/v1" and "kind: KubeSchedulerConfiguration"',
};

/** Makes the report on a file. */
export function checkReport(file: string, inspection: Inspection): CheckReport {
  const { configuration } = inspection;
  const problems = inspection.problems.map(
    ({ kind, path, place, text, expected, suggestion = suggestions[kind] }): ReportedProblem => ({
      // Of a file that could not be read there are no lines.
      ...(kind === 'unreadable' ? place && { file: place.file } : place),
      path: formatPath(path),
      message: kind === 'unreadable' ? `cannot read the file: ${text}` : text,
      ...(expected !== undefined && { expected }),
      ...(suggestion !== undefined && { suggestion }),
    }),
  );
  const warnings = inspection.warnings.map(
    ({ path, place, text }): ReportedWarning => ({ ...place, path: formatPath(path), message: text }),
  );
  const valid = problems.length === 0;
  return {
    file,
    valid,
    problems,
    warnings,
    ...(valid && configuration !== undefined && { summary: summarize(configuration, inspection.plugins) }),
  };
}

/** The report for people: problems one below the other, or what the configuration comes to. */
export function checkText({ file, problems, warnings, summary }: CheckReport): string {
  const lines = [
    ...problems.flatMap(problemLines),
    ...warnings.map((warning) => `warning: ${headOf(warning)}`),
  ];
  if (lines.length > 0) lines.push('');
  if (summary === undefined) {
    lines.push(`${file}: ${counted(problems.length, 'problem')}, ${counted(warnings.length, 'warning')}`);
  } else {
    lines.push(...summaryLines(file, warnings.length, summary));
  }
  return `${lines.join('\n')}\n`;
}

function problemLines(problem: ReportedProblem): string[] {
  const { message, expected, suggestion } = problem;
  return [
    headOf(problem),
    // The message often says it itself.
    ...(expected === undefined || message.includes(expected) ? [] : [`    expected: ${expected}`]),
    ...(suggestion === undefined ? [] : [`    hint: ${suggestion}`]),
  ];
}

function headOf({ file, line, column, path, message }: ReportedWarning): string {
  const text = path === '' ? message : `${path}: ${message}`;
  if (file === undefined) return text;
  const isPlace = line !== undefined && column !== undefined;
  return `${isPlace ? formatPlace({ file, line, column }) : file}: ${text}`;
}

function summaryLines(file: string, warnings: number, summary: ConfigurationSummary): string[] {
  const { differences, profiles } = summary;
  return [
    `${file}: fine, ${counted(profiles.length, 'profile')}, ${counted(warnings, 'warning')}`,
    '',
    ...differenceLines('Settings', differences),
    ...profiles.flatMap(({ schedulerName, plugins, unread, differences: own }) => {
      const width = Math.max(...Object.keys(plugins).map((point) => point.length));
      return [
        '',
        ...differenceLines(`Profile ${schedulerName}`, own),
        ...Object.entries(plugins).map(
          ([point, list]) => `  ${point.padEnd(width)}  ${list.map(pluginText).join(', ')}`,
        ),
        ...(unread.length === 0 ? [] : [`  and wherever they have something to do: ${unread.join(', ')}`]),
      ];
    }),
  ];
}

function differenceLines(title: string, differences: readonly string[]): string[] {
  return differences.length === 0
    ? [`${title}: as by default`]
    : [`${title}: differs from the default`, ...differences.map((difference) => `  * ${difference}`)];
}

function pluginText({ name, weight }: PluginSummary): string {
  return weight === undefined ? name : `${name} ×${weight}`;
}

function counted(count: number, what: string): string {
  return `${count === 0 ? 'no' : count} ${what}${count === 1 ? '' : 's'}`;
}
