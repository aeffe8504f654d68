/** Something that happens in a database while both captures watch it. Every table it uses is its own. */
export interface Case {
  /** Tables are named after it. */
  name: string;
  /** Makes the tables; what is inserted here is there before the captures start, so it comes as a snapshot. */
  setUp: string;
  /** Run one after the other once both stream. */
  steps: readonly string[];
}
