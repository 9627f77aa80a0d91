import { ApiError } from '../kube/api-error.js';

/** Whatever a call threw, as the error that calls to the API server are documented to throw. */
export function asApiError(thrown: unknown): ApiError {
  return thrown instanceof ApiError
    ? thrown
    : new ApiError(String(thrown), { failure: 'malformed', cause: thrown });
}
