import { isIP } from 'node:net';
import { type Command, Option } from 'commander';
import { BerthError } from '../errors.js';
import type { CertificateSource } from '../serve/serving-certificate.js';
import { cipherSuiteNames, opensslCiphers, type TlsSettings, tlsVersions } from '../serve/tls-settings.js';
import {
  readBoolean,
  readChoice,
  readDurationOrNever,
  readInteger,
  readList,
  readText,
} from './flag-values.js';

/** Where health, metrics and configuration are served, and to whom. */
export interface ServingOptions {
  /** Over TLS, to those who may. */
  readonly secure: SecureServingOptions | undefined;
  /** Over plain HTTP, to whoever is on this machine. */
  readonly plain: ListeningAddress | undefined;
}

export interface ListeningAddress {
  readonly host: string;
  /** 0 takes any free port; of the plain server only. */
  readonly port: number;
}

/** Flags of the secure port, with kube-scheduler's names, meanings and defaults. */
export interface SecureServingOptions extends ListeningAddress {
  readonly certificate: CertificateSource;
  readonly tls: TlsSettings;
  /** PEM file of those who sign client certificates; the cluster's own where it is not given. */
  readonly clientCaFile: string | undefined;
  /** Leaves the ConfigMap with the cluster's client CA alone. */
  readonly skipLookup: boolean;
  /** Goes on without client certificates when that ConfigMap cannot be read. */
  readonly tolerateLookupFailure: boolean;
  /** Kubeconfig files for asking about callers, where these are not the program's own. */
  readonly authenticationKubeconfig: string | undefined;
  readonly authorizationKubeconfig: string | undefined;
  readonly alwaysAllowPaths: readonly string[];
  /** Milliseconds. */
  readonly tokenTtlMs: number;
  readonly allowedTtlMs: number;
  readonly deniedTtlMs: number;
}

const defaultSecurePort = 10_259;
const defaultTtlMs = 10_000;
const loopback = '127.0.0.1';

/** Adds the flags that say where is listened, and the less common ones without showing them. */
export function addServingOptions(command: Command): Command {
  command
    .option(
      '--secure-port <number>',
      'port for health, metrics and configuration over TLS, to callers who may see them; 0 for none (default: 10259)',
      readInteger('secure-port', 0, 65_535),
    )
    .option('--bind-address <address>', 'address to listen on (default: 0.0.0.0)', readText('bind-address'))
    .option(
      '--port <number>',
      'port for the same over plain HTTP, on this machine only, instead of the secure one; 0 for any free one',
      readInteger('port', 0, 65_535),
    )
    .option(
      '--tls-cert-file <path>',
      'certificate of the secure port, PEM (default: one is made at the start)',
      readText('tls-cert-file'),
    )
    .option('--tls-private-key-file <path>', 'its private key, PEM', readText('tls-private-key-file'))
    .option('--cert-dir <path>', 'folder to keep a certificate in that was made', readText('cert-dir'));
  for (const option of lessCommon()) command.addOption(option.hideHelp());
  return command;
}

function lessCommon(): Option[] {
  const yesOrNo = (flag: string): Option => new Option(`--${flag} [bool]`).argParser(readBoolean(flag));
  const duration = (flag: string): Option =>
    new Option(`--${flag} <duration>`).argParser(readDurationOrNever(flag));
  const text = (flag: string): Option => new Option(`--${flag} <value>`).argParser(readText(flag));
  return [
    new Option('--tls-min-version <version>').argParser(
      readChoice('tls-min-version', Object.keys(tlsVersions)),
    ),
    new Option('--tls-cipher-suites <names>').argParser(readList('tls-cipher-suites', cipherSuiteNames)),
    text('client-ca-file'),
    text('authentication-kubeconfig'),
    yesOrNo('authentication-skip-lookup'),
    yesOrNo('authentication-tolerate-lookup-failure'),
    duration('authentication-token-webhook-cache-ttl'),
    text('authorization-kubeconfig'),
    new Option('--authorization-always-allow-paths <paths>').argParser(
      readList('authorization-always-allow-paths'),
    ),
    duration('authorization-webhook-cache-authorized-ttl'),
    duration('authorization-webhook-cache-unauthorized-ttl'),
  ];
}

