import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { hostname } from 'node:os';
import { Berth } from '../berth.js';
import { systemClock } from '../clock.js';
import type { EffectiveConfiguration } from '../config/scheduler-configuration.js';
import { toVersioned } from '../config/versioned.js';
import { BerthError } from '../errors.js';
import { describeAccess, missingAccess } from '../kube/access-review.js';
import { ApiClient } from '../kube/api-client.js';
import { offersProtobuf } from '../kube/body-coding.js';
import { type Credentials, type CredentialsRequest, loadCredentials } from '../kube/credentials.js';
import { type LeaderElection, startLeaderElection } from '../kube/leader-election.js';
import type { LeaseWorkerMessage } from '../kube/lease-worker-protocol.js';
import { userAgent } from '../kube/user-agent.js';
import { createLogger, type Logger } from '../observe/logger.js';
import { Metrics } from '../observe/metrics.js';
import { PluginRecorder } from '../observe/plugin-recorder.js';
import { ReloadRecorder } from '../observe/reload-recorder.js';
import { PluginHost } from '../plugin-host/plugin-host.js';
import type { Policy } from '../policy.js';
import { seededRandom } from '../random.js';
import { rehearse } from '../rehearsal/rehearse.js';
import { ConfigurationReloader } from '../reload/configuration-reloader.js';
import { ConfigurationSource } from '../reload/configuration-source.js';
import type { HealthEndpoints } from '../serve/routes.js';
import { version } from '../version.js';
import type { CommandContext } from './command-context.js';
import { neededAccess } from './needed-access.js';
import { observeRequests } from './observe-requests.js';
import type { RunOptions } from './run-options.js';
import { Serving } from './serving.js';
import { Turn } from './turn.js';

const statesToCheckMs = 20;
/** Whoever is alone is elected sooner, and what was listed just before holds. Who has waited as a candidate lists anew. */
const electedAtOnceMs = 1_000;

/** The main job: schedules until it is told to end, or may not go on. Resolves to the exit code. */
export async function runCommand(options: RunOptions, context: CommandContext): Promise<number> {
  const logger = createLogger({ level: options.logLevel, format: options.logFormat });
  const metrics = new Metrics();
  const source = new ConfigurationSource({
    path: options.configPath,
    berthConfigPath: options.berthConfigPath,
    overrides: options.overrides,
    allowDefaultLease: options.allowDefaultLease,
    loadPlugins: (loaded) => loadPlugins(loaded, { metrics, logger }),
  });
  try {
    const { configuration, plugins } = await source.load();
    for (const warning of configuration.warnings)
      logger.warn('the configuration needs attention', { warning });
    const connection: CredentialsRequest = {
      kubeconfig: options.kubeconfig ?? (configuration.clientConnection.kubeconfig || undefined),
      context: options.context,
    };
    const credentials = loadCredentials(connection);
    const run = new Run({
      options,
      source,
      configuration,
      plugins,
      connection,
      credentials,
      metrics,
      logger,
      context,
    });
    return await run.run();
  } finally {
    metrics.close();
  }
}

interface RunParts {
  readonly options: RunOptions;
  readonly source: ConfigurationSource;
  /** As it was at the start. */
  readonly configuration: EffectiveConfiguration;
  readonly plugins: PluginHost;
  readonly connection: CredentialsRequest;
  readonly credentials: Credentials;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly context: CommandContext;
}

