import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { ExtenderConfiguration } from '../config/scheduler-configuration.js';
import type { TlsMaterial } from '../kube/http/tls-material.js';

type Part = 'cert' | 'key' | 'ca';

/**
 * What TLS needs to talk to an extender, with kube-scheduler's rules: data goes before a file, and `enableHTTPS` without a CA means that
 * nobody checks who the extender is. Files are read once. Throws on what cannot be used, with a message that names the field.
 */
export function extenderTls(
  { tlsConfig = {}, enableHTTPS }: Pick<ExtenderConfiguration, 'tlsConfig' | 'enableHTTPS'>,
  readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): TlsMaterial {
  const read = (part: Part): string | undefined => {
    const data = tlsConfig[`${part}Data`];
    if (data) return Buffer.from(data, 'base64').toString('utf8');
    const file = tlsConfig[`${part}File`];
    if (!file) return undefined;
    try {
      return readFile(file);
    } catch (error) {
      throw new Error(`${part}File: ${(error as Error).message}`);
    }
  };
  const [ca, cert, key] = [read('ca'), read('cert'), read('key')];
  if (ca !== undefined && tlsConfig.insecure)
    throw new Error('specifying a root certificates file with the insecure flag is not allowed');
  if ((cert === undefined) !== (key === undefined))
    throw new Error('a certificate and its key belong together, and one of them is missing');
  const unverified = tlsConfig.insecure || (enableHTTPS && ca === undefined);
  const material = {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(tlsConfig.serverName && { servername: tlsConfig.serverName }),
    ...(unverified && { rejectUnauthorized: false }),
  };
  // Found here, where its origin is known, and not in the middle of a handshake.
  try {
    createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(`the certificates or the key cannot be used, are they PEM? ${reason}`, { cause: error });
  }
  return material;
}
