import { setMaxListeners } from 'node:events';
import { Berth } from '../berth.js';
import { systemClock } from '../clock.js';
import { type Inspection, inspectConfiguration } from '../config/inspect.js';
import type { EffectiveConfiguration } from '../config/scheduler-configuration.js';
import { describeError } from '../errors.js';
import { serviceAccountSubject } from '../kube/access-review.js';
import { ApiClient } from '../kube/api-client.js';
import { loadCredentials } from '../kube/credentials.js';
import type { ApiTransport } from '../kube/transport.js';
import { userAgent } from '../kube/user-agent.js';
import { openFence } from '../kube/write-fence.js';
import { allowsColor } from '../observe/log-style.js';
import { silentLogger } from '../observe/logger.js';
import { Metrics } from '../observe/metrics.js';
import { PluginRecorder } from '../observe/plugin-recorder.js';
import { PluginHost } from '../plugin-host/plugin-host.js';
import { seededRandom } from '../random.js';
import type { CommandContext } from './command-context.js';
import { checkApis } from './doctor/check-apis.js';
import { configurationFindings, schedulerNameFindings } from './doctor/check-configuration.js';
import { checkLease, checkNamespace } from './doctor/check-lease.js';
import { checkPods } from './doctor/check-pods.js';
import { checkRights, checkServingRights } from './doctor/check-rights.js';
import { checkIdentity, type ServerAnswer, serverFindings } from './doctor/check-server.js';
import { checkWatch } from './doctor/check-watch.js';
import { type Check, type Examination, findingsOf } from './doctor/examination.js';
import { type Finding, fail, ok } from './doctor/finding.js';
import { doctorReport, reportText } from './doctor/report.js';
import type { DoctorOptions } from './doctor-options.js';
import type { EnabledParts } from './needed-access.js';

/** What is looked at in a cluster, in the order in which it is shown. */
const checks: readonly (readonly [name: string, check: Check])[] = [
  ['identity', checkIdentity],
  ['namespace', checkNamespace],
  ['lease', checkLease],
  ['rights', checkRights],
  ['rights of the secure port', checkServingRights],
  ['APIs', checkApis],
  ['watch', checkWatch],
  ['pods', checkPods],
];

/** Looks at everything that has to be right for Berth to work in a cluster, and changes nothing. Resolves to the exit code. */
export async function doctorCommand(options: DoctorOptions, context: CommandContext): Promise<number> {
  const { overrides, configPath, allowDefaultLease, berthConfigPath } = options;
  // Many questions are asked at once, and each listens to it.
  setMaxListeners(0, context.signal);
  const inspection = inspectConfiguration(configPath, overrides, { allowDefaultLease, berthConfigPath });
  const configuration = usable(inspection);
  const findings = [
    ...configurationFindings(configPath, inspection),
    ...(configuration ? schedulerNameFindings(configuration, { replacesDefault: allowDefaultLease }) : []),
  ];
  const cluster = await examineCluster(options, configuration, context.signal);
  const report = doctorReport([...findings, ...cluster.findings]);
  const color = context.stdout.isTTY === true && allowsColor(context.env);
  context.stdout.write(
    options.output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : reportText(report, { color }),
  );
  if (!cluster.isReachable) return 3;
  return report.healthy ? 0 : 1;
}

/** A configuration that only has the wrong lease is good enough to look at the rest. */
function usable({ configuration, problems }: Inspection): EffectiveConfiguration | undefined {
  return problems.every(({ kind }) => kind === 'default-lease') ? configuration : undefined;
}

interface ClusterFindings {
  readonly isReachable: boolean;
  readonly findings: readonly Finding[];
}

async function examineCluster(
  options: DoctorOptions,
  configuration: EffectiveConfiguration | undefined,
  signal: AbortSignal,
): Promise<ClusterFindings> {
  let client: ApiClient | undefined;
  try {
    const { kubeconfig = configuration?.clientConnection.kubeconfig || undefined, context } = options;
    const credentials = loadCredentials({ kubeconfig, context });
    let date: string | undefined;
    client = new ApiClient(credentials, {
      userAgent: userAgent('doctor'),
      observe: {
        request: ({ serverDate }) => {
          date = serverDate;
        },
      },
    });
    const server = await askVersion(client, () => date, signal);
    const reachable = [
      ok('API server', `${credentials.server.href} (${credentials.source})`),
      ...serverFindings(server),
    ];
    return {
      isReachable: true,
      findings: [...reachable, ...(await further(client, options, configuration, signal))],
    };
  } catch (error) {
    const { line, hint } = describeError(error);
    return { isReachable: false, findings: [fail('API server', line, hint), ...skipAll()] };
  } finally {
    await client?.close();
  }
}

async function askVersion(
  transport: ApiTransport,
  date: () => string | undefined,
  signal: AbortSignal,
): Promise<ServerAnswer> {
  const ask = () => transport.request<{ gitVersion?: string }>({ method: 'GET', path: '/version', signal });
  // The first request has the handshake in it; the time of the second one is that of the way alone.
  await ask();
  const startedAt = systemClock.monotonic();
  const { gitVersion = '' } = await ask();
  const durationMs = systemClock.monotonic() - startedAt;
  return { gitVersion, date: date(), receivedAt: systemClock.now(), durationMs };
}

async function further(
  transport: ApiTransport,
  options: DoctorOptions,
  configuration: EffectiveConfiguration | undefined,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (configuration === undefined) return skipAll();
  let parts: EnabledParts;
  try {
    parts = await partsOf(transport, configuration);
  } catch (error) {
    const { line, hint } = describeError(error);
    return [fail('plugins', line, hint), ...skipAll()];
  }
  const { serviceAccount } = options;
  const examination: Examination = {
    transport,
    configuration,
    parts,
    subject: serviceAccount && serviceAccountSubject(serviceAccount.namespace, serviceAccount.name),
    now: () => systemClock.now(),
    signal,
  };
  const found = await Promise.all(checks.map(([name, check]) => findingsOf(name, check, examination)));
  return found.flat();
}

/** What the configuration makes of the scheduler, found out by making one that is never started. */
async function partsOf(
  transport: ApiTransport,
  configuration: EffectiveConfiguration,
): Promise<EnabledParts> {
  const metrics = new Metrics({ process: false });
  const observer = new PluginRecorder({ metrics, logger: silentLogger });
  const plugins = await PluginHost.load(configuration, { clock: systemClock, log: silentLogger, observer });
  try {
    const { policy } = new Berth({
      transport,
      configuration,
      fence: openFence,
      metrics,
      logger: silentLogger,
      clock: systemClock,
      random: seededRandom(1),
      plugins,
    });
    return { configuration, watchedKinds: policy.watchedKinds, enabledPlugins: policy.enabledPlugins };
  } finally {
    plugins.close();
  }
}

function skipAll(): Finding[] {
  return checks.map(([check]) => ({
    check,
    status: 'skipped',
    message: 'not looked at, because of what failed above',
  }));
}
