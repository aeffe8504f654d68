import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

/** Status of what Node's parser refuses before there is a request, by its error; all else is 400. */
const STATUS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** Answers it as a problem, as everything else, and ends the connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = STATUS[error.code ?? ''] ?? 400;
  const title = STATUS_CODES[status] ?? '';
  const problem = JSON.stringify({ type: 'about:blank', title, status });
  const head = [`HTTP/1.1 ${status} ${title}`, 'Content-Type: application/problem+json', `Content-Length: ${Buffer.byteLength(problem)}`, 'Connection: close'];
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${problem}`);
  socket.destroy(error);
}

/** The same for an address that the router takes for none: badly encoded, or a part of it too long. */
export function answerRouterError({ statusCode: status = 400, message: detail }: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  // The message repeats the address.
  const problem = { type: 'about:blank', title: STATUS_CODES[status] ?? '', status, detail: detail.slice(0, 200) };
  void reply.status(status).type('application/problem+json').send(JSON.stringify(problem));
}