class Run {
  readonly #parts: RunParts;
  readonly #metrics: Metrics;
  readonly #client: ApiClient;
  readonly #eventClient: ApiClient;
  /** Ends everything: the user's signal, lost leadership, or a failure. */
  readonly #stop = new AbortController();
  /** Resolves when the code is warm. */
  #rehearsal: Promise<void> = Promise.resolve();

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#metrics = parts.metrics;
    // Every request and every loop listens to it: that many listeners are no leak.
    setMaxListeners(0, this.#stop.signal);
    const { credentials, configuration } = parts;
    const { qps, burst } = configuration.clientConnection;
    const protobuf = offersProtobuf(configuration.clientConnection);
    const observe = observeRequests(this.#metrics, credentials.server.host);
    this.#client = new ApiClient(credentials, { qps, burst, protobuf, observe });
    this.#eventClient = new ApiClient(credentials, {
      qps,
      burst,
      protobuf,
      observe,
      userAgent: userAgent('events'),
    });
  }

  async run(): Promise<number> {
    const { options, logger, configuration, plugins, credentials } = this.#parts;
    const { signal } = this.#parts.context;
    const abort = (): void => this.#stop.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
    let serving: Serving | undefined;
    const { leaderElect } = configuration.leaderElection;
    const turn = new Turn(leaderElect ? () => this.#elect() : undefined);
    let endReloading = (): void => {};
    try {
      // Made first: what is wrong with the profiles is said before anybody is asked for anything.
      const berth = new Berth({
        transport: this.#client,
        eventTransport: this.#eventClient,
        configuration,
        fence: turn.fence,
        metrics: this.#metrics,
        logger,
        clock: systemClock,
        random: seededRandom(seed),
        plugins,
        maxUnschedulableMs: options.maxUnschedulableMs,
      });
      this.#rehearsal = this.#rehearse();
      await this.#checkAccess(berth.policy, { signal: this.#stop.signal });
      logger.info('starting Berth', {
        version,
        node: process.version,
        server: credentials.server.href,
        credentials: credentials.source,
        seed,
      });
      serving = await this.#serve(berth);
      endReloading = this.#reload(berth);
      await this.#work(berth, turn);
    } catch (error) {
      if (!this.#stop.signal.aborted || !isInterruption(error)) throw error;
    } finally {
      this.#stop.abort();
      signal.removeEventListener('abort', abort);
      await turn.release();
      endReloading();
      plugins.close();
      await serving?.close();
      await Promise.allSettled([this.#client.close(), this.#eventClient.close()]);
    }
    logger.info('ended in good order');
    return 0;
  }

  /** Watches, waits for its turn, schedules, and hands the lease back last, when nothing is left to write. */
  async #work(berth: Berth, turn: Turn): Promise<void> {
    const { logger, configuration, options } = this.#parts;
    const { signal } = this.#stop;
    if (configuration.delayCacheUntilActive) {
      turn.begin();
      await turn.come({ signal });
    }
    // Bindings under way are finished after the signal: their pods are still to be watched then.
    const watching = new AbortController();
    setMaxListeners(0, watching.signal);
    const watch = berth.watch({ signal: watching.signal });
    try {
      await Promise.race([watch, untilTrue(() => berth.synced, signal), turn.lost]);
      logger.info('synced with the cluster', {
        nodes: berth.cluster.nodes.nodeCount,
        boundPods: berth.cluster.podCount,
      });
      const everyMs = options.cacheCheckIntervalMs;
      if (everyMs > 0) void berth.checkItself({ everyMs, signal });
      const working = this.#lead(berth, turn);
      await Promise.race([working, watch, turn.lost]);
      await working;
      await turn.release();
      await berth.flushEvents();
    } finally {
      berth.abandon();
      watching.abort();
      await watch.catch(() => undefined);
    }
  }

  /** Runs for the lease once it knows the cluster: who does not know it shall not keep others from scheduling. */
  async #lead(berth: Berth, turn: Turn): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    turn.begin();
    if (!(await turn.comesWithin(electedAtOnceMs, { signal }))) {
      await turn.come({ signal });
      if (!signal.aborted) await berth.catchUp({ signal });
    }
    await this.#rehearsal;
    if (!signal.aborted) await berth.schedule({ signal });
  }

  /** Beside whatever is waited for at the start. What goes wrong in it says nothing about the real thing. */
  async #rehearse(): Promise<void> {
    const { logger } = this.#parts;
    const began = systemClock.monotonic();
    try {
      const pods = await rehearse({ clock: systemClock, signal: this.#stop.signal });
      logger.debug('rehearsed', { pods, ms: Math.round(systemClock.monotonic() - began) });
    } catch (error) {
      logger.warn('the rehearsal failed; scheduling begins with cold code', { error: String(error) });
    }
  }

  #elect(): LeaderElection {
    const { configuration, connection, logger } = this.#parts;
    const { resourceNamespace: namespace, resourceName: name, ...timing } = configuration.leaderElection;
    const status = this.#metrics.leaderElectionMasterStatus.of(name);
    status.set(0);
    const onEvent = (event: LeaseWorkerMessage): void => {
      if (event.kind === 'acquired') status.set(1);
      if (event.kind === 'lost' || event.kind === 'ended') status.set(0);
      // Another was faster: that is how it should be.
      const isTrouble = event.kind === 'attempt-failed' && event.code !== 409;
      logger[isTrouble ? 'warn' : 'info']('leader election', { ...event });
    };
    return startLeaderElection({
      workerUrl: new URL('./lease-worker.js', import.meta.url),
      connection,
      settings: { namespace, name, identity: `${hostname()}_${randomUUID()}`, ...timing },
      component: configuration.profiles[0]?.schedulerName ?? 'berth',
      onEvent,
    });
  }

  #serve(berth: Berth): Promise<Serving> {
    const { options, connection, credentials, metrics, logger } = this.#parts;
    return Serving.start(
      {
        options: options.serving,
        checks: this.#checks(berth),
        metrics: () => metrics.render(),
        configz: () => toVersioned(berth.policy.configuration),
        wantsProfiles: () => berth.policy.configuration.servesProfiles,
        connection,
        guardMetrics: metrics,
        observe: observeRequests(metrics, credentials.server.host),
        log: logger,
      },
      { signal: this.#stop.signal },
    );
  }

  #checks(berth: Berth): HealthEndpoints {
    const alive = { name: 'ping', check: () => true as const };
    const synced = {
      name: 'sched-handler-sync',
      check: (): true | string => berth.synced || 'handlers are not fully synchronized',
    };
    const shutdown = {
      name: 'shutdown',
      check: (): true | string => !this.#stop.signal.aborted || 'shutting down',
    };
    return { healthz: [alive], livez: [alive], readyz: [alive, synced, shutdown] };
  }

  /** Takes changed configurations into effect until the program ends; returns what stops listening for requests to do so. */
  #reload(berth: Berth): () => void {
    const { options, source, logger, context } = this.#parts;
    const reloader = new ConfigurationReloader({
      source,
      berth,
      recorder: new ReloadRecorder({
        metrics: this.#metrics,
        logger,
        clock: systemClock,
        record: (event) => berth.record(event),
      }),
      clock: systemClock,
      intervalMs: options.reloadIntervalMs,
      preview: options.reloadPreview,
      checkAccess: (policy, { signal }) => this.#checkAccess(policy, { signal }),
    });
    void reloader.run({ signal: this.#stop.signal });
    return context.onHangup?.(() => reloader.request()) ?? (() => {});
  }

  /** Says at once, and in one line, what would otherwise show as one failure after the other. */
  async #checkAccess(policy: Policy, options: { readonly signal: AbortSignal }): Promise<void> {
    const missing = await missingAccess(this.#client, neededAccess(policy), options);
    if (missing.length === 0) return;
    throw new BerthError('BERTH_E_FORBIDDEN', { reason: missing.map(describeAccess).join(', ') });
  }
}

async function loadPlugins(
  configuration: EffectiveConfiguration,
  { metrics, logger }: { readonly metrics: Metrics; readonly logger: Logger },
): Promise<PluginHost> {
  const observer = new PluginRecorder({ metrics, logger });
  const host = await PluginHost.load(configuration, { clock: systemClock, log: logger, observer });
  for (const warning of host.warnings) logger.warn('the configuration needs attention', { warning });
  for (const { name } of host.registered) logger.info('loaded a plugin', { plugin: name });
  return host;
}

async function untilTrue(condition: () => boolean, signal: AbortSignal): Promise<void> {
  while (!condition() && !signal.aborted) {
    await systemClock.sleep(statesToCheckMs, { signal }).catch(() => undefined);
  }
}

function isInterruption(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === 'AbortError' || ('failure' in error && error.failure === 'aborted'))
  );
}
