import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeError } from '../../../src/errors.js';
import { silentLogger } from '../../../src/observe/logger.js';
import { selfSignedCertificate } from '../../../src/serve/self-signed-certificate.js';
import { type CertificateSource, ServingCertificate } from '../../../src/serve/serving-certificate.js';
import { ManualClock } from '../../manual-clock.js';

const day = 86_400_000;
let folder: string;
let complaints: string[];
let clock: ManualClock;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-certificate-'));
  complaints = [];
  clock = new ManualClock(Date.now());
});

afterEach(() => rmSync(folder, { recursive: true }));

const load = (source: CertificateSource): Promise<ServingCertificate> =>
  ServingCertificate.load({
    source,
    names: ['localhost'],
    log: {
      ...silentLogger,
      warn: (message, facts) => complaints.push(`${message}: ${facts?.reason}`),
    },
    clock,
  });

function write(pair = selfSignedCertificate({ names: ['a'], now: clock.now() })) {
  const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
  writeFileSync(files.certFile, pair.cert);
  writeFileSync(files.keyFile, pair.key);
  return { pair, source: { kind: 'files', ...files } as const };
}

describe('a certificate that is given', () => {
  it('is read, and read again when it was changed', async () => {
    const { pair, source } = write();
    const certificate = await load(source);
    expect(certificate.current).toEqual(pair);
    expect(await certificate.refresh()).toBe(false);
    const { pair: other } = write();
    expect(await certificate.refresh()).toBe(true);
    expect(certificate.current).toEqual(other);
  });

  it('stays while the new one is half there, and is complained about once', async () => {
    const { pair, source } = write();
    const certificate = await load(source);
    const other = selfSignedCertificate({ names: ['a'], now: clock.now() });
    writeFileSync(source.certFile, other.cert);
    expect(await certificate.refresh()).toBe(false);
    expect(await certificate.refresh()).toBe(false);
    expect(certificate.current).toEqual(pair);
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toContain('tls.crt');
    writeFileSync(source.keyFile, other.key);
    expect(await certificate.refresh()).toBe(true);
  });

  it('ends the start when it cannot be used', async () => {
    const { source } = write();
    writeFileSync(source.keyFile, 'nonsense');
    const error = await load(source).catch((caught: unknown) => caught);
    expect(describeError(error)).toMatchObject({ code: 'BERTH_E_OPTIONS_INVALID', exitCode: 2 });
    expect(describeError(error).line).toContain('--tls-cert-file: ');
    const missing = await load({ ...source, certFile: join(folder, 'none') }).catch(
      (caught: unknown) => caught,
    );
    expect(describeError(missing).line).toContain('no such file');
  });
});

describe('a certificate that Berth makes', () => {
  it('is made anew in time, and good for a year', async () => {
    const certificate = await load({ kind: 'memory' });
    const first = certificate.current;
    expect(Math.round((certificate.expiresAt - clock.now()) / day)).toBe(365);
    await clock.advance(334 * day);
    expect(await certificate.refresh()).toBe(false);
    await clock.advance(2 * day);
    expect(await certificate.refresh()).toBe(true);
    expect(certificate.current.cert).not.toBe(first.cert);
    expect(Math.round((certificate.expiresAt - clock.now()) / day)).toBe(365);
  });

  it('is kept in the folder, its key for nobody else to read', async () => {
    const source = { kind: 'folder', folder: join(folder, 'certs') } as const;
    const first = await load(source);
    expect((await load(source)).current).toEqual(first.current);
    expect(statSync(join(source.folder, 'berth.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(source.folder, 'berth.crt'), 'utf8')).toBe(first.current.cert);
    await clock.advance(340 * day);
    expect((await load(source)).current).not.toEqual(first.current);
  });

  it('does without the folder where that cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    const certificate = await load({ kind: 'folder', folder: join(folder, 'file') });
    expect(certificate.current.cert).toContain('BEGIN CERTIFICATE');
    expect(complaints[0]).toContain('the certificate cannot be kept and lasts until the program ends: ');
  });
});
