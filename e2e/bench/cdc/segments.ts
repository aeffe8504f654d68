import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What a partition holds on the broker's disk. */
export interface PartitionFacts {
  /** Without transaction markers. */
  records: number;
  bytes: number;
  /** Of its batches, as the broker stored them. */
  codecs: string[];
}

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
/** Kafka's batch header (message format 2) up to and with its record count; offset and length come first. */
const HEADER = 61;
const PREAMBLE = 12;
const CONTROL = 0x20;

/** Walks the batch headers of a partition's log from `fromOffset` on. Asked of the disk, so that nobody's client is taken at its word. */
export async function partitionFacts(directory: string, fromOffset: bigint): Promise<PartitionFacts> {
  const codecs = new Set<string>();
  let [records, bytes] = [0, 0];
  for (const name of (await readdir(directory)).filter((file) => file.endsWith('.log'))) {
    await eachBatch(join(directory, name), (header, size) => {
      const attributes = header.readUInt16BE(21);
      if (header.readBigUInt64BE(0) < fromOffset || (attributes & CONTROL) !== 0) return;
      codecs.add(CODECS[attributes & 0x07] ?? 'unknown');
      records += header.readInt32BE(57);
      bytes += size;
    });
  }
  return { records, bytes, codecs: [...codecs] };
}

async function eachBatch(file: string, onBatch: (header: Buffer, size: number) => void): Promise<void> {
  const { size: end } = await stat(file);
  const handle = await open(file);
  try {
    const header = Buffer.alloc(HEADER);
    for (let position = 0; position + HEADER <= end;) {
      await handle.read(header, 0, HEADER, position);
      const size = PREAMBLE + header.readInt32BE(8);
      // A preallocated segment ends in zeros.
      if (size === PREAMBLE || position + size > end) return;
      onBatch(header, size);
      position += size;
    }
  } finally {
    await handle.close();
  }
}
