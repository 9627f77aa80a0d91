import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

const openssl = (...args: string[]): Buffer =>
  execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });

function read(certFile: string, keyFile: string): Certificate {
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8'), certFile, keyFile };
}

/** Makes a certificate authority of its own in `directory`. */
export function makeAuthority(directory: string, name: string): Certificate {
  const [certFile, keyFile] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-keyout',
    keyFile,
    '-out',
    certFile,
  );
  return read(certFile, keyFile);
}

/** Makes a certificate for `subject` that the authority signed; valid for the alternative name, for servers. */
export function issue(
  directory: string,
  authority: Certificate,
  subject: string,
  alternativeName = 'IP:127.0.0.1',
): Certificate {
  const [certFile, keyFile] = [join(directory, `${subject}.crt`), join(directory, `${subject}.key`)];
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${subject}`,
    '-addext',
    'basicConstraints=critical,CA:FALSE',
    '-addext',
    `subjectAltName=${alternativeName}`,
    '-CA',
    authority.certFile,
    '-CAkey',
    authority.keyFile,
    '-keyout',
    keyFile,
    '-out',
    certFile,
  );
  return read(certFile, keyFile);
}
