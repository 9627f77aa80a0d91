import { triedKubernetes } from '../../version.js';
import type { Examination } from './examination.js';
import { type Finding, fail, ok, warn } from './finding.js';

/** How the server answered `/version`. */
export interface ServerAnswer {
  readonly gitVersion: string;
  /** What its clock said, as it wrote it. */
  readonly date: string | undefined;
  /** Our time, in milliseconds since the epoch, when the answer came. */
  readonly receivedAt: number;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

/** Clocks that differ by this many seconds make times in events and conditions confusing. */
const confusingSkewS = 5;
/** Tokens are taken for not valid yet or any more. */
const harmfulSkewS = 300;

/** The version, and the clock. That it answers at all is known by now. */
export function serverFindings(server: ServerAnswer): Finding[] {
  return [versionFinding(server.gitVersion), clockFinding(server)];
}

function versionFinding(gitVersion: string): Finding {
  const tried = triedKubernetes.map(minorOf);
  const [oldest, newest] = [Math.min(...tried), Math.max(...tried)];
  const minor = minorOf(gitVersion);
  const range = `1.${oldest} to 1.${newest}`;
  if (Number.isNaN(minor))
    return warn('version', `"${gitVersion}" is no version that is known`, 'kubectl version');
  if (minor < oldest)
    return fail(
      'version',
      `Kubernetes ${gitVersion} is older than what Berth is tried with (${range})`,
      'upgrade the control plane; "kubectl version" shows what it runs',
    );
  if (minor > newest)
    return warn(
      'version',
      `Kubernetes ${gitVersion} is newer than what Berth is tried with (${range})`,
      'look for a newer release of Berth',
    );
  return ok('version', `Kubernetes ${gitVersion} (tried: ${range})`);
}

function minorOf(version: string): number {
  return Number(/^v1\.(\d+)/.exec(version)?.[1] ?? Number.NaN);
}

function clockFinding({ date, receivedAt, durationMs }: ServerAnswer): Finding {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs))
    return warn('clock', 'the answers of the API server have no Date', 'look for a proxy in between');
  // Dates have whole seconds: on the average half of one is cut off. Half of the way is over when the server looks at its clock.
  const skewS = Math.round((receivedAt - durationMs / 2 - (theirs + 500)) / 1_000);
  const text = `this clock is ${Math.abs(skewS)} s ${skewS < 0 ? 'behind' : 'ahead of'} the API server's`;
  const remedy = 'timedatectl set-ntp true (on this machine, or on the node that is wrong)';
  if (Math.abs(skewS) >= harmfulSkewS) return fail('clock', `${text}: tokens may not be taken`, remedy);
  if (Math.abs(skewS) >= confusingSkewS) return warn('clock', text, remedy);
  return ok('clock', skewS === 0 ? "as the API server's" : text);
}

/** Who the doctor is to the API server, and whose rights are asked about. */
export async function checkIdentity({ transport, subject, signal }: Examination): Promise<Finding[]> {
  const { status } = await transport.request<{ status?: { userInfo?: { username?: string } } }>({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    signal,
  });
  const user = status?.userInfo?.username ?? 'unknown';
  if (subject !== undefined) return [ok('identity', `${user}, asking about the rights of ${subject.user}`)];
  if (user.startsWith('system:serviceaccount:')) return [ok('identity', user)];
  return [
    warn(
      'identity',
      `the rights below are those of ${user}, not of a ServiceAccount that Berth runs as`,
      'berth doctor --service-account berth-system/berth',
    ),
  ];
}
