import { useState } from "preact/hooks";
import { type ApiError, toApiError } from "../api/problem.ts";
import type { Agent, Room, Tool } from "../api/types.ts";
import { api } from "../app-context.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Loading, ProblemNote } from "../parts/states.tsx";
import { useLoad } from "../parts/use-load.ts";
import { type AgentFields, AgentForm, type Permission } from "./agent-form.tsx";

type AgentDialogProps = {
  room: Room;
  /** Absent for a new one. */
  agent: Agent | undefined;
  agents: readonly Agent[];
  onClose: () => void;
  onAgents: (agents: Agent[]) => void;
};

/** Adds an agent to the room, changes one, or removes it. */
export function AgentDialog({ room, agent, agents, onClose, onAgents }: AgentDialogProps) {
  const catalog = useLoad("catalog", () => Promise.all([api.models(), api.tools()]));
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
      onAgents(await api.agents(room.id));
      onClose();
    } catch (failure) {
      setError(toApiError(failure));
      setBusy(false);
    }
  };
  const save = ({ agent_key, ...fields }: AgentFields) =>
    attempt(() =>
      agent === undefined
        ? api.addAgent(room.id, { agent_key, ...fields })
        : api.changeAgent(room.id, agent.agent_key, fields),
    );
  return (
    <Dialog title={agent === undefined ? "New agent" : agent.name} onClose={onClose}>
      {catalog.error && <ProblemNote error={catalog.error} onRetry={catalog.reload} />}
      {catalog.value === undefined && !catalog.error && <Loading what="the models" />}
      {catalog.value && (
        <AgentForm
          agent={agent}
          taken={agents.map(({ agent_key: key }) => key.toLowerCase())}
          models={catalog.value[0]}
          permissions={permissionsOf(catalog.value[1])}
          isBusy={isBusy}
          onSave={(fields) => void save(fields)}
          onRemove={agent && (() => void attempt(() => api.removeAgent(room.id, agent.agent_key)))}
        >
          {error && <ProblemNote error={error} />}
        </AgentForm>
      )}
    </Dialog>
  );
}

function describe({ name, description }: Tool, permission: string): string {
  return name === permission ? description : `${name}: ${description}`;
}

/** Several tools may share a permission; an agent is given permissions. */
function permissionsOf(tools: readonly Tool[]): Permission[] {
  return [...Map.groupBy(tools, ({ permission }) => permission)].map(([name, sharing]) => ({
    name,
    description: sharing.map((tool) => describe(tool, name)).join(" "),
  }));
}
