/**
 * BullMQ refuses custom ids that are integers or hold a colon; event ids do. Percent-encoding behind a letter is reversible and keeps
 * an id readable.
 */
export function toBullId(id: string): string {
  return `j-${encodeURIComponent(id)}`;
}

export function fromBullId(bullId: string): string {
  return decodeURIComponent(bullId.replace(/^j-/, ''));
}
