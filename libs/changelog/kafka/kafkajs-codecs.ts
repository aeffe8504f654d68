import type kafkajs from 'kafkajs';
import { compressionsAlgorithms } from './protocol.ts';

/** kafkajs reads gzip alone; the other codecs are those of the other client. */
export function readEveryCompression({ CompressionCodecs, CompressionTypes }: typeof kafkajs): void {
  for (const [type, name] of [
    [CompressionTypes.Snappy, 'snappy'],
    [CompressionTypes.LZ4, 'lz4'],
    [CompressionTypes.ZSTD, 'zstd'],
  ] as const) {
    const { compressSync, decompressSync } = compressionsAlgorithms[name];
    CompressionCodecs[type] = () => ({
      compress: async (encoder: { buffer: Buffer }) => compressSync(encoder.buffer),
      decompress: async (bytes: Buffer) => decompressSync(bytes),
    });
  }
}
