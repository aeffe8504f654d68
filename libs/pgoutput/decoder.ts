import { decode } from './decode.ts';
import type { Message } from './message.ts';

/** Decodes the messages of one replication session in order: it remembers whether a stream segment is open. */
export class PgoutputDecoder {
  #inStream = false;

  /** As `decode`, of the bytes from `start` to `end`. */
  decode(bytes: Buffer, start = 0, end = bytes.length): Message {
    const message = decode(bytes, { start, end, inStream: this.#inStream });
    if (message.type === 'stream-start') this.#inStream = true;
    else if (message.type === 'stream-stop') this.#inStream = false;
    return message;
  }
}
