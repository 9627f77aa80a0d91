import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ApiClient } from '../controlplane/api-client.js';
import { CertificateAuthority } from '../controlplane/certificate.js';

const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const NAME = 'held-deletions';
/** Pods with this label are not deleted before they are let go. */
export const HELD = { held: 'yes' } as const;

/** Has the API server wait before it deletes pods with the label {@link HELD}: an admission webhook that takes its time. */
export class HeldDeletions {
  readonly #server: Server;
  readonly #held = new Map<string, (() => void)[]>();
  readonly #letGo = new Set<string>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(api: ApiClient): Promise<HeldDeletions> {
    const authority = new CertificateAuthority(NAME);
    const { certificate: cert, key } = authority.issue({ commonName: NAME, alternativeNames: ['127.0.0.1'] });
    const server = createServer({ cert, key });
    const held = new HeldDeletions(server);
    server.on('request', async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      const { uid, name } = (JSON.parse(body) as { request: { uid: string; name: string } }).request;
      await held.#untilLetGo(name);
      const answer = { uid, allowed: true };
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
      metadata: { name: NAME },
      webhooks: [
        {
          name: 'held-deletions.example.com',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Fail',
          timeoutSeconds: 30,
          objectSelector: { matchLabels: HELD },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['DELETE'], resources: ['pods'] }],
          clientConfig: {
            url: `https://127.0.0.1:${port}/`,
            caBundle: Buffer.from(authority.certificate).toString('base64'),
          },
        },
      ],
    });
    return held;
  }

  /** True while the API server has been asked to delete this pod and waits. */
  isHeld(pod: string): boolean {
    return (this.#held.get(pod)?.length ?? 0) > 0;
  }

  /** From now on this pod may be deleted. */
  letGo(pod: string): void {
    this.#letGo.add(pod);
    for (const go of this.#held.get(pod) ?? []) go();
    this.#held.delete(pod);
  }

  async stop(): Promise<void> {
    for (const pod of [...this.#held.keys()]) this.letGo(pod);
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #untilLetGo(pod: string): Promise<void> {
    if (this.#letGo.has(pod)) return Promise.resolve();
    return new Promise((resolve) => this.#held.set(pod, [...(this.#held.get(pod) ?? []), resolve]));
  }
}
