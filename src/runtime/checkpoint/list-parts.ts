import type { ChannelVersions, Checkpoint } from "@langchain/langgraph-checkpoint";
import { listChannels } from "../graph/turn-state.ts";

/**
 * Lists of the state only grow, and a step stores what is new of each: a part, as the value of a channel of its own
 * that is named after the list and the place of its first entry (`calls#3`). A checkpoint names the parts of all steps
 * before it, as it names the values of all channels, so that rows and statements are LangGraph's. (Its own
 * `DeltaChannel` would keep every task's writes of every step, which runs here do not store.)
 */
export type PutCheckpoint = { checkpoint: Checkpoint; newVersions: ChannelVersions };

type ListChannel = (typeof listChannels)[number];
const separator = "#";

/** What of a run's lists is in parts so far. */
export class ListParts {
  readonly #versions: ChannelVersions = {};
  readonly #lengths = new Map<ListChannel, number>();

  /** @param stored the checkpoint that the run goes on from, as `joinParts` gives it. */
  constructor(stored?: JoinedCheckpoint) {
    if (stored === undefined) return;
    Object.assign(this.#versions, stored.partVersions);
    for (const channel of listChannels) {
      if (partsOf(channel, stored.partVersions).length === 0) continue;
      this.#lengths.set(channel, listOf(stored.checkpoint.channel_values, channel).length);
    }
  }

  /** The checkpoint as it is stored, with new entries of lists as parts. */
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
  /** As LangGraph gave it. */
  checkpoint: Checkpoint;
  partVersions: ChannelVersions;
  /** Whether every part was there; one that was too large to be stored is not. */
  isWhole: boolean;
};

/** A stored checkpoint with its lists put together again. */
export function joinParts(stored: Checkpoint): JoinedCheckpoint {
  const versions = { ...stored.channel_versions };
  const values = { ...stored.channel_values };
  const partVersions: ChannelVersions = {};
  let isWhole = true;
  for (const channel of listChannels) {
    const names = partsOf(channel, versions);
    if (names.length === 0) {
      // Runs that began before lists were stored in parts have them whole, or by agent key.
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
    .toSorted((one, other) => placeOf(one) - placeOf(other));
}

function placeOf(part: string): number {
  return Number(part.slice(part.lastIndexOf(separator) + 1));
}

function listOf(values: Readonly<Record<string, unknown>>, channel: string): unknown[] {
  const value = values[channel];
  return Array.isArray(value) ? value : [];
}
