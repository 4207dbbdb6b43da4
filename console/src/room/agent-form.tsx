import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Agent, Model, NewAgent } from "../api/types.ts";
import { formatCount } from "../parts/format.ts";

export type AgentFields = Required<
  Pick<NewAgent, "agent_key" | "name" | "model_alias" | "role_prompt" | "tool_permissions">
>;

/** What an agent may do, in the words of the tools that need it. */
export type Permission = { name: string; description: string };

type AgentFormProps = {
  agent: Agent | undefined;
  /** Keys of the room's agents, in small letters. */
  taken: readonly string[];
  models: readonly Model[];
  permissions: readonly Permission[];
  isBusy: boolean;
  onSave: (fields: AgentFields) => void;
  onRemove: (() => void) | undefined;
  children: ComponentChildren;
};

export function AgentForm({
  agent,
  taken,
  models,
  permissions,
  isBusy,
  onSave,
  onRemove,
  children,
}: AgentFormProps) {
  const [fields, setFields] = useState<AgentFields>({
    agent_key: agent?.agent_key ?? "",
    name: agent?.name ?? "",
    model_alias: agent?.model_alias ?? models[0]?.alias ?? "",
    role_prompt: agent?.role_prompt ?? "",
    tool_permissions: [...(agent?.tool_permissions ?? [])],
  });
  const change = (part: Partial<AgentFields>) => setFields((known) => ({ ...known, ...part }));
  const submit = (event: Event) => {
    event.preventDefault();
    onSave({ ...fields, agent_key: fields.agent_key || freeKey(fields.name, taken) });
  };
  return (
    <form class="form" onSubmit={submit}>
      <label class="field">
        <span>Name</span>
        <input
          required
          maxLength={100}
          value={fields.name}
          onInput={(event) => change({ name: event.currentTarget.value })}
        />
        <small class="help">
          Tagged as @{agent?.agent_key ?? (fields.name === "" ? "…" : freeKey(fields.name, taken))}
        </small>
      </label>
      <label class="field">
        <span>Role</span>
        <textarea
          required
          rows={5}
          maxLength={8_000}
          value={fields.role_prompt}
          placeholder="You are an operator. Say what will break at night, and how to notice."
          onInput={(event) => change({ role_prompt: event.currentTarget.value })}
        />
      </label>
      <ModelField
        models={models}
        value={fields.model_alias}
        onChange={(model_alias) => change({ model_alias })}
      />
      <PermissionField
        permissions={permissions}
        value={fields.tool_permissions}
        onChange={(tool_permissions) => change({ tool_permissions })}
      />
      {children}
      <footer class="form-end">
        {onRemove && (
          <button type="button" class="button button-bad" disabled={isBusy} onClick={onRemove}>
            Remove from the room
          </button>
        )}
        <button type="submit" class="button button-main" disabled={isBusy}>
          {agent === undefined ? "Add" : "Save"}
        </button>
      </footer>
    </form>
  );
}

type FieldProps<Value> = { value: Value; onChange: (value: Value) => void };

function ModelField({ models, value, onChange }: FieldProps<string> & { models: readonly Model[] }) {
  const model = models.find(({ alias }) => alias === value);
  return (
    <label class="field">
      <span>Model</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {model === undefined && <option value={value}>{value} (not offered any more)</option>}
        {models.map(({ alias, provider_model: name }) => (
          <option key={alias} value={alias}>
            {alias} ({name})
          </option>
        ))}
      </select>
      {model && (
        <small class="help">
          {formatCount(model.context_window)} tokens of context, credits × {model.multiplier}
        </small>
      )}
    </label>
  );
}

function PermissionField({
  permissions,
  value,
  onChange,
}: FieldProps<string[]> & { permissions: readonly Permission[] }) {
  if (permissions.length === 0) return null;
  return (
    <fieldset class="choices">
      <legend>May use</legend>
      {permissions.map(({ name, description }) => (
        <label key={name} class="choice">
          <input
            type="checkbox"
            checked={value.includes(name)}
            onChange={(event) =>
              onChange(
                event.currentTarget.checked ? [...value, name] : value.filter((other) => other !== name),
              )
            }
          />
          <span>
            <strong>{name}</strong>
            <small>{description}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** A key that the room does not have: the name in small letters, with a number where it must be. */
export function freeKey(name: string, taken: readonly string[]): string {
  const letters = name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const stem =
    letters
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 60) || "agent";
  const free = (count: number): string => {
    const key = count === 1 ? stem : `${stem}-${count}`;
    return taken.includes(key) || key === "manager" ? free(count + 1) : key;
  };
  return free(1);
}
