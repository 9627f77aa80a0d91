import type { IncomingMessage, ServerResponse } from 'node:http';
import { statusBody } from './frame-surgery.js';

/** A whole body. */
export async function read(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export function send(
  answer: ServerResponse,
  code: number,
  body: Buffer | string,
  headers: Record<string, string> = {},
): void {
  answer.writeHead(code, { 'content-type': 'application/json', ...headers });
  answer.end(body);
}

/** An error as an API server words it. */
export function refuse(
  answer: ServerResponse,
  code: number,
  reason: string,
  message: string,
  retryAfterSeconds?: number,
): void {
  const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  send(
    answer,
    code,
    JSON.stringify(statusBody(code, reason, message, retryAfterSeconds)),
    headers as Record<string, string>,
  );
}

/** What a load balancer says for itself. */
export function page(answer: ServerResponse, code: number): void {
  send(answer, code, '<html><body><h1>Bad Gateway</h1></body></html>', { 'content-type': 'text/html' });
}
