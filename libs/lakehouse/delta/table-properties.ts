import { Failure } from '#libs/failure/failure';

/** Table properties that Delta names and that are kept to here. */
export interface UpkeepSettings {
  checkpointEvery: bigint;
  /** How long versions can be travelled to, as far as their files are there. */
  logRetentionMs: number;
  cleansLog: boolean;
  /** How long a removed file is told of, and kept by vacuum unless it is asked otherwise. */
  removedFileRetentionMs: number;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  millisecond: 1,
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
};
const DAY_MS = 86_400_000;
/** Properties that turn a feature on which is not built here, and the value that leaves it off. */
const FEATURES: Readonly<Record<string, { feature: string; off: string }>> = {
  'delta.enableDeletionVectors': { feature: 'deletionVectors', off: 'false' },
  'delta.columnMapping.mode': { feature: 'columnMapping', off: 'none' },
  'delta.enableChangeDataFeed': { feature: 'changeDataFeed', off: 'false' },
  'delta.enableRowTracking': { feature: 'rowTracking', off: 'false' },
  'delta.enableTypeWidening': { feature: 'typeWidening', off: 'false' },
  'delta.enableInCommitTimestamps': { feature: 'inCommitTimestamp', off: 'false' },
  'delta.checkpointPolicy': { feature: 'v2Checkpoint', off: 'classic' },
  'delta.enableIcebergCompatV1': { feature: 'icebergCompatV1', off: 'false' },
  'delta.enableIcebergCompatV2': { feature: 'icebergCompatV2', off: 'false' },
};

export function upkeepOf(configuration: Readonly<Record<string, string>>): UpkeepSettings {
  const interval = Number(configuration['delta.checkpointInterval'] ?? 10);
  return {
    checkpointEvery: Number.isSafeInteger(interval) && interval > 0 ? BigInt(interval) : 10n,
    logRetentionMs: durationMs(configuration['delta.logRetentionDuration']) ?? 30 * DAY_MS,
    cleansLog: (configuration['delta.enableExpiredLogCleanup'] ?? 'true').toLowerCase() !== 'false',
    removedFileRetentionMs: durationMs(configuration['delta.deletedFileRetentionDuration']) ?? 7 * DAY_MS,
  };
}

/** Throws `unsupported`, naming the feature, for a property of a new table that would need one which is not built here; `misconfigured` for a bad value. */
export function checkProperties(table: string, properties: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(properties)) {
    const { feature, off } = FEATURES[name] ?? {
      feature: name.startsWith('delta.constraints.') ? 'checkConstraints' : (/^delta\.feature\.(.+)$/.exec(name)?.[1] ?? ''),
      off: '',
    };
    if (feature !== '' && value.toLowerCase() !== off)
      throw new Failure('unsupported', `${table} can not have ${name}: ${feature} is not built here`, { detail: { table, feature } });
    if (/^delta\.(logRetention|deletedFileRetention)Duration$/.test(name) && durationMs(value) === undefined)
      throw new Failure('misconfigured', `${table}: ${name} is a number and a unit, such as "interval 7 days"`);
    if (name === 'delta.checkpointInterval' && !/^[1-9]\d{0,8}$/.test(value)) throw new Failure('misconfigured', `${table}: ${name} is a number of commits`);
  }
}

/** `interval 30 days`, as Delta writes durations; undefined for what is none. */
function durationMs(text: string | undefined): number | undefined {
  const match = /^\s*(?:interval\s+)?(\d+)\s+([a-z]+?)s?\s*$/i.exec(text ?? '');
  const unit = UNITS_MS[match?.[2]?.toLowerCase() ?? ''];
  return match && unit !== undefined ? Number(match[1]) * unit : undefined;
}
