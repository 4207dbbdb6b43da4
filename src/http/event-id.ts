import { PantheonError } from "../domain/errors.ts";

/** The place of an event: its epoch, and its number or `end`. */
export type EventId = { epoch: string; seq: number | "end" };

/**
 * Reads the id of the last event that a reader has, `<epoch>.<seq>`; null where it has none.
 * @throws PantheonError `invalid_event_id`.
 */
export function readEventId(text: string | undefined): EventId | null {
  if (text === undefined) return null;
  const [, epoch, seq] = /^([0-9a-f-]{36})\.(\d{1,15}|end)$/.exec(text) ?? [];
  if (epoch === undefined || seq === undefined) {
    throw new PantheonError("invalid_event_id", "The id of the last event must be one that a stream had.");
  }
  return { epoch, seq: seq === "end" ? seq : Number(seq) };
}
