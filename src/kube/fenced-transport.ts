import type { ApiTransport } from './transport.js';
import type { WriteFence } from './write-fence.js';

/** A connection whose writes leave this process only while the fence is open, however long they waited for their turn. */
export function fencedTransport(transport: ApiTransport, fence: WriteFence): ApiTransport {
  return {
    request: (request) => transport.request(request.method === 'GET' ? request : { ...request, fence }),
    stream: (request) => transport.stream(request),
  };
}
