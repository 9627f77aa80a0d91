import type { ApiTransport } from './transport.js';

/** Where a cluster publishes how servers beside the API server recognise its users. */
export const authenticationConfigMap = {
  namespace: 'kube-system',
  name: 'extension-apiserver-authentication',
} as const;

/**
 * The certificates, as PEM, of those who sign the client certificates of the cluster's users; undefined in a cluster that knows no
 * such users. Rejects with `ApiError` when the ConfigMap cannot be read.
 */
export async function readClientCa(
  transport: ApiTransport,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<string | undefined> {
  const { namespace, name } = authenticationConfigMap;
  const { data } = await transport.request<{ readonly data?: Readonly<Record<string, string>> }>({
    method: 'GET',
    path: `/api/v1/namespaces/${namespace}/configmaps/${name}`,
    ...(signal === undefined ? {} : { signal }),
  });
  return data?.['client-ca-file'] || undefined;
}
