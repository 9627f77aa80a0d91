import { ApiError } from './kube/api-error.js';

/** 0 fine, 1 something failed while running, 2 usage or configuration, 3 cluster unreachable, credentials or rights. */
export type ExitCode = 0 | 1 | 2 | 3;

interface ErrorEntry {
  /** What happened, in one line; `{name}` is replaced by a fact. */
  readonly message: string;
  /** What to do about it, in one line; may use the same facts. */
  readonly hint: string;
  readonly exitCode: ExitCode;
}

/**
 * Every error Berth shows to a person. One table, so that the text, the exit code and docs/errors.md cannot drift
 * apart. Codes are stable: scripts and runbooks may rely on them.
 * Where the conversation with an API server failed, the message is the reason alone: the room that talked to it says
 * what failed and which setting to look at, and the hint adds how to find out more.
 */
export const ERRORS = {
  BERTH_E_USAGE: {
    message: '{problem}',
    hint: 'run "{command} --help" for what can be given',
    exitCode: 2,
  },
  BERTH_E_FLAG_VALUE: {
    message: '--{flag}: {problem}',
    hint: 'give {expected}',
    exitCode: 2,
  },
  BERTH_E_CONFIG_UNREADABLE: {
    message: 'cannot read the configuration file: {reason}',
    hint: 'check the path given with --config and that this user may read it',
    exitCode: 2,
  },
  BERTH_E_CONFIG_SYNTAX: {
    message: 'not valid YAML: {reason}',
    hint: 'correct the file at that line and column',
    exitCode: 2,
  },
  BERTH_E_CONFIG_VERSION: {
    message: '{problem}',
    hint: 'begin the file with "apiVersion: kubescheduler.config.k8s.io/v1" and "kind: KubeSchedulerConfiguration"',
    exitCode: 2,
  },
  BERTH_E_CONFIG_INVALID: {
    message: '{problem}',
    hint: 'correct the file at that place',
    exitCode: 2,
  },
  BERTH_E_OPTIONS_INVALID: {
    message: '{problem}',
    hint: 'correct the flag of that name',
    exitCode: 2,
  },
  BERTH_E_PLUGINS: {
    message: '{problem}',
    hint: 'correct plugins of that profile in the configuration file',
    exitCode: 2,
  },
  BERTH_E_DEFAULT_LEASE: {
    message: "the lease kube-system/kube-scheduler belongs to the cluster's own kube-scheduler",
    hint: 'set leaderElection.resourceName (or --lease-name) to a name of your own, or pass --allow-default-lease if Berth replaces kube-scheduler',
    exitCode: 2,
  },
  BERTH_E_UNREACHABLE: {
    message: '{reason}',
    hint: '"kubectl cluster-info" with the same kubeconfig shows whether the cluster answers at all',
    exitCode: 3,
  },
  BERTH_E_NO_ANSWER: {
    message: '{reason}',
    hint: 'check the load of the API server and what lies between (proxy, firewall), then start again',
    exitCode: 3,
  },
  BERTH_E_CERTIFICATE: {
    message: '{reason}',
    hint: 'the kubeconfig may be that of another or of a re-created cluster',
    exitCode: 3,
  },
  BERTH_E_CREDENTIALS: {
    message: '{reason}',
    hint: '"kubectl auth whoami" with the same kubeconfig shows whether its credentials work',
    exitCode: 3,
  },
  BERTH_E_UNAUTHORIZED: {
    message: '{reason}',
    hint: '"kubectl auth whoami" with the same kubeconfig shows whether its credentials work',
    exitCode: 3,
  },
  BERTH_E_FORBIDDEN: {
    message: 'a right is missing: {reason}',
    hint: "apply Berth's RBAC (kubectl apply -k manifests/base) or grant that verb to the user",
    exitCode: 3,
  },
  BERTH_E_THROTTLED: {
    message: 'the API server turns requests away: {reason}',
    hint: 'wait, or lower --kube-api-qps; an own FlowSchema keeps a scheduler from being throttled',
    exitCode: 1,
  },
  BERTH_E_API_STATUS: {
    message: 'the API server refused: {reason}',
    hint: 'the answer names the cause; --log-level debug shows the request',
    exitCode: 1,
  },
  BERTH_E_API_MALFORMED: {
    message: 'the answer of the API server could not be understood: {reason}',
    hint: 'check that the address in the kubeconfig is that of a Kubernetes API server, not of a proxy or a sign-in page',
    exitCode: 1,
  },
  BERTH_E_LEASE_LOST: {
    message: 'leadership was lost: {reason}',
    hint: 'nothing more is written; the process must be started again (a Deployment does so)',
    exitCode: 1,
  },
  BERTH_E_LISTEN: {
    message: 'cannot listen on {address}: {reason}',
    hint: 'choose another address with --bind-address and --secure-port, or --port',
    exitCode: 1,
  },
  BERTH_E_INTERRUPTED: {
    message: 'interrupted',
    hint: 'start again to go on',
    exitCode: 1,
  },
  BERTH_E_INTERNAL: {
    message: 'unexpected failure: {reason}',
    hint: 'run again with --log-level debug and report what it shows',
    exitCode: 1,
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export type ErrorCode = keyof typeof ERRORS;

type Placeholders<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

/** The facts that the message and the hint of an error need, by name. */
export type ErrorFacts<Code extends ErrorCode> = Readonly<
  Record<Placeholders<(typeof ERRORS)[Code]['message'] | (typeof ERRORS)[Code]['hint']>, string | number>
>;

export interface BerthErrorOptions {
  /** Where in the user's input: `config.yaml:7:5`. Precedes the message. */
  readonly where?: string;
  readonly cause?: unknown;
}

/** An error meant for the person who runs Berth: one line that says what, one that says what to do, an exit code. */
export class BerthError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  readonly exitCode: ExitCode;
  readonly hint: string;
  readonly where: string | undefined;

  constructor(code: Code, facts: ErrorFacts<Code>, options: BerthErrorOptions = {}) {
    const entry: ErrorEntry = ERRORS[code];
    super(
      oneLine(fill(entry.message, facts)),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'BerthError';
    this.code = code;
    this.exitCode = entry.exitCode;
    this.hint = oneLine(fill(entry.hint, facts));
    this.where = options.where;
  }
}

/** An error as it is shown. `line` and `hint` never contain a line break or a control character. */
export interface DescribedError {
  readonly code: ErrorCode;
  /** What happened, and where. */
  readonly line: string;
  /** What to do. */
  readonly hint: string;
  readonly exitCode: ExitCode;
}

/** Translates whatever was thrown into what a person is shown. */
export function describeError(thrown: unknown): DescribedError {
  const error = asBerthError(thrown);
  return {
    code: error.code,
    line: error.where === undefined ? error.message : `${oneLine(error.where)}: ${error.message}`,
    hint: error.hint,
    exitCode: error.exitCode,
  };
}

/** The error table in Markdown, for docs/errors.md; aligned as the formatter aligns tables, so that it leaves it alone. */
export function renderErrorTable(): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\{(\w+)\}/g, '_$1_');
  const rows = [
    ['Code', 'Exit', 'What', 'What to do'],
    ...Object.entries(ERRORS).map(([code, { exitCode, message, hint }]) => [
      `\`${code}\``,
      String(exitCode),
      cell(message),
      cell(hint),
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const [head = '', ...body] = rows.map((row) =>
    line(row.map((text, column) => text.padEnd(widths[column]!))),
  );
  return `${[head, line(widths.map((width) => '-'.repeat(width))), ...body].join('\n')}\n`;
}

function asBerthError(thrown: unknown): BerthError {
  if (thrown instanceof BerthError) {
    return thrown;
  }
  if (thrown instanceof ApiError) {
    return fromApiError(thrown);
  }
  if (thrown instanceof Error && thrown.name === 'AbortError') {
    return new BerthError('BERTH_E_INTERRUPTED', {}, { cause: thrown });
  }
  const reason = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  return new BerthError('BERTH_E_INTERNAL', { reason }, { cause: thrown });
}

function fromApiError(error: ApiError): BerthError {
  const reason = error.message;
  const options = { cause: error };
  switch (error.failure) {
    case 'unreachable':
      return isCertificateTrouble(error)
        ? new BerthError('BERTH_E_CERTIFICATE', { reason }, options)
        : new BerthError('BERTH_E_UNREACHABLE', { reason }, options);
    case 'credentials':
      return isCertificateTrouble(error)
        ? new BerthError('BERTH_E_CERTIFICATE', { reason }, options)
        : new BerthError('BERTH_E_CREDENTIALS', { reason }, options);
    case 'ambiguous':
      return new BerthError('BERTH_E_NO_ANSWER', { reason }, options);
    case 'malformed':
      return new BerthError('BERTH_E_API_MALFORMED', { reason }, options);
    case 'aborted':
      return new BerthError('BERTH_E_INTERRUPTED', {}, options);
    case 'status':
      return fromStatus(error);
  }
}

function fromStatus(error: ApiError): BerthError {
  const reason = error.message;
  const options = { cause: error };
  switch (error.code) {
    case 401:
      return new BerthError('BERTH_E_UNAUTHORIZED', { reason }, options);
    case 403:
      return new BerthError('BERTH_E_FORBIDDEN', { reason }, options);
    case 429:
      return new BerthError('BERTH_E_THROTTLED', { reason }, options);
    default:
      return new BerthError('BERTH_E_API_STATUS', { reason }, options);
  }
}

/** Node's codes for a peer certificate that did not verify; they sit somewhere in the chain of causes. */
const certificateCodes: ReadonlySet<string> = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function isCertificateTrouble(error: Error): boolean {
  let current: unknown = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth++) {
    if ('code' in current && typeof current.code === 'string' && certificateCodes.has(current.code)) {
      return true;
    }
    current = current.cause;
  }
  return false;
}

function fill(template: string, facts: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(facts[name] ?? whole));
}

/** Servers and files choose the text of many messages: a line break or an escape sequence in it must not reach a terminal. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
}
