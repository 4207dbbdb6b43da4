import type { CheckpointTuple } from "@langchain/langgraph-checkpoint";
import { agentStepId } from "../../domain/plan/step.ts";
import { emptyState, type RunStateUpdate, type RunStateValue, reducers } from "../graph/run-state.ts";

/**
 * The state of a stored run: its last checkpoint, and the answers of parallel tasks that were stored after it. Values
 * that an earlier version stored by agent are converted to steps.
 */
export function restoreState(tuple: CheckpointTuple | undefined): RunStateValue {
  if (tuple === undefined) return emptyState();
  const stored = { ...emptyState(), ...ownChannels(tuple.checkpoint.channel_values) };
  return (tuple.pendingWrites ?? []).reduce(
    (state, [, channel, value]) => applyUpdate(state, ownChannels({ [channel]: value })),
    stored,
  );
}

function applyUpdate(state: RunStateValue, update: RunStateUpdate): RunStateValue {
  return Object.fromEntries(
    channelNames.map((name) => [name, name in update ? reduce(name, state, update) : state[name]]),
  ) as RunStateValue;
}

type ChannelName = keyof typeof reducers;
const channelNames = Object.keys(reducers) as ChannelName[];

/** Sound: each reducer takes its channel's own type on both sides. The type of the table does not show that. */
function reduce(name: ChannelName, state: RunStateValue, update: RunStateUpdate): unknown {
  const reducer = reducers[name] as (left: unknown, right: unknown) => unknown;
  return reducer(state[name], update[name]);
}

/** The channels of the run's state, without LangGraph's own. Nodes of this graph wrote their values. */
function ownChannels(values: Readonly<Record<string, unknown>>): Partial<RunStateValue> {
  const { routing } = values;
  const named = routing == null ? values : { ...values, decisions: [routing] };
  return Object.fromEntries(
    channelNames.flatMap((name) => (name in named ? [[name, withSteps(named[name])]] : [])),
  );
}

/** Before there were steps, each agent had one. */
function withSteps(list: unknown): unknown {
  if (!Array.isArray(list)) return list;
  return list.map((entry: unknown) => {
    const isByAgent =
      typeof entry === "object" && entry !== null && "agentKey" in entry && !("step" in entry);
    return isByAgent ? { ...entry, step: agentStepId(String(entry.agentKey), 1) } : entry;
  });
}
