import { type NeonExchange, startNeonEndpoint } from "../../dev/neon-endpoint.ts";
import { servePeer } from "./serve-peer.ts";

export type DatabaseOptions = { connectionString: string; maxConnections: number };

export type DatabaseQuestions = {
  /** The requests since the last time this was asked. */
  takeExchanges: { input: undefined; output: NeonExchange[] };
};

servePeer<DatabaseOptions, DatabaseQuestions>(async (options) => {
  let exchanges: NeonExchange[] = [];
  const { url } = await startNeonEndpoint({
    ...options,
    onExchange: (exchange) => exchanges.push(exchange),
  });
  return {
    url,
    answers: {
      takeExchanges() {
        const taken = exchanges;
        exchanges = [];
        return taken;
      },
    },
  };
});
