import type { Readable } from 'node:stream';
import { type Answer, statusAnswer } from './answer.js';
import { answerHealth, answerSingleCheck, type HealthCheck } from './health.js';
import type { Profiles } from './profiles.js';

export interface HealthEndpoints {
  readonly healthz: readonly HealthCheck[];
  readonly livez: readonly HealthCheck[];
  readonly readyz: readonly HealthCheck[];
}

/** What there is to be served. */
export interface Content {
  readonly checks: HealthEndpoints;
  /** Body of `/metrics`. */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
  /** The effective configuration as `/configz` shows it, under `componentconfig`. */
  configz(): unknown;
  /** Of `/debug/…`; these paths do not exist without. Asked for each request, because the configuration may change. */
  readonly profiles?: () => Profiles | undefined;
}

export interface RouteRequest {
  readonly query: URLSearchParams;
  /** Fires when the caller has gone. */
  readonly signal: AbortSignal;
}

export type Route = (request: RouteRequest) => Promise<Answer>;

/** What answers a path; undefined where nothing does. Paths are taken as they are written: nothing is decoded or tidied. */
export function findRoute(content: Content, path: string): Route | undefined {
  switch (path) {
    case '/metrics':
      return async () => ({ status: 200, ...(await content.metrics()) });
    case '/configz':
      return async () => ({
        status: 200,
        contentType: 'application/json',
        body: `${JSON.stringify({ componentconfig: content.configz() })}\n`,
      });
    case '/debug/profile':
    case '/debug/heap':
      return profileRoute(path, content.profiles?.());
    default:
      return healthRoute(content.checks, path);
  }
}

function profileRoute(path: '/debug/profile' | '/debug/heap', profiles?: Profiles): Route | undefined {
  if (profiles === undefined) return undefined;
  if (path === '/debug/heap') return async () => attachment(await profiles.heap(), 'berth.heapsnapshot');
  return async ({ query, signal }) => {
    const seconds = Number(query.get('seconds') ?? defaultSeconds);
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > maxSeconds)
      return statusAnswer(400, 'BadRequest', `seconds has to be a whole number from 1 to ${maxSeconds}`);
    return attachment(await profiles.processor(seconds * 1_000, { signal }), 'berth.cpuprofile');
  };
}

/** Seconds of a processor profile. */
const defaultSeconds = 5;
const maxSeconds = 60;

function attachment(content: Readable | string, filename: string): Answer {
  if (content === 'busy')
    return statusAnswer(429, 'TooManyRequests', 'another profile is being taken', { 'Retry-After': '10' });
  return {
    status: 200,
    contentType: 'application/json',
    body: content,
    headers: { 'Content-Disposition': `attachment; filename="${filename}"` },
  };
}

function healthRoute(endpoints: HealthEndpoints, path: string): Route | undefined {
  const [, endpoint = '', name] = /^\/([a-z]+)(?:\/(.+))?$/.exec(path) ?? [];
  if (endpoint !== 'healthz' && endpoint !== 'livez' && endpoint !== 'readyz') return undefined;
  const checks = endpoints[endpoint];
  if (name === undefined)
    return ({ query }) =>
      answerHealth(endpoint, checks, { verbose: query.has('verbose'), exclude: query.getAll('exclude') });
  const check = checks.find((candidate) => candidate.name === name);
  return check && (() => answerSingleCheck(check));
}
