import type { CdcStatus } from '#contracts/http/cdc-status';
import { formatLsn } from '#libs/pgoutput/lsn';
import type { Capture } from './capture.ts';
import type { CdcConfig } from './cdc-config.ts';
import type { Snapshot } from './snapshot/snapshot.ts';
import type { SlotState } from './source/slot-watch.ts';
import type { TableId } from './source/table-patterns.ts';

export interface StatusParts extends Pick<CdcStatus, 'since' | 'throughput' | 'lastError'> {
  config: Pick<CdcConfig, 'CDC_SLOT' | 'CDC_PUBLICATION'>;
  state: Pick<CdcStatus, 'phase' | 'detail'>;
  slot: SlotState | null;
  capture: Pick<Capture, 'confirmed'> | null;
  tables: readonly TableId[];
  snapshots: readonly Snapshot[];
}

/** What is known of capture, as the contract has it. */
export function describeStatus({ config, state, since, slot, capture, throughput, tables, lastError, snapshots }: StatusParts): CdcStatus {
  const counts: Record<string, number> = {};
  for (const snapshot of snapshots) counts[snapshot.state] = (counts[snapshot.state] ?? 0) + 1;
  return {
    ...state,
    leader: state.phase === 'streaming' || state.phase === 'paused',
    since,
    slot: slot && {
      name: config.CDC_SLOT,
      publication: config.CDC_PUBLICATION,
      ...slot,
      confirmed: formatLsn(slot.confirmed),
      serverEnd: formatLsn(slot.serverEnd),
    },
    published: capture && formatLsn(capture.confirmed),
    throughput,
    tables: tables.map(({ schema, name }) => `${schema}.${name}`).toSorted(),
    lastError,
    snapshots: counts,
  };
}
