/** What a peer can be asked while it runs: by name, what it takes and what it gives. */
export type Questions = Record<string, { input: unknown; output: unknown }>;

/** A peer is told to start once; then it answers what it is asked, each answer under its question's number. */
export type ToPeer =
  | { kind: "start"; options: unknown }
  | { kind: "ask"; number: number; name: string; input: unknown };

export type FromPeer =
  | { kind: "ready"; url: string }
  | { kind: "answer"; number: number; output: unknown }
  | { kind: "failed"; reason: string };
