import * as z from "zod";
import type { AgentChange, AgentRow } from "../../db/rooms/room-agents.ts";
import { agentKeyPattern, isReservedAgentKey, roomCapacity } from "../../domain/agent-key.ts";
import { isPlainName, maxNameCharacters } from "../../domain/agent-name.ts";
import { maxTemperature, maxTopP, readModelSettings, reasoningEfforts } from "../../domain/model-settings.ts";
import type { NewAgent } from "../../domain/new-agent.ts";
import { readPermissions } from "../../domain/permissions.ts";
import { id, instant, list, pageOf, text } from "../../http/schemas.ts";

const keyRule = "must be 1 to 64 letters, digits, '_' or '-'";

const modelSettings = z
  .strictObject({
    temperature: z.number().min(0).max(maxTemperature).optional(),
    top_p: z.number().min(0).max(maxTopP).optional(),
    max_output_tokens: z
      .int()
      .min(1)
      .optional()
      .meta({ description: "At most the model's `max_output_tokens` in `GET /models`" }),
    reasoning_effort: z.enum(reasoningEfforts).optional(),
  })
  .meta({ id: "ModelSettings", description: "A setting that is left out has the provider's default" });

export const agent = z
  .object({
    id,
    room_id: id,
    agent_key: z.string(),
    name: z.string(),
    model_alias: z.string(),
    role_prompt: z.string(),
    tool_permissions: z.array(z.string()),
    model_settings: modelSettings,
    position: z.int().min(0),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: "Agent" });

export const agentPage = pageOf(agent);
export const rosterParams = z.object({ room_id: id });
export const agentParams = z.object({ room_id: id, agent_key: z.string().regex(agentKeyPattern, keyRule) });

const nameRule =
  "must be one line, with no brackets, and no characters without width or that turn the direction of text";

const editable = {
  name: text(maxNameCharacters)
    .normalize("NFC")
    .refine(isPlainName, nameRule)
    .meta({ maxLength: maxNameCharacters }),
  model_alias: text(64),
  role_prompt: text(8_000),
  tool_permissions: list(text(64), 32),
  model_settings: modelSettings,
};

export const newAgent = z
  .strictObject({
    ...editable,
    agent_key: z
      .string()
      .trim()
      .regex(agentKeyPattern, keyRule)
      .refine((key) => !isReservedAgentKey(key), "is reserved"),
    tool_permissions: editable.tool_permissions.default([]),
    model_settings: modelSettings.default({}),
    position: z
      .int()
      .min(0)
      .optional()
      .meta({ description: "From 0; without it, or beyond the end, the agent comes last" }),
  })
  .meta({
    id: "NewAgent",
    examples: [{ agent_key: "ada", name: "Ada", model_alias: "llama", role_prompt: "You find things out." }],
  });

export const agentChange = z
  .strictObject(editable)
  .partial()
  .refine((change) => Object.keys(change).length > 0, "must change something")
  .meta({ id: "AgentChange", examples: [{ name: "Ada" }] });

export const agentOrder = z
  .strictObject({ agent_keys: list(text(64), roomCapacity) })
  .meta({ id: "AgentOrder", examples: [{ agent_keys: ["scout"] }] });

export function toNewAgent(body: z.output<typeof newAgent>): NewAgent {
  return {
    agentKey: body.agent_key,
    name: body.name,
    modelAlias: body.model_alias,
    rolePrompt: body.role_prompt,
    toolPermissions: body.tool_permissions,
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
