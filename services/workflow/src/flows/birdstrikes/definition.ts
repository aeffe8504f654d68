import { defineExceptionFlow } from '../../cases/definition.ts';

/**
 * Bird strikes reported to the FAA: how badly the aircraft was damaged, from what is known at the scene. The repair costs of the source are not taken in:
 * they are known only after the damage is.
 */
export const birdstrikesFlow = defineExceptionFlow({
  name: 'birdstrikes',
  title: 'Bird strikes',
  schema: 'birdstrikes',
  principalRole: 'birdstrikes_flow',
  subject: {
    table: 'reports',
    key: { column: 'id', type: 'bigint' },
    reference: 'report_id',
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'airport', type: 'text', notNull: true, title: 'Airport' },
      { name: 'aircraft', type: 'text', notNull: true, title: 'Aircraft' },
      { name: 'flight_date', type: 'date', notNull: true, title: 'Date' },
      { name: 'operator', type: 'text', notNull: true, title: 'Operator' },
      { name: 'state', type: 'text', notNull: true, title: 'State' },
      { name: 'phase', type: 'text', notNull: true, title: 'Phase of flight' },
      { name: 'wildlife_size', type: 'text', notNull: true, title: 'Size of the animal' },
      { name: 'species', type: 'text', notNull: true, title: 'Species' },
      { name: 'time_of_day', type: 'text', notNull: true, title: 'Time of day' },
      { name: 'speed_knots', type: 'integer', title: 'Speed (knots)' },
    ],
    indexes: [['flight_date']],
    carried: [],
    correctable: ['phase', 'wildlife_size', 'species', 'time_of_day', 'speed_knots'],
    summary: ['flight_date', 'airport', 'aircraft', 'species'],
  },
  features: [
    { kind: 'category', name: 'wildlife_size', title: 'Size of the animal', sql: 's.wildlife_size' },
    { kind: 'category', name: 'phase', title: 'Phase of flight', sql: 's.phase' },
    { kind: 'category', name: 'size_and_phase', title: 'Size and phase together', sql: "s.wildlife_size || ' / ' || s.phase" },
    { kind: 'category', name: 'species', title: 'Species', sql: 's.species' },
    { kind: 'category', name: 'operator', title: 'Operator', sql: 's.operator' },
    { kind: 'category', name: 'airport', title: 'Airport', sql: 's.airport' },
    { kind: 'category', name: 'state', title: 'State', sql: 's.state' },
    { kind: 'category', name: 'time_of_day', title: 'Time of day', sql: 's.time_of_day' },
    { kind: 'category', name: 'aircraft', title: 'Aircraft', sql: 's.aircraft', most: 80 },
    { kind: 'text', name: 'aircraft_family', title: 'Aircraft family', sql: 's.aircraft', buckets: 256 },
    { kind: 'number', name: 'speed', title: 'Speed', sql: 's.speed_knots' },
    { kind: 'number', name: 'speed_squared', title: 'Speed, squared (energy of the impact)', sql: '(s.speed_knots::float8 / 100) ^ 2' },
    { kind: 'number', name: 'year', title: 'Year', sql: 'extract(year from s.flight_date)::int' },
    { kind: 'category', name: 'month', title: 'Month', sql: 'extract(month from s.flight_date)::int::text' },
  ],
  labels: [
    { class: 'none', title: 'None' },
    { class: 'minor', title: 'Minor' },
    { class: 'medium', title: 'Medium' },
    { class: 'substantial', title: 'Substantial' },
  ],
  roles: {
    flag: ['analyst', 'approver', 'agent'],
    approve: ['approver'],
    read: ['analyst', 'approver', 'auditor', 'administrator', 'agent'],
    work: ['agent'],
    administer: ['administrator'],
  },
  restrictions: {},
  learning: { minimumExamples: 200, l2: 1e-3, seed: 1_990 },
});
