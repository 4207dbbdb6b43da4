import type { Agent, Room, RoomFile, Session } from "../api/types.ts";

/** What the screen of a room shows beside the conversation. */
export type RoomParts = { room: Room; agents: Agent[]; sessions: Session[]; files: RoomFile[] };

export type ChangeParts = (part: Partial<RoomParts>) => void;
