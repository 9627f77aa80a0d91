import { run } from '../controlplane/go.js';

/** An image in a file, as `buildah push … oci-archive:` writes it. */
export interface ImageArchive {
  /** As pods name it, with its registry and tag: `docker.io/library/berth:dev`. */
  readonly name: string;
  readonly path: string;
}

interface Descriptor {
  readonly digest: string;
}

/** Bytes of the image's layers as they lie on a node's disk. */
export async function unpackedSize({ path }: ImageArchive): Promise<number> {
  const shell = (script: string, ...args: string[]) =>
    run('sh', ['-ec', script, 'archive', path, ...args], { cwd: '/', env: process.env });
  const blob = ({ digest }: Descriptor) => `blobs/${digest.replace(':', '/')}`;
  const index = JSON.parse(await shell('tar -xOf "$1" index.json')) as { manifests: [Descriptor] };
  const manifest = JSON.parse(await shell('tar -xOf "$1" "$2"', blob(index.manifests[0]))) as {
    layers: readonly Descriptor[];
  };
  const sizes = manifest.layers.map((layer) =>
    shell('tar -xOf "$1" "$2" | gzip -dc | wc -c', blob(layer)).then(Number),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
