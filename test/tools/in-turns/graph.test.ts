import { expect, test } from "vitest";
import type { RosterAgent } from "../../../src/domain/plan/roster-agent.ts";
import type { NodeContext } from "../../../src/runtime/graph/node-context.ts";
import { compileRunGraph } from "../../../src/runtime/graph/run-graph.ts";
import { type PlanForm, planOf } from "../../support/plans.ts";

const tools = {
  offered: () => [],
  trigger: (_message: string, permissions: readonly string[]) =>
    permissions.length === 0 ? null : { name: "search", argumentsText: "{}" },
};

const agent = (agentKey: string, toolPermissions: string[], position: number): RosterAgent => ({
  agentKey,
  name: agentKey,
  modelAlias: "deepseek",
  rolePrompt: "",
  toolPermissions,
  position,
});

function nodesOf(flow: PlanForm, agents: RosterAgent[]): string[] {
  const plan = planOf(flow, agents);
  const ports = { tools, newId: () => "id" };
  const run = {
    plan,
    context: {
      userMessage: "search: cats",
      storedAnswers: [],
      files: { cards: [], total: 0, attachments: [] },
    },
    ports,
  } as unknown as NodeContext;
  return Object.keys(compileRunGraph(run).nodes).filter((name) => !name.startsWith("__"));
}

const flows = ["parallel", "sequence", "routed"] as const;

test.each(flows)("%s: an agent without tools has no tools node, whatever the other agents have", (flow) => {
  for (const mask of [0, 1, 2, 3, 4, 5, 6, 7]) {
    const agents = ["ada", "bob", "cyd"].map((key, place) =>
      agent(key, (mask >> place) % 2 === 1 ? ["search"] : [], place),
    );
    const expected = agents.flatMap(({ agentKey, toolPermissions }) =>
      toolPermissions.length === 0 ? [`${agentKey}#1.model`] : [`${agentKey}#1.model`, `${agentKey}#1.tools`],
    );
    expect(nodesOf(flow, agents).toSorted()).toEqual(
      [...expected, ...(flow === "routed" ? ["route#1"] : [])].toSorted(),
    );
  }
});
