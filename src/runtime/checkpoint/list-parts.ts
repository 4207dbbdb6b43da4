import type { ChannelVersions, Checkpoint } from "@langchain/langgraph-checkpoint";
import { listChannels } from "../graph/run-state.ts";

/**
 * Lists of the state only grow. A checkpoint stores only the new entries of a list, as a part. A part is the value of a
 * channel of its own, named after the list and the index of the part's first entry (`calls#3`). A checkpoint names the
 * parts that were stored before it, as it names the values of all channels, so rows and statements stay those of
 * LangGraph. LangGraph's `DeltaChannel` is not used: it needs the writes of every task, which are not stored here.
 */
export type PutCheckpoint = { checkpoint: Checkpoint; newVersions: ChannelVersions };

type ListChannel = (typeof listChannels)[number];
const separator = "#";

/** Keeps track of the parts of a run's lists that are stored. */
export class ListParts {
  readonly #versions: ChannelVersions = {};
  readonly #lengths = new Map<ListChannel, number>();

  /** @param stored The checkpoint that the run continues from, as `joinParts` returns it. */
  constructor(stored?: JoinedCheckpoint) {
    if (stored === undefined) return;
    Object.assign(this.#versions, stored.partVersions);
    for (const channel of listChannels) {
      if (partsOf(channel, stored.partVersions).length === 0) continue;
      this.#lengths.set(channel, listOf(stored.checkpoint.channel_values, channel).length);
    }
  }

  /** The checkpoint as it is stored: the new entries of lists are parts. */
  split({ checkpoint, newVersions }: PutCheckpoint): PutCheckpoint {
    const values = { ...checkpoint.channel_values };
    const versions = { ...newVersions };
    for (const channel of listChannels) {
      const list = listOf(values, channel);
      const from = this.#lengths.get(channel) ?? 0;
      const version = versions[channel];
      delete values[channel];
      delete versions[channel];
      if (version === undefined || list.length === from) continue;
      const part = `${channel}${separator}${from}`;
      values[part] = list.slice(from);
      versions[part] = version;
      this.#versions[part] = version;
      this.#lengths.set(channel, list.length);
    }
    const channelVersions = { ...checkpoint.channel_versions, ...this.#versions };
    return {
      checkpoint: { ...checkpoint, channel_values: values, channel_versions: channelVersions },
      newVersions: versions,
    };
  }
}

export type JoinedCheckpoint = {
  /** As LangGraph made it. */
  checkpoint: Checkpoint;
  partVersions: ChannelVersions;
  /** Whether every part is stored. A part that was too large is not. */
  isWhole: boolean;
};

/** A stored checkpoint whose lists are joined from their parts. */
export function joinParts(stored: Checkpoint): JoinedCheckpoint {
  const versions = { ...stored.channel_versions };
  const values = { ...stored.channel_values };
  const partVersions: ChannelVersions = {};
  let isWhole = true;
  for (const channel of listChannels) {
    const names = partsOf(channel, versions);
    if (names.length === 0) {
      // Runs of earlier versions stored a list in one piece, or as an object by agent key.
      if (channel in values) values[channel] = Object.values(values[channel] ?? []);
      continue;
    }
    const list: unknown[] = [];
    for (const name of names) {
      if (!Object.hasOwn(values, name)) isWhole = false;
      list.push(...listOf(values, name));
      partVersions[name] = versions[name] ?? 0;
      delete values[name];
      delete versions[name];
    }
    values[channel] = list;
  }
  return {
    checkpoint: { ...stored, channel_values: values, channel_versions: versions },
    partVersions,
    isWhole,
  };
}

/** Whether a checkpoint has something new in one of the lists. */
export function hasParts(newVersions: ChannelVersions): boolean {
  return listChannels.some((channel) => partsOf(channel, newVersions).length > 0);
}

/** In the order of their entries. */
function partsOf(channel: ListChannel, versions: ChannelVersions): string[] {
  return Object.keys(versions)
    .filter((name) => name.startsWith(channel + separator))
    .toSorted((one, other) => startOf(one) - startOf(other));
}

/** The index of a part's first entry. */
function startOf(part: string): number {
  return Number(part.slice(part.lastIndexOf(separator) + 1));
}

function listOf(values: Readonly<Record<string, unknown>>, channel: string): unknown[] {
  const value = values[channel];
  return Array.isArray(value) ? value : [];
}
