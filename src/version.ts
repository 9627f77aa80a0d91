/** Replaced by the bundler (scripts/build.mjs); absent when the sources run unbundled, as in unit tests. */
declare const BERTH_VERSION: string | undefined;

/** Berth's own version, as in package.json. */
export const version: string = typeof BERTH_VERSION === 'string' ? BERTH_VERSION : '0.0.0-dev';

/** The Kubernetes release whose scheduling behaviour this version follows. */
export const kubernetesVersion = 'v1.37.1';

/** The Kubernetes releases that the end-to-end tests are run on, one for each minor, the oldest first. docs/compatibility.md says how. */
export const triedKubernetes: readonly string[] = ['v1.34.4', 'v1.35.8', 'v1.36.4', kubernetesVersion];