/** Reads the flags that `addServingOptions` added. Throws `BERTH_E_OPTIONS_INVALID` where they do not go together. */
export function readServingOptions(command: Command): ServingOptions {
  const flags = command.opts<ServingFlags>();
  const { port, bindAddress, securePort = port === undefined ? defaultSecurePort : 0 } = flags;
  return {
    secure: securePort === 0 ? undefined : readSecure(flags, securePort),
    plain: port === undefined ? undefined : { host: plainHost(bindAddress, securePort > 0), port },
  };
}

/** Who serves without asking does so on this machine only. */
function plainHost(address: string | undefined, isSecureToo: boolean): string {
  if (address === undefined) return loopback;
  if (isLoopback(address)) return address;
  if (isSecureToo) return loopback;
  const problem = `--port: plain HTTP asks nobody who he is and is for this machine only; with --bind-address ${address}, give --secure-port`;
  throw new BerthError('BERTH_E_OPTIONS_INVALID', { problem });
}

function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

function readSecure(flags: ServingFlags, port: number): SecureServingOptions {
  return {
    host: flags.bindAddress ?? '0.0.0.0',
    port,
    certificate: certificateSource(flags),
    tls: {
      minVersion: tlsVersions[flags.tlsMinVersion ?? ''] ?? 'TLSv1.2',
      ciphers: flags.tlsCipherSuites?.length ? opensslCiphers(flags.tlsCipherSuites) : undefined,
    },
    clientCaFile: flags.clientCaFile,
    skipLookup: flags.authenticationSkipLookup ?? false,
    tolerateLookupFailure: flags.authenticationTolerateLookupFailure ?? true,
    authenticationKubeconfig: flags.authenticationKubeconfig,
    authorizationKubeconfig: flags.authorizationKubeconfig,
    alwaysAllowPaths: flags.authorizationAlwaysAllowPaths ?? ['/healthz', '/readyz', '/livez'],
    tokenTtlMs: flags.authenticationTokenWebhookCacheTtl ?? defaultTtlMs,
    allowedTtlMs: flags.authorizationWebhookCacheAuthorizedTtl ?? defaultTtlMs,
    deniedTtlMs: flags.authorizationWebhookCacheUnauthorizedTtl ?? defaultTtlMs,
  };
}

function certificateSource({ tlsCertFile, tlsPrivateKeyFile, certDir }: ServingFlags): CertificateSource {
  if (tlsCertFile !== undefined && tlsPrivateKeyFile !== undefined)
    return { kind: 'files', certFile: tlsCertFile, keyFile: tlsPrivateKeyFile };
  if (tlsCertFile !== undefined || tlsPrivateKeyFile !== undefined) {
    const [given, missing] =
      tlsCertFile === undefined
        ? ['tls-private-key-file', 'tls-cert-file']
        : ['tls-cert-file', 'tls-private-key-file'];
    throw new BerthError('BERTH_E_OPTIONS_INVALID', { problem: `--${given}: --${missing} belongs to it` });
  }
  return certDir === undefined ? { kind: 'memory' } : { kind: 'folder', folder: certDir };
}

interface ServingFlags {
  readonly securePort?: number;
  readonly bindAddress?: string;
  readonly port?: number;
  readonly tlsCertFile?: string;
  readonly tlsPrivateKeyFile?: string;
  readonly certDir?: string;
  readonly tlsMinVersion?: string;
  readonly tlsCipherSuites?: readonly string[];
  readonly clientCaFile?: string;
  readonly authenticationKubeconfig?: string;
  readonly authenticationSkipLookup?: boolean;
  readonly authenticationTolerateLookupFailure?: boolean;
  readonly authenticationTokenWebhookCacheTtl?: number;
  readonly authorizationKubeconfig?: string;
  readonly authorizationAlwaysAllowPaths?: readonly string[];
  readonly authorizationWebhookCacheAuthorizedTtl?: number;
  readonly authorizationWebhookCacheUnauthorizedTtl?: number;
}
