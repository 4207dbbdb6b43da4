import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Api, createApi } from "./api/api.ts";
import { createClient } from "./api/client.ts";
import { type Features, noFeatures } from "./api/features.ts";
import type { User } from "./api/types.ts";
import { signOut, token } from "./auth/token.ts";

export const api: Api = createApi(createClient(token.get, () => signOut("ended")));

export type Account = { user: User | undefined; features: Features; isOperator: boolean };

export const AccountContext = createContext<Account>({
  user: undefined,
  features: noFeatures,
  isOperator: false,
});

/** Who is signed in, and what the server can do. Both are unknown until their answers have come. */
export function useAccount(): Account {
  return useContext(AccountContext);
}
