import * as z from "zod";
import type { AgentChange, AgentRow } from "../../db/rooms/room-agents.ts";
import { agentKeyPattern, isReservedAgentKey, roomCapacity } from "../../domain/agent-key.ts";
import { isPlainName, maxNameCharacters } from "../../domain/agent-name.ts";
import { maxTemperature, maxTopP, readModelSettings, reasoningEfforts } from "../../domain/model-settings.ts";
import type { NewAgent } from "../../domain/new-agent.ts";
import { readPermissions } from "../../domain/permissions.ts";
import { lazily } from "../../http/lazy-schema.ts";
import { createdAt, id, list, pageOf, text, updatedAt } from "../../http/schemas.ts";

const keyRule = "must be 1 to 64 letters, digits, '_' or '-'";

const modelSettings = z
  .strictObject({
    temperature: z
      .number()
      .min(0)
      .max(maxTemperature)
      .optional()
      .describe("How much chance is in the answer"),
    top_p: z
      .number()
      .min(0)
      .max(maxTopP)
      .optional()
      .describe("Share of the likeliest words that the answer is drawn from"),
    max_output_tokens: z
      .int()
      .min(1)
      .optional()
      .meta({ description: "At most the model's `max_output_tokens` in `GET /models`" }),
    reasoning_effort: z.enum(reasoningEfforts).optional().describe("How long a model that reasons may do so"),
  })
  .meta({ id: "ModelSettings", description: "A setting that is left out has the provider's default" });

const meaning = {
  agentKey: "By which messages tag the agent; no other agent of the room has it, in any case of letters",
  name: "For people and for the other agents",
  modelAlias: "The model that answers: an `alias` of `GET /models`",
  rolePrompt: "What the agent is to be; no other agent is sent it",
  toolPermissions: "The tools that the agent may use: names of `GET /tools`",
};

export const agent = lazily(() =>
  z
    .object({
      id: id.describe("Id of this agent's row"),
      room_id: id.describe("The agent's room"),
      agent_key: z.string().describe(meaning.agentKey),
      name: z.string().describe(meaning.name),
      model_alias: z.string().describe(meaning.modelAlias),
      role_prompt: z.string().describe(meaning.rolePrompt),
      tool_permissions: z.array(z.string()).describe(meaning.toolPermissions),
      model_settings: modelSettings,
      position: z.int().min(0).describe("The agent's place in the room, from 0 without gaps"),
      created_at: createdAt,
      updated_at: updatedAt,
    })
    .meta({ id: "Agent", description: "A model, a role and a set of permitted tools" }),
);

export const agentPage = pageOf(agent);
export const rosterParams = z.object({ room_id: id.describe("The room") });
export const agentParams = rosterParams.extend({
  agent_key: z.string().regex(agentKeyPattern, keyRule).describe("The agent's key, in any case of letters"),
});

const nameRule =
  "must be one line, with no brackets, and no characters without width or that turn the direction of text";

const editable = {
  name: text(maxNameCharacters)
    .normalize("NFC")
    .refine(isPlainName, nameRule)
    .meta({ maxLength: maxNameCharacters, description: meaning.name }),
  model_alias: text(64).describe(meaning.modelAlias),
  role_prompt: text(8_000).describe(meaning.rolePrompt),
  tool_permissions: list(text(64), 32).describe(meaning.toolPermissions),
  model_settings: modelSettings,
};

export const newAgent = z
  .strictObject({
    ...editable,
    agent_key: z
      .string()
      .trim()
      .regex(agentKeyPattern, keyRule)
      .refine((key) => !isReservedAgentKey(key), "is reserved")
      .describe(meaning.agentKey),
    // No `default` in the document: generators take a field that has one to be required.
    tool_permissions: editable.tool_permissions.optional(),
    model_settings: modelSettings.default({}),
    position: z
      .int()
      .min(0)
      .optional()
      .meta({ description: "From 0; without it, or beyond the end, the agent comes last" }),
  })
  .meta({
    id: "NewAgent",
    description: "An agent to add to a room",
    examples: [{ agent_key: "ada", name: "Ada", model_alias: "llama", role_prompt: "You find things out." }],
  });

export const agentChange = z
  .strictObject(editable)
  .partial()
  .refine((change) => Object.keys(change).length > 0, "must change something")
  .meta({
    id: "AgentChange",
    description: "What is left out keeps its value",
    examples: [{ name: "Ada" }],
  });

export const agentOrder = z
  .strictObject({
    agent_keys: list(text(64), roomCapacity).describe(
      "The key of every agent of the room, once, in the new order",
    ),
  })
  .meta({
    id: "AgentOrder",
    description: "The whole roster in its new order",
    examples: [{ agent_keys: ["scout"] }],
  });

export function toNewAgent(body: z.output<typeof newAgent>): NewAgent {
  return {
    agentKey: body.agent_key,
    name: body.name,
    modelAlias: body.model_alias,
    rolePrompt: body.role_prompt,
    toolPermissions: body.tool_permissions ?? [],
    modelSettings: readModelSettings(body.model_settings),
    position: body.position,
  };
}

export function toAgentChange(body: z.output<typeof agentChange>): AgentChange {
  return {
    name: body.name,
    modelAlias: body.model_alias,
    rolePrompt: body.role_prompt,
    toolPermissions: body.tool_permissions,
    modelSettings: body.model_settings && readModelSettings(body.model_settings),
  };
}

export function toAgent(row: AgentRow): z.input<typeof agent> {
  return {
    id: row.id,
    room_id: row.roomId,
    agent_key: row.agentKey,
    name: row.name,
    model_alias: row.modelAlias,
    role_prompt: row.rolePrompt,
    tool_permissions: readPermissions(row.toolPermissions),
    model_settings: readModelSettings(row.modelSettings),
    position: row.position,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}
