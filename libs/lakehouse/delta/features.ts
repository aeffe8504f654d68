import { Failure } from '#libs/failure/failure';
import type { LakeColumn } from '../lake-type.ts';
import type { Protocol } from './actions.ts';
import { fieldMetadataKeys } from './schema.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Which tables may be read and written here (Delta protocol, "Table Features" and "Requirements for Readers/Writers"). Features in use that are not built
 * are refused by name; a legacy version that only makes a feature possible is fine.
 */
const READ = new Set(['timestampNtz']);
const WRITTEN = new Set(['timestampNtz', 'appendOnly', 'invariants']);
/** Field metadata → the feature it stands for. */
const FIELD_FEATURES: Readonly<Record<string, string>> = {
  'delta.invariants': 'invariants',
  'delta.generationExpression': 'generatedColumns',
  'delta.identity.start': 'identityColumns',
  CURRENT_DEFAULT: 'allowColumnDefaults',
};

/** The least protocol that these columns need. */
export function protocolFor(columns: readonly LakeColumn[]): Protocol {
  if (!columns.some(({ type }) => type === 'timestamp_ntz')) return { minReaderVersion: 1, minWriterVersion: 2 };
  return { minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ['timestampNtz'], writerFeatures: ['timestampNtz'] };
}

/** Throws `unsupported`, naming the feature, when the table can't be read rightly. */
export function checkReadable(table: string, { protocol, metaData, files }: Snapshot): void {
  if (protocol.minReaderVersion > 3) refuse(table, `reader version ${protocol.minReaderVersion}`, 'read');
  for (const feature of protocol.minReaderVersion === 3 ? (protocol.readerFeatures ?? []) : []) {
    if (READ.has(feature) || (feature === 'deletionVectors' && !anyVector(files)) || (feature === 'columnMapping' && !mapped(metaData.configuration))) continue;
    refuse(table, feature, 'read');
  }
  if (mapped(metaData.configuration)) refuse(table, 'columnMapping', 'read');
  if (anyVector(files)) refuse(table, 'deletionVectors', 'read');
  if (metaData.format.provider !== 'parquet') refuse(table, `format ${metaData.format.provider}`, 'read');
}

/** Throws `unsupported`, naming the feature, when writing could break the table for others. `removes`: the write takes rows away. */
export function checkWritable(table: string, snapshot: Snapshot, removes: boolean): void {
  checkReadable(table, snapshot);
  const { protocol, metaData } = snapshot;
  if (protocol.minWriterVersion > 7) refuse(table, `writer version ${protocol.minWriterVersion}`, 'write');
  const unknown = protocol.minWriterVersion === 7 ? (protocol.writerFeatures ?? []).filter((feature) => !WRITTEN.has(feature)) : [];
  if (unknown.length > 0) refuse(table, unknown.join(', '), 'write');
  for (const key of fieldMetadataKeys(metaData.schemaString)) {
    const feature = FIELD_FEATURES[key];
    if (feature) refuse(table, feature, 'write');
  }
  for (const key of Object.keys(metaData.configuration)) if (key.startsWith('delta.constraints.')) refuse(table, 'checkConstraints', 'write');
  if (!removes) return;
  if (metaData.configuration['delta.enableChangeDataFeed'] === 'true') refuse(table, 'changeDataFeed', 'write');
  if (metaData.configuration['delta.appendOnly'] === 'true') throw new Failure('invalid-input', `${table} is append-only (delta.appendOnly)`);
}

function anyVector(files: Snapshot['files']): boolean {
  for (const { deletionVector } of files.values()) if (deletionVector) return true;
  return false;
}

function mapped(configuration: Readonly<Record<string, string>>): boolean {
  return (configuration['delta.columnMapping.mode'] ?? 'none') !== 'none';
}

function refuse(table: string, feature: string, verb: string): never {
  throw new Failure('unsupported', `${table} uses ${feature}, which is not built here: it can not be ${verb === 'read' ? 'read' : 'written'}`, {
    detail: { table, feature },
  });
}
