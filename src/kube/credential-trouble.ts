import { ApiError } from './api-error.js';

/** The error for credentials that cannot be found or used; `message` names the file and what to do. */
export function refusal(message: string, cause?: unknown): ApiError {
  return new ApiError(message, { failure: 'credentials', cause });
}

/** Why a file could not be read, in words. */
export function fileTrouble(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'EISDIR') return 'it is a directory';
  return firstLine(error);
}

/** The first line of an error, ready to be built into a sentence. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.trim().split('\n')[0] ?? '').replace(/[:;.\s]+$/, '') || 'no reason given';
}
