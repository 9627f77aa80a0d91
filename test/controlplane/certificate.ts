import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import {
  addressBytes,
  bitString,
  boolean,
  objectIdentifier,
  octetString,
  sequence,
  set,
  tagged,
  time,
  unsignedInteger,
  utf8String,
} from '../../src/serve/der.js';

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
 * A certificate authority for one test run, on P-256 (X.509 v3 by RFC 5280), so that a control plane starts
 * without openssl being installed.
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
    const keyUsage = bitString(Buffer.from([0b0000_0110]), 1);
    this.certificate = this.#sign(this.#name, pair.publicKey, [
      extension('2.5.29.19', sequence(boolean(true)), true),
      extension('2.5.29.15', keyUsage, true),
    ]);
  }

  /** A certificate good for both ends of TLS, valid for ten days. */
  issue(subject: CertificateSubject): Certificate {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const extensions = [
      extension('2.5.29.15', bitString(Buffer.from([0b1000_0000]), 7), true),
      extension(
        '2.5.29.37',
        sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'), objectIdentifier('1.3.6.1.5.5.7.3.2')),
      ),
    ];
    const names = (subject.alternativeNames ?? []).map(alternativeName);
    if (names.length > 0) extensions.push(extension('2.5.29.17', sequence(...names)));
    return {
      certificate: this.#sign(distinguishedName(subject), pair.publicKey, extensions),
      key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  }

  #sign(subject: Buffer, publicKey: KeyObject, extensions: readonly Buffer[]): string {
    const algorithm = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
    const now = Date.now();
    const toBeSigned = sequence(
      tagged(0xa0, unsignedInteger(Buffer.from([2]))),
      unsignedInteger(randomBytes(16)),
      algorithm,
      this.#name,
      sequence(time(now - 3_600_000), time(now + 10 * 86_400_000)),
      subject,
      publicKey.export({ type: 'spki', format: 'der' }),
      tagged(0xa3, sequence(...extensions)),
    );
    const signature = sign('sha256', toBeSigned, { key: this.#key, dsaEncoding: 'der' });
    const der = sequence(toBeSigned, algorithm, bitString(signature));
    const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
    return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  }
}

function distinguishedName({ commonName, organizations = [] }: CertificateSubject): Buffer {
  const attribute = (id: string, value: string) => set(sequence(objectIdentifier(id), utf8String(value)));
  return sequence(
    ...organizations.map((name) => attribute('2.5.4.10', name)),
    attribute('2.5.4.3', commonName),
  );
}

function alternativeName(name: string): Buffer {
  return isIP(name) === 0 ? tagged(0x82, Buffer.from(name)) : tagged(0x87, addressBytes(name));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(id), ...(critical ? [boolean(true)] : []), octetString(value));
}
