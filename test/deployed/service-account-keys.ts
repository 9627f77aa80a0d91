import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from '../controlplane/control-plane.js';

/** Exchanges the key that signs the tokens of ServiceAccounts, as an operator does: first both are believed, then the new one alone. */
export class ServiceAccountKeys {
  readonly #plane: ControlPlane;
  #newPublicKey = '';

  constructor(plane: ControlPlane) {
    this.#plane = plane;
  }

  /** New tokens are signed with a new key from now on; those there are stay good. */
  async roll(): Promise<void> {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#newPublicKey = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const before = await readFile(this.#path('service-account.pub'), 'utf8');
    await writeFile(this.#path('service-account.pub'), `${before}${this.#newPublicKey}`);
    await writeFile(
      this.#path('service-account.key'),
      privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    );
    await this.#plane.restartApiServer({ crash: true });
  }

  /** No token that was signed before {@link roll} is good any more. */
  async retireFormer(): Promise<void> {
    await writeFile(this.#path('service-account.pub'), this.#newPublicKey);
    await this.#plane.restartApiServer({ crash: true });
  }

  #path(name: string): string {
    return join(this.#plane.dir, name);
  }
}
