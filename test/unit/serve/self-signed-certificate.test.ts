import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { selfSignedCertificate } from '../../../src/serve/self-signed-certificate.js';

const now = Date.parse('2026-05-06T07:08:09Z');
const names = [
  'berth-7f9c',
  'localhost',
  '127.0.0.1',
  '::1',
  '10.128.0.7',
  'fd00:10:244::1:2',
  'fd00::10.0.0.1',
];

describe('a certificate that Berth makes for itself', () => {
  it('is read by others as what it says', () => {
    const certificate = new X509Certificate(selfSignedCertificate({ names, now }).cert);
    expect(certificate.subject).toBe('CN=berth-7f9c');
    expect(certificate.issuer).toBe(certificate.subject);
    expect(certificate.validFrom).toBe('May  6 06:08:09 2026 GMT');
    expect(certificate.validTo).toBe('May  6 07:08:09 2027 GMT');
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });

  it('is good for each name and address, and for no other', () => {
    const certificate = new X509Certificate(selfSignedCertificate({ names, now }).cert);
    expect(certificate.checkHost('berth-7f9c')).toBe('berth-7f9c');
    expect(certificate.checkHost('localhost')).toBe('localhost');
    for (const address of ['127.0.0.1', '::1', '10.128.0.7', 'fd00:10:244::1:2', 'fd00::a00:1'])
      expect(certificate.checkIP(address)).toBe(address);
    expect(certificate.checkHost('example.org')).toBeUndefined();
    expect(certificate.checkIP('10.128.0.8')).toBeUndefined();
    expect(certificate.checkIP('fd00::a00:2')).toBeUndefined();
  });

  it('says a year from 2050 on with four digits', () => {
    const { cert } = selfSignedCertificate({ names, now: Date.parse('2049-12-31T12:00:00Z') });
    const { validFrom, validTo } = new X509Certificate(cert);
    expect([validFrom, validTo]).toEqual(['Dec 31 11:00:00 2049 GMT', 'Dec 31 12:00:00 2050 GMT']);
  });

  it('is another one each time, with a key of its own', () => {
    const pairs = [1, 2].map(() => selfSignedCertificate({ names, now }));
    const [one, other] = pairs.map(({ cert }) => new X509Certificate(cert));
    expect(one?.serialNumber).not.toBe(other?.serialNumber);
    expect(pairs[0]?.key).not.toBe(pairs[1]?.key);
  });

  it('can always be read, whatever its random parts are', () => {
    for (let made = 0; made < 200; made++) {
      const { cert } = selfSignedCertificate({ names: ['a'], now });
      expect(new X509Certificate(cert).serialNumber.length).toBeLessThanOrEqual(32);
    }
  });

  it('has a name that is not too long for a certificate', () => {
    const long = `${'a'.repeat(60)}.example.org`;
    const certificate = new X509Certificate(selfSignedCertificate({ names: [long], now }).cert);
    expect(certificate.subject).toBe(`CN=${long.slice(0, 64)}`);
    expect(certificate.checkHost(long)).toBe(long);
  });

  it('convinces a client that trusts it, in a handshake', async () => {
    const pair = selfSignedCertificate({ names, now: Date.now() });
    const server = createServer(pair).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect({ host: '127.0.0.1', port, ca: pair.cert, minVersion: 'TLSv1.3' });
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    socket.destroy();
    server.close();
  });
});
