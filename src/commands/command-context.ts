/** What every command is handed besides its options. */
export interface CommandContext {
  /** Fires on the first SIGTERM or SIGINT: finish what is under way and return. */
  readonly signal: AbortSignal;
  /** Calls `listener` on each SIGHUP: read the configuration again. Returns what ends that. */
  readonly onHangup?: (listener: () => void) => () => void;
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
}
