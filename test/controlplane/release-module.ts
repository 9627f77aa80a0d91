import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** As much of `go mod edit -json` as is read here. */
interface GoMod {
  readonly Go: string;
  readonly GoDebug?: readonly { readonly Key: string; readonly Value: string }[];
  readonly Require: readonly { readonly Path: string; readonly Version: string }[];
}

/**
 * Writes a Go module that builds the programs of a Kubernetes release with exactly the dependencies of that release. Nothing of it has to be
 * kept: the release's own go.mod pins every version, and Go checks what it downloads against the public checksum database.
 */
export async function writeReleaseModule(
  folder: string,
  release: string,
  go: (args: readonly string[]) => Promise<string>,
): Promise<void> {
  const downloaded = JSON.parse(await go(['mod', 'download', '-json', `k8s.io/kubernetes@${release}`]));
  const { GoMod: path } = downloaded as { GoMod: string };
  const of = JSON.parse(await go(['mod', 'edit', '-json', path])) as GoMod;
  // Those that live in Kubernetes' own repository are required there as v0.0.0, and published as v0 of the same minor and patch.
  const own = of.Require.filter(({ Version }) => Version === 'v0.0.0').map(({ Path }) => Path);
  const published = release.replace(/^v1\./, 'v0.');
  await writeFile(
    join(folder, 'go.mod'),
    [
      'module berth.dev/controlplane',
      `go ${of.Go}`,
      // Programs run with the settings of their main module, which is this one.
      ...(of.GoDebug ?? []).map(({ Key, Value }) => `godebug ${Key}=${Value}`),
      `require k8s.io/kubernetes ${release}`,
      ...own.map((name) => `replace ${name} => ${name} ${published}`),
      '',
    ].join('\n'),
  );
}
