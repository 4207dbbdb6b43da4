import type { Turn } from "./report.ts";

export const room = {
  name: "Launch week",
  goal: "Decide whether the beta can be launched on Friday, and what must happen before.",
  current_mode: "tag",
};

export type Agent = {
  agent_key: string;
  name: string;
  model_alias: string;
  role_prompt: string;
  tool_permissions: string[];
};

/** In the order in which they answer in a round table. */
export const agents: Agent[] = [
  {
    agent_key: "scout",
    name: "Scout",
    model_alias: "deepseek",
    role_prompt: "Researcher. Say what others have learned, and name your sources. Be brief.",
    tool_permissions: ["search"],
  },
  {
    agent_key: "ada",
    name: "Ada",
    model_alias: "qwen",
    role_prompt: "Architect. Weigh the options and name the trade-off. Be brief.",
    tool_permissions: ["file_read"],
  },
  {
    agent_key: "linus",
    name: "Linus",
    model_alias: "llama",
    role_prompt: "Operator. Say what will break at night, and how to notice. Be brief.",
    tool_permissions: [],
  },
];

export type DemoTurn = {
  mode: Turn["mode"];
  explanation: string;
  message: string;
  /** What the room is set to before the turn. */
  orchestration?: { max_rounds: number; synthesis: string };
  /** The connection is cut after the first agent's answer, and the turn is followed from there. */
  isCut?: true;
};

/** A question about the document, and one turn in each mode. The demo model uses a tool where the message asks for it. */
export const demoTurns: DemoTurn[] = [
  {
    mode: "tag",
    explanation: "an agent that may read files searches the document and cites its page",
    message: "@ada Look up in the handbook how a bad release is taken back.",
  },
  {
    mode: "tag",
    explanation: "the tagged agents answer in parallel",
    message: "@ada @linus We want to launch the beta on Friday. What could go wrong?",
  },
  {
    mode: "roundtable",
    explanation:
      "all agents answer in order, and each reads the answers before its own; the stream is cut and rejoined",
    isCut: true,
    message: "What is the one thing that must be done before Friday?",
  },
  {
    mode: "orchestrator",
    explanation: "a manager picks agents in up to two rounds, and writes one answer from theirs",
    orchestration: { max_rounds: 2, synthesis: "manager" },
    message: "Find out how others undo a bad launch, and weigh which way suits us.",
  },
];
