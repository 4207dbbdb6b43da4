import type { Turn } from "./report.ts";

export const demoRoom = {
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

/** In this order, which is also the order of a round table. */
export const demoAgents: Agent[] = [
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
    tool_permissions: [],
  },
  {
    agent_key: "linus",
    name: "Linus",
    model_alias: "llama",
    role_prompt: "Operator. Say what will break at night, and how to notice. Be brief.",
    tool_permissions: [],
  },
];

export type Scene = { mode: Turn["mode"]; rule: string; message: string };

/** One turn in each mode. The demo model searches where the words ask for it: in the last one only. */
export const SCENES: Scene[] = [
  {
    mode: "tag",
    rule: "those who are tagged answer, all at once",
    message: "@ada @linus We want to launch the beta on Friday. What could go wrong?",
  },
  {
    mode: "roundtable",
    rule: "everybody answers, one after another, and hears who spoke before",
    message: "What is the one thing that must be done before Friday?",
  },
  {
    mode: "orchestrator",
    rule: "a manager picks who answers",
    message: "Find out how others undo a bad launch, and weigh which way suits us.",
  },
];
