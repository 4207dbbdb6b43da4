import type { Model, NewAgent, NewRoom } from "../api/types.ts";

type TemplateAgent = Pick<NewAgent, "agent_key" | "name" | "role_prompt"> & {
  /** Given where the server has them. */
  tools?: readonly string[];
};

export type Template = {
  id: string;
  name: string;
  about: string;
  room: Pick<NewRoom, "goal" | "current_mode" | "orchestration">;
  agents: readonly TemplateAgent[];
  /** First messages that show what the room is for. */
  starters: readonly string[];
};

export const templates: readonly Template[] = [
  {
    id: "launch-council",
    name: "Launch council",
    about: "Three advisers weigh a decision from their sides. You tag whom you ask.",
    room: { goal: "Decide what is needed for a safe launch.", current_mode: "tag" },
    agents: [
      {
        agent_key: "ada",
        name: "Ada",
        role_prompt: "You are an architect. Weigh the options and name the trade-off.",
      },
      {
        agent_key: "linus",
        name: "Linus",
        role_prompt: "You are an operator. Say what will break at night, and how to notice.",
      },
      {
        agent_key: "grace",
        name: "Grace",
        role_prompt: "You are a teacher. Explain the plan so that a newcomer can follow it.",
      },
    ],
    starters: [
      "@ada @linus @grace What could go wrong when we launch on Friday?",
      "@linus What should wake us at night, and what should not?",
    ],
  },
  {
    id: "doc-review",
    name: "Doc review",
    about: "Reviewers read your document one after another, each with what the others said.",
    room: { goal: "Make the document correct, clear and short.", current_mode: "roundtable" },
    agents: [
      {
        agent_key: "facts",
        name: "Facts",
        role_prompt: "You check claims and figures against the files of the room. Name the page.",
        tools: ["file_read"],
      },
      {
        agent_key: "clarity",
        name: "Clarity",
        role_prompt: "You check that a new reader understands each paragraph. Propose better words.",
        tools: ["file_read"],
      },
      {
        agent_key: "risk",
        name: "Risk",
        role_prompt: "You look for promises, gaps and contradictions that could hurt us.",
        tools: ["file_read"],
      },
    ],
    starters: ["What is the weakest part of this document?", "List everything that needs a source."],
  },
  {
    id: "research-digest",
    name: "Research digest",
    about: "A manager picks who searches and who checks; one digest is written at the end.",
    room: {
      goal: "Answer with sources, and say what is not known.",
      current_mode: "orchestrator",
      orchestration: { max_rounds: 2, synthesis: "manager" },
    },
    agents: [
      {
        agent_key: "scout",
        name: "Scout",
        role_prompt: "You find sources and quote them briefly.",
        tools: ["search", "file_read"],
      },
      {
        agent_key: "sceptic",
        name: "Sceptic",
        role_prompt: "You doubt each claim and say what would prove it wrong.",
        tools: ["search"],
      },
      {
        agent_key: "editor",
        name: "Editor",
        role_prompt: "You put findings in order: what is known, what is likely, what is open.",
      },
    ],
    starters: ["Find the latest on durable execution and sum up what is settled."],
  },
  {
    id: "blank",
    name: "Blank",
    about: "An empty room. You add the agents.",
    room: { goal: null, current_mode: "tag" },
    agents: [],
    starters: [],
  },
];

/** First messages for a room, by its agents: those of the template that has the same. */
export function startersFor(agentKeys: readonly string[]): readonly string[] {
  const same = templates.find(
    ({ agents }) => agents.length > 0 && agents.every(({ agent_key: key }) => agentKeys.includes(key)),
  );
  return same?.starters ?? [];
}

/** Models that are cheap and known to answer well; others follow where a server has none of them. */
const preferredModels = ["deepseek", "qwen", "llama"];

/** The agents of a template with models and tools that this server has. Each agent has another model, if there are enough. */
export function agentsOf(
  template: Template,
  models: readonly Model[],
  permissions: readonly string[],
): NewAgent[] {
  const known = models.map(({ alias }) => alias);
  const preferred = preferredModels.filter((alias) => known.includes(alias));
  const usable = preferred.length > 0 ? preferred : known;
  return template.agents.map(({ tools = [], ...agent }, index) => ({
    ...agent,
    model_alias: usable[index % usable.length] ?? "",
    tool_permissions: tools.filter((tool) => permissions.includes(tool)),
  }));
}
