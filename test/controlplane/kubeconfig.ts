/** What a kubeconfig of one cluster and one user is made from. */
export interface KubeconfigContent {
  readonly server: string;
  /** PEM of the certificate authority. */
  readonly certificateAuthority: string;
  readonly user: { readonly token: string } | { readonly certificate: string; readonly key: string };
  readonly namespace?: string;
}

/** The text of a kubeconfig, self-contained: it names no other file. (JSON, which is YAML too.) */
export function kubeconfig(content: KubeconfigContent): string {
  const { user } = content;
  const credentials =
    'token' in user
      ? { token: user.token }
      : { 'client-certificate-data': base64(user.certificate), 'client-key-data': base64(user.key) };
  return JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'controlplane',
          cluster: {
            server: content.server,
            'certificate-authority-data': base64(content.certificateAuthority),
          },
        },
      ],
      users: [{ name: 'user', user: credentials }],
      contexts: [
        {
          name: 'controlplane',
          context: {
            cluster: 'controlplane',
            user: 'user',
            ...(content.namespace === undefined ? {} : { namespace: content.namespace }),
          },
        },
      ],
      'current-context': 'controlplane',
    },
    null,
    2,
  );
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
