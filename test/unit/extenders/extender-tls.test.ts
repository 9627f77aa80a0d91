import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/clock.js';
import type { ExtenderTlsConfiguration } from '../../../src/config/scheduler-configuration.js';
import { ExtenderClient } from '../../../src/extenders/extender-client.js';
import { extenderTls } from '../../../src/extenders/extender-tls.js';
import { type Certificate, CertificateAuthority } from '../../controlplane/certificate.js';
import { ExtenderServer } from '../../extender-server.js';

const authority = new CertificateAuthority('extender-ca');
const stranger = new CertificateAuthority('another-ca');
const serverCertificate = authority.issue({ commonName: 'extender', alternativeNames: ['extender.test'] });
const ours = authority.issue({ commonName: 'berth' });
const base64 = (text: string) => Buffer.from(text).toString('base64');

let directory: string;
let server: ExtenderServer | undefined;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'extender-tls-'));
});
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

/** Asks a server with the certificate once; 'answered', or why not. Notes who asked. */
async function ask(
  tlsConfig: ExtenderTlsConfiguration | undefined,
  {
    enableHTTPS = false,
    certificate = serverCertificate,
  }: { enableHTTPS?: boolean; certificate?: Certificate } = {},
): Promise<{ readonly result: string; readonly client: string | undefined }> {
  let client: string | undefined;
  const started = await ExtenderServer.start({
    cert: certificate.certificate,
    key: certificate.key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  });
  server = started;
  started.on('filter', (_request, response) => {
    const socket = response.socket as TLSSocket;
    client = socket.authorized ? String(socket.getPeerCertificate().subject.CN) : undefined;
    return {};
  });
  const asking = new ExtenderClient({
    urlPrefix: started.url,
    tls: extenderTls({ tlsConfig, enableHTTPS }),
    timeoutMs: 5_000,
    clock: systemClock,
  });
  const answer = await asking.call({
    verb: 'filter',
    body: '{}',
    repeatable: true,
    maxResponseBytes: 1_000,
    read: () => ({ kind: 'answered', value: undefined }),
  });
  await asking.close();
  const result = answer.kind === 'failed' ? answer.message : answer.kind;
  return { result, client };
}

describe('TLS with an extender', () => {
  it('trusts the CA of the configuration, as data or as a file, for the server name given', async () => {
    const serverName = 'extender.test';
    for (const ca of [
      { caData: base64(authority.certificate) },
      { caFile: file('ca.crt', authority.certificate) },
      // Data goes first.
      { caData: base64(authority.certificate), caFile: '/nowhere' },
    ]) {
      expect(await ask({ ...ca, serverName })).toEqual({ result: 'answered', client: undefined });
      await server?.stop();
    }
  });

  it('does not take another name than that of the certificate', async () => {
    const { result } = await ask({ caData: base64(authority.certificate), serverName: 'other.test' });
    expect(result).toContain('Hostname/IP does not match certificate');
  });

  it('does not take another CA', async () => {
    const { result } = await ask({ caData: base64(stranger.certificate), serverName: 'extender.test' });
    expect(result).toContain('self-signed certificate in certificate chain');
  });

  it('does not trust anybody without being told, and everybody when told not to look', async () => {
    expect((await ask(undefined)).result).toContain('self-signed certificate in certificate chain');
    await server?.stop();
    expect((await ask({ insecure: true })).result).toBe('answered');
  });

  it('does not look who answers when HTTPS is enabled without a CA, as kube-scheduler', async () => {
    expect((await ask(undefined, { enableHTTPS: true })).result).toBe('answered');
    await server?.stop();
    const tlsConfig = { caData: base64(stranger.certificate), serverName: 'extender.test' };
    expect((await ask(tlsConfig, { enableHTTPS: true })).result).toContain(
      'self-signed certificate in certificate chain',
    );
  });

  it('shows the certificate of the configuration', async () => {
    const data = { certData: base64(ours.certificate), keyData: base64(ours.key), insecure: true };
    const files = {
      certFile: file('berth.crt', ours.certificate),
      keyFile: file('berth.key', ours.key),
      insecure: true,
    };
    for (const tlsConfig of [data, files]) {
      expect(await ask(tlsConfig)).toEqual({ result: 'answered', client: 'berth' });
      await server?.stop();
    }
  });
});

describe('material for TLS that cannot be used', () => {
  it.each<[string, ExtenderTlsConfiguration, string]>([
    [
      'a CA that is not to be used',
      { insecure: true, caData: base64(authority.certificate) },
      'insecure flag',
    ],
    ['a certificate without its key', { certData: base64(ours.certificate) }, 'belong together'],
    ['a key without its certificate', { keyData: base64(ours.key) }, 'belong together'],
    ['a file that is not there', { caFile: '/nowhere/ca.crt' }, 'caFile: ENOENT'],
    ['something else than PEM', { certData: base64('x'), keyData: base64('y') }, 'PEM'],
    [
      "another's key",
      { certData: base64(ours.certificate), keyData: base64(serverCertificate.key) },
      'key values mismatch',
    ],
  ])('is refused at once: %s', (_what, tlsConfig, problem) => {
    expect(() => extenderTls({ tlsConfig, enableHTTPS: false })).toThrow(problem);
  });
});
