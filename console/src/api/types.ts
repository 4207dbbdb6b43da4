import type * as z from "zod";
import type { agent, agentChange, newAgent } from "../../../src/routes/schemas/agent.ts";
import type { consoleConfig } from "../../../src/routes/schemas/console-config.ts";
import type { file } from "../../../src/routes/schemas/file.ts";
import type { message } from "../../../src/routes/schemas/message.ts";
import type {
  adminEvent,
  budget,
  newPricingVersion,
  pricingVersion,
  wallet,
} from "../../../src/routes/schemas/money.ts";
import type { newRoom, room } from "../../../src/routes/schemas/room.ts";
import type { session } from "../../../src/routes/schemas/session.ts";
import type { turnRead } from "../../../src/routes/schemas/turn.ts";
import type { turnDetail } from "../../../src/routes/schemas/turn-detail.ts";
import type { queuedTurn, turnPending } from "../../../src/routes/schemas/turn-pending.ts";
import type { newTurn } from "../../../src/routes/schemas/turn-request.ts";

// The wire forms are declared once, by the server's schemas. Only their types are taken.
export type Room = z.output<typeof room>;
export type NewRoom = z.input<typeof newRoom>;
export type Mode = Room["current_mode"];
export type Agent = z.output<typeof agent>;
/** The schema of a bounded list takes anything, to say in one error what is wrong. */
type WithTools<Body> = Omit<Body, "tool_permissions"> & { tool_permissions?: string[] };
export type NewAgent = WithTools<z.input<typeof newAgent>>;
export type AgentChange = WithTools<z.input<typeof agentChange>>;
export type RoomFile = z.output<typeof file>;
export type Message = z.output<typeof message>;
export type Turn = z.output<typeof turnRead>;
export type Reply = Turn["replies"][number];
export type ToolCall = Turn["tool_calls"][number];
export type TurnDetail = z.output<typeof turnDetail>;
export type NewTurn = z.input<typeof newTurn>;
/** A turn that is not stored: it waits, runs, or was never started. */
export type TurnPending = z.output<typeof turnPending>;
export type QueuedTurn = z.output<typeof queuedTurn>;
export type ConsoleConfig = z.output<typeof consoleConfig>;
export type Model = {
  alias: string;
  provider: string;
  provider_model: string;
  context_window: number;
  multiplier: number;
};
export type Tool = { name: string; description: string; permission: string };
export type Session = z.output<typeof session>;
export type User = { user_id: string; email: string | null };

export type Page<Item> = { data: Item[]; has_more: boolean; last_id: string | null };

/** A problem document (RFC 9457) of the API. */
export type Problem = {
  status: number;
  code: string;
  title: string;
  detail: string;
  request_id?: string;
  turn_id?: string;
  [member: string]: unknown;
};

export type Wallet = z.output<typeof wallet>;
export type Budget = z.output<typeof budget>;
export type AdminEvent = z.output<typeof adminEvent>;
/** The schema of a bounded list takes anything, to say in one error what is wrong. */
export type NewPricingVersion = Omit<z.input<typeof newPricingVersion>, "prices"> & {
  prices: readonly { alias: string; multiplier: string }[];
};
export type PricingVersion = z.output<typeof pricingVersion>;
export type UsageGroup = "day" | "room" | "session" | "agent" | "model" | "turn" | "user";
export type UsageRow = Partial<Record<UsageGroup, string | null>> & {
  calls: number;
  input_tokens_fresh: number;
  input_tokens_cached: number;
  output_tokens: number;
  credits: string;
  estimated_credits: string;
  provider_cost_usd: string | null;
  active_users?: number;
  margin_usd?: string | null;
};
