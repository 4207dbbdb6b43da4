import type { FromPeer, Questions, ToPeer } from "./peer-messages.ts";

export type PeerServer<Asked extends Questions> = {
  url: string;
  answers: {
    [Name in keyof Asked]: (
      input: Asked[Name]["input"],
    ) => Asked[Name]["output"] | Promise<Asked[Name]["output"]>;
  };
};

/** Runs this process as a peer: started by its first message, ended with its parent. */
export function servePeer<Options, Asked extends Questions>(
  start: (options: Options) => Promise<PeerServer<Asked>>,
): void {
  let serving: PeerServer<Asked> | undefined;
  const answer = async (message: ToPeer): Promise<FromPeer> => {
    if (message.kind === "start") {
      // `startPeer` is given the options that its module takes.
      serving = await start(message.options as Options);
      return { kind: "ready", url: serving.url };
    }
    const output = await serving?.answers[message.name]?.(message.input);
    return { kind: "answer", number: message.number, output };
  };
  process.on("message", (message: ToPeer) => {
    answer(message)
      .catch((error: unknown): FromPeer => ({ kind: "failed", reason: String(error) }))
      .then((reply) => process.send?.(reply));
  });
  process.on("disconnect", () => process.exit(0));
  // Ctrl-C reaches the whole group; the parent ends its peers in order.
  process.on("SIGINT", () => undefined);
}
