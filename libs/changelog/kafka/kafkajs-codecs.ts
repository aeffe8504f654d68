import { compressionsAlgorithms } from '@platformatic/kafka';
import kafkajs from 'kafkajs';

const { CompressionCodecs, CompressionTypes } = kafkajs;

/** kafkajs reads gzip alone; the other codecs are those of the other client. */
export function readEveryCompression(): void {
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
