/** Replaced by the bundler (scripts/build.mjs); absent when the sources run unbundled, as in unit tests. */
declare const BERTH_VERSION: string | undefined;

/** Berth's own version, as in package.json. */
export const version: string = typeof BERTH_VERSION === 'string' ? BERTH_VERSION : '0.0.0-dev';

/** The Kubernetes release whose scheduling behaviour this version follows. */
export const kubernetesVersion = 'v1.37.1';
