import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { FileStorage } from './file-storage.ts';

const MIB = 1024 * 1024;

/** What every storage of files does. */
export function fileStorageConformance(name: string, open: () => Promise<FileStorage>): void {
  describe(`files ${name}`, () => {
    let storage: FileStorage;
    beforeAll(async () => {
      storage = await open();
    });
    afterAll(() => storage?.close());

    const written = async (bytes: Buffer): Promise<string> => {
      const id = randomUUID();
      await storage.write(id, Readable.from(bytes.length === 0 ? [] : [bytes], { objectMode: false }));
      return id;
    };

    it('gives back what it took, of any size', async () => {
      for (const size of [0, 1, 70_000, 17 * MIB]) {
        const bytes = randomBytes(size);
        const id = await written(bytes);
        expect(await storage.size(id)).toBe(size);
        const found = await storage.open(id);
        expect(found?.size).toBe(size);
        expect((await buffer(found?.body as Readable)).equals(bytes)).toBe(true);
      }
    });

    it('gives a part, and says how large the whole is', async () => {
      const id = await written(Buffer.from('0123456789'));
      for (const [first, last, text] of [
        [0, 0, '0'],
        [3, 5, '345'],
        [9, 9, '9'],
        [0, 9, '0123456789'],
      ] as const) {
        const found = await storage.open(id, { first, last });
        expect([found?.size, String(await buffer(found?.body as Readable))]).toEqual([10, text]);
      }
    });

    it('knows nothing of what is not there', async () => {
      const id = randomUUID();
      expect([await storage.open(id), await storage.size(id)]).toEqual([undefined, undefined]);
      await storage.remove(id);
    });

    it('removes for good, and again', async () => {
      const id = await written(Buffer.from('x'));
      await storage.remove(id);
      await storage.remove(id);
      expect([await storage.open(id), await storage.size(id)]).toEqual([undefined, undefined]);
    });

    it('has no file of what was cut off, small or large, and fails with what ended it', async () => {
      for (const size of [10, 20 * MIB]) {
        const id = randomUUID();
        const reason = new Error('hung up');
        const half = async function* (): AsyncGenerator<Buffer> {
          for (let sent = 0; sent < size; sent += MIB) yield randomBytes(Math.min(MIB, size - sent));
          await Promise.reject(reason);
        };
        await expect(storage.write(id, Readable.from(half(), { objectMode: false }))).rejects.toBe(reason);
        expect([await storage.open(id), await storage.size(id)]).toEqual([undefined, undefined]);
        await storage.remove(id);
      }
    });

    it('keeps files apart that come at once', async () => {
      const all = await Promise.all(
        Array.from({ length: 6 }, async () => {
          const bytes = randomBytes(300_000);
          return { bytes, id: await written(bytes) };
        }),
      );
      for (const { id, bytes } of all) expect((await buffer((await storage.open(id))?.body as Readable)).equals(bytes)).toBe(true);
    });

    it('is left by who stops reading', async () => {
      const id = await written(randomBytes(5 * MIB));
      const found = await storage.open(id);
      found?.body.destroy();
      expect(await storage.size(id)).toBe(5 * MIB);
    });
  });
}
