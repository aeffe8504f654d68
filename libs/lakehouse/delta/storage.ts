/**
 * Where tables' files lie. Port; adapters in `local/` (a directory) and `s3/` (a bucket of an S3 server).
 *
 * Contract:
 * - A path is what `path` made of names, or what `resolve` made of a data file's name in a log. Only these come in.
 * - A file is there whole or not at all, and once a call resolves it survives a crash of the machine (`write`: after `settle`).
 * - `putIfAbsent` lets exactly one of any number of callers, in any processes, create a file.
 * - A disk or account that is full: `storage-full`. One that does not answer: `dependency-unavailable`. One that forbids it: `misconfigured`.
 */
export abstract class DeltaStorage {
  /** Directory on this machine below which `open` shows files: all that a query may read. */
  abstract readonly readable: string;
  abstract path(...names: readonly string[]): string;
  /** The path of a data file that a table's log names (percent-decoded). Throws `unsupported` where it lies outside of what this storage reaches. */
  abstract resolve(tableDirectory: string, name: string): string;
  /** Undefined when there is no such file. */
  abstract read(path: string): Promise<StoredText | undefined>;
  abstract exists(path: string): Promise<boolean>;
  /** Names of files and directories in a directory; none when it is not there. */
  abstract list(directory: string): Promise<string[]>;
  /** Every file below a directory, relative to it. */
  abstract files(directory: string): Promise<StoredFile[]>;
  /** Creates a file with its whole content, or does nothing because it is there: false. */
  abstract putIfAbsent(path: string, content: string, modifiedMs: number): Promise<boolean>;
  /** Replaces a file in one step. */
  abstract put(path: string, content: string): Promise<void>;
  /** Has `produce` write a file at a place of this machine and takes it; nothing when it answers false. Answers the size, bytes. */
  abstract write(path: string, produce: (place: string) => Promise<boolean>): Promise<number | undefined>;
  /** After `write`s into a directory: they are durable. */
  abstract settle(directory: string): Promise<void>;
  /** Files that never change, as files of this machine, until released. */
  abstract open(paths: readonly string[]): Promise<OpenFiles>;
  /** Files that are not there are no error. */
  abstract delete(paths: readonly string[]): Promise<void>;
  /** Removes a table. Meanwhile it is there, gone or refused, never read wrongly. */
  abstract dropTable(tableDirectory: string): Promise<void>;
  /** What killed processes left here. */
  abstract tidy(): Promise<void>;
  abstract ping(): Promise<void>;
  abstract close(): Promise<void>;
}

export interface StoredText {
  text: string;
  modifiedMs: number;
}

export interface StoredFile {
  path: string;
  modifiedMs: number;
}

export interface OpenFiles {
  /** The file of this machine for one of the paths. */
  place(path: string): string;
  release(): void;
}
