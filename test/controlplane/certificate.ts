import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

/** A key pair with its certificate, both PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** Who a certificate is for. Kubernetes reads the user from `commonName` and the groups from `organizations`. */
export interface CertificateSubject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  /** DNS names and IP addresses a server is reached by. */
  readonly alternativeNames?: readonly string[];
}

/**
 * A certificate authority for one test run, on P-256 (X.509 v3 by RFC 5280, written as DER here, so that a control
 * plane starts without openssl being installed).
 */
export class CertificateAuthority {
  readonly certificate: string;
  readonly #key: KeyObject;
  readonly #name: Buffer;

  constructor(commonName: string) {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = pair.privateKey;
    this.#name = distinguishedName({ commonName });
    // keyCertSign and cRLSign are bits 5 and 6: one byte with one unused bit.
    const keyUsage = tlv(0x03, Buffer.from([1, 0b0000_0110]));
    this.certificate = this.#sign(this.#name, pair.publicKey, [
      extension('2.5.29.19', sequence(tlv(0x01, Buffer.from([0xff]))), true),
      extension('2.5.29.15', keyUsage, true),
    ]);
  }

  /** A certificate good for both ends of TLS, valid for ten days. */
  issue(subject: CertificateSubject): Certificate {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const extensions = [
      extension('2.5.29.15', tlv(0x03, Buffer.from([7, 0b1000_0000])), true),
      extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1'), oid('1.3.6.1.5.5.7.3.2'))),
    ];
    const names = (subject.alternativeNames ?? []).map(alternativeName);
    if (names.length > 0) extensions.push(extension('2.5.29.17', sequence(...names)));
    return {
      certificate: this.#sign(distinguishedName(subject), pair.publicKey, extensions),
      key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }

  #sign(subject: Buffer, publicKey: KeyObject, extensions: readonly Buffer[]): string {
    const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
    const now = Date.now();
    const toBeSigned = sequence(
      tlv(0xa0, integer(Buffer.from([2]))),
      integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
      algorithm,
      this.#name,
      sequence(time(now - 3_600_000), time(now + 10 * 86_400_000)),
      subject,
      publicKey.export({ type: 'spki', format: 'der' }),
      tlv(0xa3, sequence(...extensions)),
    );
    const signature = sign('sha256', toBeSigned, { key: this.#key, dsaEncoding: 'der' });
    const der = sequence(toBeSigned, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
    const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
    return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  }
}

function distinguishedName({ commonName, organizations = [] }: CertificateSubject): Buffer {
  const attribute = (id: string, value: string) =>
    tlv(0x31, sequence(oid(id), tlv(0x0c, Buffer.from(value))));
  return sequence(
    ...organizations.map((name) => attribute('2.5.4.10', name)),
    attribute('2.5.4.3', commonName),
  );
}

function alternativeName(name: string): Buffer {
  if (isIP(name) === 4) return tlv(0x87, Buffer.from(name.split('.').map(Number)));
  return tlv(0x82, Buffer.from(name));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [tlv(0x01, Buffer.from([0xff]))] : []), tlv(0x04, value));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function integer(value: Buffer): Buffer {
  return tlv(0x02, value);
}

function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/[-:T]/g, '').slice(2, 14);
  return tlv(0x17, Buffer.from(`${digits}Z`));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}

/** Tag, length, value. */
function tlv(tag: number, value: Buffer): Buffer {
  const size = value.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}
