import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ApiClient } from '../controlplane/api-client.js';
import { CertificateAuthority } from '../controlplane/certificate.js';

const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

/** What the API server asks about. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly name: string;
}

export interface AdmissionWebhookOptions {
  readonly name: string;
  /** Which requests of which pods, as `rules` and `objectSelector` of a webhook say it. */
  readonly operations: readonly string[];
  readonly resources: readonly string[];
  readonly objectSelector?: object;
  /** What becomes of a request while nobody answers. */
  readonly failurePolicy: 'Fail' | 'Ignore';
  /** The request is admitted when this resolves. */
  readonly admit: (request: AdmissionRequest) => Promise<void>;
}

/** Is asked by the API server before it does something, and takes its time. */
export class AdmissionWebhook {
  readonly #api: ApiClient;
  readonly #server: Server;
  readonly #name: string;

  private constructor(api: ApiClient, server: Server, name: string) {
    this.#api = api;
    this.#server = server;
    this.#name = name;
  }

  static async start(api: ApiClient, options: AdmissionWebhookOptions): Promise<AdmissionWebhook> {
    const { name, operations, resources, objectSelector, failurePolicy, admit } = options;
    const authority = new CertificateAuthority(name);
    const { certificate: cert, key } = authority.issue({ commonName: name, alternativeNames: ['127.0.0.1'] });
    const server = createServer({ cert, key });
    server.on('request', async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      const asked = (JSON.parse(body) as { request: AdmissionRequest }).request;
      await admit(asked);
      const answer = { uid: asked.uid, allowed: true };
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }),
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await api.create(WEBHOOKS, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name },
      webhooks: [
        {
          name: `${name}.example.com`,
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy,
          timeoutSeconds: 30,
          ...(objectSelector === undefined ? {} : { objectSelector }),
          rules: [{ apiGroups: [''], apiVersions: ['v1'], operations, resources }],
          clientConfig: {
            url: `https://127.0.0.1:${port}/`,
            caBundle: Buffer.from(authority.certificate).toString('base64'),
          },
        },
      ],
    });
    return new AdmissionWebhook(api, server, name);
  }

  /** The API server asks no more. */
  async stop(): Promise<void> {
    await this.#api.delete(`${WEBHOOKS}/${this.#name}`);
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
