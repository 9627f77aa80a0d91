/** The code of a failed connection, the system's or our own, from wherever in the chain of causes it is; '' for none. */
export function connectionCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return typeof code === 'string' ? code : connectionCode(cause);
}

/** What went wrong with a connection, in one line. */
export function connectionText(error: unknown): string {
  const { message, name } = (error ?? {}) as { message?: unknown; name?: unknown };
  // A name that stands for several addresses fails with an error that has no words of its own.
  const text = [message, connectionCode(error), name].find((part) => typeof part === 'string' && part !== '');
  return String(text ?? error)
    .replace(/\s+/g, ' ')
    .trim();
}
