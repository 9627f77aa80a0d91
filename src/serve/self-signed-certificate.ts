import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
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
} from './der.js';

/** A certificate, or a chain that begins with it, and its private key; both PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface SelfSignedOptions {
  /** DNS names and IP addresses that it is good for; the first one is its subject, too. */
  readonly names: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds. @default a year */
  readonly validForMs?: number;
}

/** Object identifiers of RFC 5280 and RFC 5758. */
const oid = {
  commonName: '2.5.4.3',
  keyUsage: '2.5.29.15',
  alternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  serverAuthentication: '1.3.6.1.5.5.7.3.1',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
} as const;

/** The most that a common name may have (RFC 5280, ub-common-name). */
const maxCommonName = 64;
const yearMs = 365 * 86_400_000;
/** A client whose clock is behind shall take it, too. */
const backdatedMs = 3_600_000;

/** Makes a key on P-256 and a certificate for TLS servers that is signed by that key. */
export function selfSignedCertificate({ names, now, validForMs = yearMs }: SelfSignedOptions): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(objectIdentifier(oid.ecdsaWithSha256));
  const name = distinguishedName((names[0] ?? 'berth').slice(0, maxCommonName));
  const toBeSigned = sequence(
    // Version 3, counted from 0.
    tagged(0xa0, unsignedInteger(Buffer.from([2]))),
    unsignedInteger(randomBytes(16)),
    algorithm,
    name,
    sequence(time(now - backdatedMs), time(now + validForMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, extensions(names)),
  );
  const signature = sign('sha256', toBeSigned, { key: privateKey, dsaEncoding: 'der' });
  return {
    cert: pem(sequence(toBeSigned, algorithm, bitString(signature))),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function extensions(names: readonly string[]): Buffer {
  // digitalSignature is the first bit; the other seven of the byte are not used.
  const digitalSignature = bitString(Buffer.from([0b1000_0000]), 7);
  return sequence(
    extension(oid.basicConstraints, sequence(), { critical: true }),
    extension(oid.keyUsage, digitalSignature, { critical: true }),
    extension(oid.extendedKeyUsage, sequence(objectIdentifier(oid.serverAuthentication))),
    extension(oid.alternativeName, sequence(...names.map(generalName))),
  );
}

function extension(id: string, value: Buffer, { critical = false } = {}): Buffer {
  return sequence(objectIdentifier(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier(oid.commonName), utf8String(commonName))));
}

/** iPAddress and dNSName are the choices 7 and 2. */
function generalName(name: string): Buffer {
  return isIP(name) === 0 ? tagged(0x82, Buffer.from(name)) : tagged(0x87, addressBytes(name));
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
