/** The system's or the library's code of a failed connection, from wherever in the chain of causes it is; '' for none. */
export function connectionCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  // The library's own code only says that there is a cause.
  if (typeof code === 'string' && code !== 'UND_ERR_SOCKET') return code;
  return connectionCode(cause) || (typeof code === 'string' ? code : '');
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
