import { POSTGRES_EPOCH } from './decode.ts';
import type { Message, OldTuple } from './message.ts';
import { Tuple, type TupleValue, VALUE } from './tuple.ts';

/** The decoder's inverse, for tests alone: writes a message as the server would. In-stream messages carry their `streamXid`. */
export function encode(message: Message): Buffer {
  const writer = new ByteWriter();
  switch (message.type) {
    case 'begin':
      return writer.tag('B').lsn(message.commitLsn).time(message.commitTime).uint32(message.xid).done();
    case 'commit':
      return writer.tag('C').uint8(message.flags).lsn(message.commitLsn).lsn(message.endLsn).time(message.commitTime).done();
    case 'origin':
      return writer.tag('O').lsn(message.commitLsn).string(message.name).done();
    case 'type':
      return writer.tag('Y').xid(message.streamXid).uint32(message.oid).string(message.schema).string(message.name).done();
    case 'insert':
      return writer.tag('I').xid(message.streamXid).uint32(message.relationOid).text('N').tuple(message.new).done();
    case 'update':
      return writer.tag('U').xid(message.streamXid).uint32(message.relationOid).old(message.old).text('N').tuple(message.new).done();
    case 'delete':
      return writer.tag('D').xid(message.streamXid).uint32(message.relationOid).old(message.old).done();
    case 'stream-start':
      return writer.tag('S').uint32(message.xid).uint8(Number(message.first)).done();
    case 'stream-stop':
      return writer.tag('E').done();
    case 'stream-abort':
      return writer.tag('A').uint32(message.xid).uint32(message.subXid).done();
    case 'stream-commit':
      return writer.tag('c').uint32(message.xid).uint8(message.flags).lsn(message.commitLsn).lsn(message.endLsn).time(message.commitTime).done();
    default:
      return encodeLists(writer, message);
  }
}

function encodeLists(writer: ByteWriter, message: Extract<Message, { type: 'relation' | 'truncate' | 'message' }>): Buffer {
  if (message.type === 'relation') {
    const identity = { default: 'd', nothing: 'n', full: 'f', index: 'i' }[message.replicaIdentity];
    writer.tag('R').xid(message.streamXid).uint32(message.oid).string(message.schema).string(message.name).text(identity).uint16(message.columns.length);
    for (const column of message.columns) writer.uint8(Number(column.key)).string(column.name).uint32(column.typeOid).int32(column.typeModifier);
    return writer.done();
  }
  if (message.type === 'truncate') {
    const options = Number(message.cascade) | (Number(message.restartIdentity) << 1);
    writer.tag('T').xid(message.streamXid).uint32(message.relationOids.length).uint8(options);
    for (const oid of message.relationOids) writer.uint32(oid);
    return writer.done();
  }
  writer.tag('M').xid(message.streamXid).uint8(Number(message.transactional)).lsn(message.lsn).string(message.prefix);
  return writer.int32(message.content.length).bytes(message.content).done();
}

/** A tuple of these values, in a buffer of its own. */
export function tupleOf(values: readonly TupleValue[]): Tuple {
  const bytes = Buffer.concat(values.map((value) => ('bytes' in value ? value.bytes : Buffer.alloc(0))));
  let end = 0;
  const places = values.flatMap((value) => {
    const start = end;
    end += 'bytes' in value ? value.bytes.length : 0;
    return [VALUE[value.kind], start, end];
  });
  return new Tuple(bytes, values.length, Int32Array.from(places), 0);
}

/** The message with its tuples as plain values, for comparing. */
export function plain(message: Message): unknown {
  return Object.fromEntries(Object.entries(message).map(([name, value]: [string, unknown]) => [name, plainValue(value)]));
}

function plainValue(value: unknown): unknown {
  if (value instanceof Tuple) return value.values();
  const old = value as OldTuple | null;
  return typeof old === 'object' && old !== null && 'tuple' in old ? { ...old, tuple: old.tuple.values() } : value;
}

class ByteWriter {
  readonly #parts: Buffer[] = [];

  done(): Buffer {
    return Buffer.concat(this.#parts);
  }

  bytes(bytes: Buffer): this {
    this.#parts.push(bytes);
    return this;
  }

  text(text: string): this {
    return this.bytes(Buffer.from(text));
  }

  tag(tag: string): this {
    return this.text(tag);
  }

  string(text: string): this {
    return this.text(`${text}\0`);
  }

  uint8(value: number): this {
    return this.bytes(Buffer.from([value]));
  }

  uint16(value: number): this {
    const buffer = Buffer.alloc(2);
    buffer.writeUInt16BE(value);
    return this.bytes(buffer);
  }

  uint32(value: number): this {
    const buffer = Buffer.alloc(4);
    buffer.writeUInt32BE(value);
    return this.bytes(buffer);
  }

  int32(value: number): this {
    const buffer = Buffer.alloc(4);
    buffer.writeInt32BE(value);
    return this.bytes(buffer);
  }

  xid(value: number | null): this {
    return value === null ? this : this.uint32(value);
  }

  lsn(value: bigint): this {
    const buffer = Buffer.alloc(8);
    buffer.writeBigUInt64BE(value);
    return this.bytes(buffer);
  }

  time(value: bigint): this {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64BE(value - POSTGRES_EPOCH);
    return this.bytes(buffer);
  }

  old(old: OldTuple | null): this {
    return old === null ? this : this.text(old.kind === 'key' ? 'K' : 'O').tuple(old.tuple);
  }

  tuple(tuple: Tuple): this {
    this.uint16(tuple.length);
    for (const value of tuple.values()) this.#value(value);
    return this;
  }

  #value(value: TupleValue): void {
    if (value.kind === 'null') this.text('n');
    else if (value.kind === 'unchanged') this.text('u');
    else
      this.text(value.kind === 'text' ? 't' : 'b')
        .int32(value.bytes.length)
        .bytes(value.bytes);
  }
}
