import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { addServingOptions, readServingOptions } from '../../../src/commands/serving-options.js';
import { describeError } from '../../../src/errors.js';

function read(...args: string[]) {
  const command = addServingOptions(
    new Command('run').exitOverride().configureOutput({ writeErr: () => {} }),
  );
  command.parse(args, { from: 'user' });
  return readServingOptions(command);
}

function refusal(...args: string[]): string {
  try {
    read(...args);
  } catch (error) {
    const { line, exitCode } = describeError(error);
    expect(exitCode).toBe(2);
    return line;
  }
  throw new Error('it was taken');
}

describe('where Berth serves', () => {
  it('is over TLS on the port of kube-scheduler when nothing is said', () => {
    expect(read()).toEqual({
      plain: undefined,
      secure: {
        host: '0.0.0.0',
        port: 10_259,
        certificate: { kind: 'memory' },
        tls: { minVersion: 'TLSv1.2', ciphers: undefined },
        clientCaFile: undefined,
        skipLookup: false,
        tolerateLookupFailure: true,
        authenticationKubeconfig: undefined,
        authorizationKubeconfig: undefined,
        alwaysAllowPaths: ['/healthz', '/readyz', '/livez'],
        tokenTtlMs: 10_000,
        allowedTtlMs: 10_000,
        deniedTtlMs: 10_000,
      },
    });
  });

  it('is nowhere with --secure-port 0', () => {
    expect(read('--secure-port', '0')).toEqual({ plain: undefined, secure: undefined });
  });

  it.each([
    [['--port', '0'], '127.0.0.1'],
    [['--port', '0', '--bind-address', '127.0.0.2'], '127.0.0.2'],
    [['--port', '0', '--bind-address', '::1'], '::1'],
    [['--port', '0', '--bind-address', 'localhost'], 'localhost'],
  ])('is over plain HTTP on this machine alone with %j', (args, host) => {
    expect(read(...args)).toEqual({ secure: undefined, plain: { host, port: 0 } });
  });

  it('is never over plain HTTP for other machines', () => {
    for (const address of ['0.0.0.0', '::', '10.0.0.7', '1270.0.0.1', '127.evil.example'])
      expect(refusal('--port', '8080', '--bind-address', address)).toContain(
        `--port: plain HTTP asks nobody who he is and is for this machine only; with --bind-address ${address}, give --secure-port`,
      );
  });

  it('is both ways when both ports are given, with the address for the secure one', () => {
    expect(read('--port', '8080', '--secure-port', '8443', '--bind-address', '0.0.0.0')).toMatchObject({
      plain: { host: '127.0.0.1', port: 8080 },
      secure: { host: '0.0.0.0', port: 8443 },
    });
  });
});

describe('the certificate', () => {
  it('is given by two flags that belong together', () => {
    expect(read('--tls-cert-file', 'c', '--tls-private-key-file', 'k').secure?.certificate).toEqual({
      kind: 'files',
      certFile: 'c',
      keyFile: 'k',
    });
    expect(refusal('--tls-cert-file', 'c')).toBe('--tls-cert-file: --tls-private-key-file belongs to it');
    expect(refusal('--tls-private-key-file', 'k')).toBe(
      '--tls-private-key-file: --tls-cert-file belongs to it',
    );
  });

  it('is kept in a folder that is named', () => {
    expect(read('--cert-dir', 'd').secure?.certificate).toEqual({ kind: 'folder', folder: 'd' });
  });
});

describe('the flags of TLS and of callers', () => {
  it('are read as kube-scheduler reads them', () => {
    const { secure } = read(
      ...['--tls-min-version', 'VersionTLS13', '--client-ca-file', 'ca'],
      ...['--authentication-kubeconfig', 'a', '--authorization-kubeconfig', 'b'],
      ...['--authentication-skip-lookup', '--authentication-tolerate-lookup-failure=false'],
      ...['--authentication-token-webhook-cache-ttl=1m', '--authorization-webhook-cache-authorized-ttl=0'],
      ...['--authorization-webhook-cache-unauthorized-ttl=5s'],
      ...['--authorization-always-allow-paths=/healthz, /x/*'],
    );
    expect(secure).toMatchObject({
      tls: { minVersion: 'TLSv1.3' },
      clientCaFile: 'ca',
      authenticationKubeconfig: 'a',
      authorizationKubeconfig: 'b',
      skipLookup: true,
      tolerateLookupFailure: false,
      tokenTtlMs: 60_000,
      allowedTtlMs: 0,
      deniedTtlMs: 5_000,
      alwaysAllowPaths: ['/healthz', '/x/*'],
    });
  });

  it('name ciphers as Go names them', () => {
    const suites = 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_AES_128_GCM_SHA256';
    expect(read('--tls-cipher-suites', suites).secure?.tls.ciphers).toBe(
      'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-RSA-AES128-GCM-SHA256',
    );
    expect(refusal('--tls-cipher-suites', 'TLS_RSA_WITH_RC4_128_SHA')).toContain(
      '--tls-cipher-suites: "TLS_RSA_WITH_RC4_128_SHA" cannot be used',
    );
  });

  it('refuse a version that is no longer safe', () => {
    expect(refusal('--tls-min-version', 'VersionTLS10')).toContain('--tls-min-version: ');
  });
});
