import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

/** The HTTP API of a Prometheus, as far as instant queries go: answers with a sample for each node, evaluated now. */
export class PrometheusServer {
  /** The text of every query, the first one first. */
  readonly queries: string[] = [];
  /** When the last answer was evaluated, milliseconds since the epoch. */
  answeredAt = 0;
  readonly #port: number;
  readonly #now: () => number;
  #server: Server | undefined;

  /** Listens on no port before {@link start}. */
  constructor(port: number, now: () => number) {
    this.#port = port;
    this.#now = now;
  }

  /** Listens, and answers with these values by node. */
  async start(values: Readonly<Record<string, number>>): Promise<void> {
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://prometheus');
      const query = url.searchParams.get('query');
      response.setHeader('content-type', 'application/json');
      if (url.pathname !== '/api/v1/query' || query === null) {
        response.statusCode = 404;
        response.end('{"status":"error","errorType":"not_found"}');
        return;
      }
      this.queries.push(query);
      this.answeredAt = this.#now();
      const result = Object.entries(values).map(([node, value]) => ({
        metric: { node },
        value: [this.answeredAt / 1_000, String(value)],
      }));
      response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
  }

  /** From now on nobody listens there. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
}
