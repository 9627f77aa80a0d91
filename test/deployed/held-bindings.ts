import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ApiClient } from '../controlplane/api-client.js';
import { CertificateAuthority } from '../controlplane/certificate.js';

const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const NAME = 'held-bindings';

/** Has the API server wait before it binds pods, until they are let go: an admission webhook that takes its time. */
export class HeldBindings {
  readonly #api: ApiClient;
  readonly #server: Server;
  #waiting: (() => void)[] = [];
  #letGo = false;

  private constructor(api: ApiClient, server: Server) {
    this.#api = api;
    this.#server = server;
  }

  static async start(api: ApiClient): Promise<HeldBindings> {
    const authority = new CertificateAuthority(NAME);
    const { certificate: cert, key } = authority.issue({ commonName: NAME, alternativeNames: ['127.0.0.1'] });
    const server = createServer({ cert, key });
    const held = new HeldBindings(api, server);
    server.on('request', async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      const { uid } = (JSON.parse(body) as { request: { uid: string } }).request;
      await held.#turn();
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ...review, response: { uid, allowed: true } }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await api.create(WEBHOOKS, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: NAME },
      webhooks: [
        {
          name: 'held-bindings.example.com',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Ignore',
          timeoutSeconds: 30,
          rules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods/binding'] },
          ],
          clientConfig: {
            url: `https://127.0.0.1:${port}/`,
            caBundle: Buffer.from(authority.certificate).toString('base64'),
          },
        },
      ],
    });
    return held;
  }

  /** How many bindings the API server holds back now. */
  get count(): number {
    return this.#waiting.length;
  }

  /** From now on nothing is held, and what waited goes on. */
  letGo(): void {
    this.#letGo = true;
    for (const go of this.#waiting) go();
    this.#waiting = [];
  }

  async stop(): Promise<void> {
    this.letGo();
    await this.#api.delete(`${WEBHOOKS}/${NAME}`);
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #turn(): Promise<void> {
    if (this.#letGo) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
