/** A record for a change topic. */
export interface ChangeRecord {
  topic: string;
  key: Buffer | null;
  /** Null is a tombstone. */
  value: Buffer | null;
  headers: Readonly<Record<string, string>>;
  /** What follows is appended once this is durable. */
  barrier?: true;
}
