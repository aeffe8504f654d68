/** Where it is told that a table is built otherwise now, or labelled otherwise: its oid, at the commit. */
export const TABLE_CHANNEL = 'lakeloop_table';
