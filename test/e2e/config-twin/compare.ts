import type { Answer } from './both-sides.js';

/** How two answers differ; empty when they agree. */
export function differences(kubeScheduler: Answer, berth: Answer): string[] {
  if (kubeScheduler.accepted && berth.accepted) {
    return kubeScheduler.text === berth.text ? [] : lineDifferences(kubeScheduler.text, berth.text);
  }
  if (kubeScheduler.accepted) {
    const reason = berth.accepted ? '' : berth.reason;
    return reason.split('\n').every(isDocumented) ? [] : [`only Berth refuses: ${reason}`];
  }
  if (berth.accepted) return [`only kube-scheduler refuses: ${kubeScheduler.reason}`];
  return statementsOf(kubeScheduler.reason)
    .filter((statement) => !says(berth.reason, statement))
    .map((statement) => `only kube-scheduler says: ${statement}\n  Berth says: ${berth.reason}`);
}

/** kube-scheduler finds this out when the election begins, and ends. */
function isDocumented(statement: string): boolean {
  return statement.endsWith('renewDeadline must be greater than retryPeriod*JitterFactor');
}

function lineDifferences(expected: string, actual: string): string[] {
  const ours = actual.split('\n');
  const theirs = expected.split('\n');
  const at = theirs.findIndex((line, index) => line !== ours[index]);
  return [`line ${at + 1} is ${JSON.stringify(ours[at])} instead of ${JSON.stringify(theirs[at])}`];
}

const problem = '(?:Invalid value|Required value|Unsupported value|Duplicate value|Forbidden): ?';
const between = new RegExp(`, (?=[a-z][\\w.[\\]]*: ${problem})`);

/**
 * What kube-scheduler says is wrong, statement by statement, in the form in which Berth says it. Of values that have the
 * wrong type both speak in their own words: of that nothing is returned.
 */
function statementsOf(reason: string): string[] {
  const unknown = [...reason.matchAll(/unknown field "([^"]+)"/g)].map(
    ([, field]) => `${field}: unknown field`,
  );
  const twice = [...reason.matchAll(/key "([^"]+)" already set in map|duplicate field "([^"]+)"/g)].map(
    ([, inYaml, inJson]) =>
      `key ${JSON.stringify(inYaml ?? inJson?.replace(/^.*\./, ''))} already set in map`,
  );
  if (unknown.length + twice.length > 0) return [...unknown, ...twice];
  const core = reason
    .replace(/^initializing profiles: (creating profile for scheduler name \S+: )?/, '')
    .replace(/^initializing plugin "\w+": /, '')
    .replace(/^couldn't build extenders: /, '');
  if (!new RegExp(`^\\[?[a-z][\\w.[\\]]*: ${problem}`).test(core)) {
    const isInstantiation = core !== reason || /does not exist$/.test(core);
    return isInstantiation
      ? [core.replace(/^PreFilterPlugin (".*") does not exist$/, 'lugin $1 does not exist')]
      : [];
  }
  return core
    .replace(/^\[(.*)\]$/s, '$1')
    .split(between)
    .map((statement) =>
      statement
        // kube-scheduler shows the path of its Go field here.
        .replace('queueSort.Enabled', 'queueSort.enabled')
        // A list has no args; Berth names the list.
        .replace('pluginConfig.args: ', 'pluginConfig: ')
        // An empty object in place of the name.
        .replace(/schedulerName: Duplicate value: \{\}/, 'schedulerName: Duplicate value:')
        // The path lacks a part.
        .replace(/(preferredDuringSchedulingIgnoredDuringExecution\[\d+\])\.match/, '$1.preference.match')
        // The key of the requirement is put behind the path.
        .replace(/(values\[\d+\])\[[^\]]*\]: /, '$1: '),
    );
}

/** Paths of plugin arguments are relative at times: the end of a line's path is enough. */
function says(reason: string, statement: string): boolean {
  return reason.includes(statement);
}
