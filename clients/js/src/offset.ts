// How far a client has heard its namespace, for the recovery of a connection's state: a server with it adds an offset, as
// the last argument, to the events that it can replay. Others come without, and may well end with a text of their own;
// a client that took it for an offset could not be recovered. The offsets of the known servers have a shape, and grow.

/** Offsets of Sockeye, and ids of the official in-memory adapter, of Redis streams, and of MongoDB. */
const SHAPE = /^([\w-]{7}(\.[\w-]+|[\w-]{9})?|\d{13}-\d+|[\da-f]{24})$/;

/** The offset to keep: `candidate`, the last argument of an event, or the one so far. */
export function nextOffset(current: string | undefined, candidate: string): string {
  if (!current || !SHAPE.test(current)) return candidate;
  // All of these begin with a time: the first character changes once in years, and by one.
  const step = candidate.charCodeAt(0) - current.charCodeAt(0);
  return SHAPE.test(candidate) && step >= 0 && step < 2 ? candidate : current;
}
