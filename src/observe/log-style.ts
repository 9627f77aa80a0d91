/** How log lines are written: `auto` is text on a terminal, else JSON. */
export type LogFormat = 'auto' | 'json' | 'text';

export const logFormats: readonly LogFormat[] = ['auto', 'json', 'text'];

/** NO_COLOR (no-color.org) and dumb terminals get plain text. */
export function allowsColor(env: Readonly<Record<string, string | undefined>>): boolean {
  return (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}
