/** What a peer can be asked while it runs: by name, what it takes and what it gives. */
export type Questions = Record<string, { input: unknown; output: unknown }>;

/** A peer is started once. Then it answers questions; each answer has the number of its question. */
export type ToPeer =
  | { kind: "start"; options: unknown }
  | { kind: "ask"; number: number; name: string; input: unknown };

export type FromPeer =
  | { kind: "ready"; url: string }
  | { kind: "answer"; number: number; output: unknown }
  | { kind: "failed"; reason: string };
