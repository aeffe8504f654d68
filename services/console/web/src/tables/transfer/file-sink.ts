/** Where a file is gathered that the person will save. */
export interface FileSink {
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /** All of it, still on disk where the browser could put it there. */
  finish(): Promise<Blob>;
  abandon(): Promise<void>;
}

const FOLDER = 'lakeloop-exports';

/**
 * A file of this site's own on disk (the origin private file system), so that a table of any size passes through the page without being held by it. Browsers
 * without one, and pages that are not secure, gather the parts in memory. What earlier exports left behind goes.
 */
export async function openSink(name: string): Promise<FileSink> {
  // Undefined on pages that are not secure, whatever the types say.
  const storage = navigator.storage as StorageManager | undefined;
  if (typeof storage?.getDirectory !== 'function') return memorySink();
  try {
    const root = await storage.getDirectory();
    await root.removeEntry(FOLDER, { recursive: true }).catch(() => undefined);
    const folder = await root.getDirectoryHandle(FOLDER, { create: true });
    return await diskSink(await folder.getFileHandle(name.replaceAll(/[^\w.-]/g, '_'), { create: true }));
  } catch {
    // Private windows have none.
    return memorySink();
  }
}

async function diskSink(handle: FileSystemFileHandle): Promise<FileSink> {
  const writable = await handle.createWritable();
  return {
    write: (chunk) => writable.write(chunk),
    finish: async () => {
      await writable.close();
      return handle.getFile();
    },
    abandon: () => writable.abort().catch(() => undefined),
  };
}

function memorySink(): FileSink {
  let parts: Uint8Array<ArrayBuffer>[] = [];
  return {
    write: (chunk) => {
      parts.push(chunk);
      return Promise.resolve();
    },
    finish: () => Promise.resolve(new Blob(parts)),
    abandon: () => {
      parts = [];
      return Promise.resolve();
    },
  };
}
