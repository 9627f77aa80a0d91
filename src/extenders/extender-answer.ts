/** How an extender's answer did not help, as the `result` label of its metric says it. */
export type ExtenderTrouble =
  /** It said itself that it failed, or what it said cannot be. */
  | 'error'
  /** Another status than 200. */
  | 'status'
  | 'timeout'
  /** No connection, or one that broke. */
  | 'connection'
  /** Not the JSON that was expected, or more of it than is bearable. */
  | 'malformed';

export interface ExtenderFailure {
  readonly kind: 'failed';
  readonly trouble: ExtenderTrouble;
  /** One line, in kube-scheduler's words where it has some. */
  readonly message: string;
  /** True once the request was being written: the extender may have acted on it. */
  readonly sent: boolean;
}

/** What came of asking an extender. */
export type ExtenderAnswer<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | ExtenderFailure
  /** Nobody wants to know any more: the program is ending. */
  | { readonly kind: 'aborted' };

/** The longest text that is passed on from outside. */
const longestMessage = 1_024;

/** An answer that says no, or says what cannot be. */
export function refused(message: string): ExtenderFailure {
  const text = message.length <= longestMessage ? message : `${message.slice(0, longestMessage - 4)} ...`;
  return { kind: 'failed', trouble: 'error', message: text, sent: true };
}
