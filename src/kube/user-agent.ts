/** Set by the bundler to the version in package.json; absent when the sources run unbundled. */
declare const BERTH_VERSION: string | undefined;

/** The program's version, or `dev` when it does not run from the bundle. */
export const berthVersion: string = typeof BERTH_VERSION === 'string' ? BERTH_VERSION : 'dev';

/** Names the program to the API server, for example `berth/0.1.0 (linux/x64) leader-election`. */
export function userAgent(suffix = ''): string {
  const base = `berth/${berthVersion} (${process.platform}/${process.arch})`;
  return suffix === '' ? base : `${base} ${suffix}`;
}
