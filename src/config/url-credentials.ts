/** Stands in the place of secrets wherever configuration is shown. */
export const omitted = 'DATA+OMITTED';

/**
 * A URL as it may be shown: `https://name:password@host/` → `https://host/`. Of a text that is no URL, because of a password with a `/`
 * or `#` in it for example, everything up to the last `@` is taken for credentials.
 * @param instead what stands in their place: to be seen that there are some
 */
export function withoutCredentials(url: string, instead = ''): string {
  const authority = URL.canParse(url) ? /\/\/[^/?#]*@/ : /\/\/.*@/s;
  return url.replace(authority, () => (instead === '' ? '//' : `//${instead}@`));
}
