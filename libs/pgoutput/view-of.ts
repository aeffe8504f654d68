/** Of the buffer that was asked for last: many messages and values lie in one. */
let last: { bytes: Buffer; view: DataView } | undefined;

/** A view on these bytes; offsets are the buffer's. One for all that is read of the same buffer in turn. */
export function viewOf(bytes: Buffer): DataView {
  if (last?.bytes !== bytes) last = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
  return last.view;
}
