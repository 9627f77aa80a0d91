import { X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { type Clock, systemClock } from '../clock.js';
import { BerthError } from '../errors.js';
import type { Logger } from '../observe/logger.js';
import { type KeyPair, selfSignedCertificate } from './self-signed-certificate.js';

/** Where the server's certificate comes from. */
export type CertificateSource =
  /** Given by the user; read again when changed. */
  | { readonly kind: 'files'; readonly certFile: string; readonly keyFile: string }
  /** Made by us and kept there, so that it is the same after a restart. */
  | { readonly kind: 'folder'; readonly folder: string }
  /** Made by us at every start. */
  | { readonly kind: 'memory' };

export interface ServingCertificateOptions {
  readonly source: CertificateSource;
  /** DNS names and addresses that a certificate of our making is good for. */
  readonly names: readonly string[];
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly clock?: Clock;
}

/** A certificate of our making is replaced when it is good for less than this. */
const renewBeforeMs = 30 * 86_400_000;

/** The server's certificate and key, kept up to date. */
export class ServingCertificate {
  readonly #options: ServingCertificateOptions;
  readonly #clock: Clock;
  #current: KeyPair;
  /** What was complained about last, so that it is said once. */
  #complaint = '';

  private constructor(options: ServingCertificateOptions, clock: Clock, pair: KeyPair) {
    this.#options = options;
    this.#clock = clock;
    this.#current = pair;
  }

  /** Reads or makes the certificate. Rejects with `BERTH_E_OPTIONS_INVALID` when the one that is given cannot be used. */
  static async load(options: ServingCertificateOptions): Promise<ServingCertificate> {
    const { source, clock = systemClock } = options;
    if (source.kind !== 'files') return new ServingCertificate(options, clock, await made(options, clock));
    const pair = await readPair(source).catch((error: Error) => {
      const problem = `--tls-cert-file: ${error.message}`;
      throw new BerthError('BERTH_E_OPTIONS_INVALID', { problem }, { cause: error });
    });
    return new ServingCertificate(options, clock, pair);
  }

  get current(): KeyPair {
    return this.#current;
  }

  /** Milliseconds since the epoch. */
  get expiresAt(): number {
    return expiryOf(this.#current);
  }

  /** Takes up a changed certificate; true when there is another one now. What cannot be used leaves the one at hand in place. */
  async refresh(): Promise<boolean> {
    const { source, log } = this.#options;
    let pair: KeyPair;
    try {
      pair = await this.#newest();
      this.#complaint = '';
    } catch (error) {
      const reason = (error as Error).message;
      if (reason !== this.#complaint) log.warn('the changed certificate cannot be used', { reason });
      this.#complaint = reason;
      return false;
    }
    if (pair.cert === this.#current.cert && pair.key === this.#current.key) return false;
    this.#current = pair;
    log.info('took up another certificate', {
      source: source.kind,
      expires: new Date(expiryOf(pair)).toISOString(),
    });
    return true;
  }

  async #newest(): Promise<KeyPair> {
    const { source } = this.#options;
    if (source.kind === 'files') return readPair(source);
    if (this.expiresAt - this.#clock.now() > renewBeforeMs) return this.#current;
    return made(this.#options, this.#clock);
  }
}

/** The certificate that lies in the folder, while it is good; otherwise a new one. */
async function made({ source, names, log }: ServingCertificateOptions, clock: Clock): Promise<KeyPair> {
  if (source.kind !== 'folder') return selfSignedCertificate({ names, now: clock.now() });
  const files = { certFile: join(source.folder, 'berth.crt'), keyFile: join(source.folder, 'berth.key') };
  const kept = await readPair(files).catch(() => undefined);
  if (kept !== undefined && expiryOf(kept) - clock.now() > renewBeforeMs) return kept;
  const pair = selfSignedCertificate({ names, now: clock.now() });
  try {
    await mkdir(source.folder, { recursive: true, mode: 0o700 });
    await replaceFile(files.keyFile, pair.key, 0o600);
    await replaceFile(files.certFile, pair.cert, 0o644);
  } catch (error) {
    log.warn('the certificate cannot be kept and lasts until the program ends', {
      reason: (error as Error).message,
    });
  }
  return pair;
}

async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, content, { mode });
  // The mode above is what is left of it by the umask.
  await chmod(draft, mode);
  await rename(draft, path);
}

/** Reads both files and tries whether they belong together. */
async function readPair(files: { readonly certFile: string; readonly keyFile: string }): Promise<KeyPair> {
  const [cert, key] = await Promise.all([readFile(files.certFile, 'utf8'), readFile(files.keyFile, 'utf8')]);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(
      `${files.certFile} and ${files.keyFile} are not a certificate and its key, both PEM: ${reason}`,
      { cause: error },
    );
  }
  return { cert, key };
}

function expiryOf({ cert }: KeyPair): number {
  return Date.parse(new X509Certificate(cert).validTo);
}
