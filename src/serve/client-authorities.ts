import { X509Certificate } from 'node:crypto';
import type { Logger } from '../observe/logger.js';

export interface ClientAuthoritiesOptions {
  /** Reads them, as PEM; undefined when there are none. */
  readonly read: () => Promise<string | undefined>;
  /** Where they come from, for the log. */
  readonly source: string;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** The authorities that sign the cluster's client certificates, kept up to date. */
export class ClientAuthorities {
  readonly #options: ClientAuthoritiesOptions;
  #current: string | undefined;
  #complaint = '';

  constructor(options: ClientAuthoritiesOptions) {
    this.#options = options;
  }

  /** PEM; undefined while client certificates say nothing. */
  get current(): string | undefined {
    return this.#current;
  }

  /**
   * Reads them for the first time.
   * @throws what reading throws, and `Error` where they cannot be used.
   */
  async load(): Promise<void> {
    const found = await this.#options.read();
    if (found !== undefined) checkCertificates(found);
    this.#current = found;
  }

  /** Reads them again; true when they are others now. Those at hand hold when they cannot be read, which is said once. */
  async refresh(): Promise<boolean> {
    const { source, log } = this.#options;
    const before = this.#current;
    try {
      await this.load();
      this.#complaint = '';
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== this.#complaint)
        log.warn(
          before === undefined
            ? 'client certificates are not accepted: the authorities that sign them cannot be read'
            : 'the authorities that sign client certificates cannot be read again',
          { source, reason },
        );
      this.#complaint = reason;
      return false;
    }
    if (this.#current === before) return false;
    log.info('took up the authorities that sign client certificates', { source });
    return true;
  }
}

const pemCertificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function checkCertificates(pem: string): void {
  const certificates = pem.match(pemCertificate) ?? [];
  if (certificates.length === 0) throw new Error('there is no PEM certificate in it');
  for (const certificate of certificates) new X509Certificate(certificate);
}
