/** One thing that must be right for a health endpoint to say `ok`. */
export interface HealthCheck {
  /** As it appears in the verbose output and in `/readyz/<name>`. */
  readonly name: string;
  /** `true`, or why not. A check that throws or rejects has failed with that error's message. */
  check(): true | string | Promise<true | string>;
}

/** An answer of a health endpoint; always plain text. */
export interface HealthAnswer {
  readonly status: 200 | 500;
  readonly body: string;
}

export interface HealthQuery {
  readonly verbose: boolean;
  /** Names of checks to leave out. */
  readonly exclude: readonly string[];
}

/** Runs all checks of an endpoint. The format is that of Kubernetes components, which probes and people parse. */
export async function answerHealth(
  endpoint: string,
  checks: readonly HealthCheck[],
  query: HealthQuery,
): Promise<HealthAnswer> {
  const excluded = new Set(query.exclude);
  const lines: string[] = [];
  let healthy = true;
  for (const check of checks) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
    } else if ((await run(check)) === true) {
      lines.push(`[+]${check.name} ok`);
    } else {
      healthy = false;
      // The reason is told by /<endpoint>/<check>, which may ask for more rights than this summary.
      lines.push(`[-]${check.name} failed: reason withheld`);
    }
  }
  if (excluded.size > 0) {
    const names = [...excluded].map((name) => JSON.stringify(name)).join(', ');
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`);
  }
  if (!healthy) {
    return { status: 500, body: `${[...lines, `${endpoint} check failed`].join('\n')}\n` };
  }
  return {
    status: 200,
    body: query.verbose ? `${[...lines, `${endpoint} check passed`].join('\n')}\n` : 'ok',
  };
}

/** Runs one check by itself; its failure is told. */
export async function answerSingleCheck(check: HealthCheck): Promise<HealthAnswer> {
  const outcome = await run(check);
  return outcome === true
    ? { status: 200, body: 'ok' }
    : { status: 500, body: `internal server error: ${outcome}\n` };
}

async function run(check: HealthCheck): Promise<true | string> {
  try {
    return await check.check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
