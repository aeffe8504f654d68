import { type JsonValue, parseJson } from '#contracts/topics/json';
import type { ChangeSource } from '#contracts/topics/change-event';
import type { connectKafkaLog } from '#libs/testing/kafka-log';

/** A record of a change topic, read. */
export interface Captured {
  key: JsonValue;
  /** Null is a tombstone. */
  value: Envelope | null;
  headers: Readonly<Record<string, string>>;
}

export interface Envelope {
  op: string;
  before: Record<string, JsonValue> | null;
  after: Record<string, JsonValue> | null;
  source: ChangeSource;
  transaction: JsonValue;
}

type Log = ReturnType<typeof connectKafkaLog>;

/** What the topics of a prefix hold, by the rest of their names; `leftOut` and topics of the capture's own (`<prefix>.__…`) not among them. */
export async function capturedBy(log: Log, prefix: string, leftOut: string): Promise<Map<string, Captured[]>> {
  const topics = (await log.topics(`${prefix}.`)).filter((topic) => !topic.startsWith(`${prefix}.__`) && topic !== `${prefix}.${leftOut}`);
  const captured = new Map<string, Captured[]>();
  for (const topic of topics) {
    const records: Captured[] = [];
    for await (const { key, value, headers } of log.read(topic, 0, 0n)) {
      records.push({
        key: key === null ? null : parseJson(key.toString()),
        value: value === null ? null : (parseJson(value.toString()) as unknown as Envelope),
        headers,
      });
    }
    // A topic that was made and not written to holds nothing to compare.
    if (records.length > 0) captured.set(topic.slice(prefix.length + 1), records);
  }
  return captured;
}
