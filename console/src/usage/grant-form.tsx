import { useState } from "preact/hooks";
import { type ApiError, toApiError } from "../api/problem.ts";
import type { Wallet } from "../api/types.ts";
import { api } from "../app-context.ts";
import { ProblemNote } from "../parts/states.tsx";
import { WalletCard } from "./wallet-cards.tsx";

/** Grants credits to a user, sets a limit of a day or a month, and shows the wallet. */
export function GrantForm() {
  const [userId, setUserId] = useState("");
  const [amount, setAmount] = useState("");
  const [note, setNote] = useState("");
  const [period, setPeriod] = useState<"day" | "month">("day");
  // The same key until a grant is made: a second press grants nothing.
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [wallet, setWallet] = useState<Wallet>();
  const [notice, setNotice] = useState("");
  const [error, setError] = useState<ApiError>();
  const attempt = async (work: () => Promise<string>) => {
    setError(undefined);
    setNotice("");
    try {
      setNotice(await work());
    } catch (failure) {
      setError(toApiError(failure));
    }
  };
  const show = () =>
    attempt(async () => {
      setWallet(await api.userWallet(userId));
      return "";
    });
  const grant = () =>
    attempt(async () => {
      const granted = await api.grant(userId, amount, note.trim(), key);
      setWallet(granted.wallet);
      setKey(crypto.randomUUID());
      return `${amount} credits are granted.`;
    });
  const limit = () =>
    attempt(async () => {
      await api.limitUser(userId, period, amount === "" ? null : amount);
      return amount === "" ? `No limit of a ${period}.` : `At most ${amount} credits a ${period}.`;
    });
  return (
    <section class="receipt-part grant">
      <h2>A user's credits</h2>
      <div class="usage-choice">
        <input
          aria-label="User id"
          placeholder="User id"
          value={userId}
          onInput={(event) => setUserId(event.currentTarget.value)}
        />
        <button type="button" class="button" disabled={userId === ""} onClick={() => void show()}>
          Show the wallet
        </button>
        <input
          aria-label="Credits"
          placeholder="Credits"
          inputMode="decimal"
          value={amount}
          onInput={(event) => setAmount(event.currentTarget.value)}
        />
        <input
          aria-label="Note"
          placeholder="Note"
          maxLength={500}
          value={note}
          onInput={(event) => setNote(event.currentTarget.value)}
        />
        <button
          type="button"
          class="button button-main"
          disabled={userId === "" || amount === ""}
          onClick={() => void grant()}
        >
          Grant
        </button>
        <select
          aria-label="Period"
          value={period}
          onChange={(event) => setPeriod(event.currentTarget.value === "month" ? "month" : "day")}
        >
          <option value="day">a day</option>
          <option value="month">a month</option>
        </select>
        <button type="button" class="button" disabled={userId === ""} onClick={() => void limit()}>
          Limit
        </button>
      </div>
      <p role="status">{notice}</p>
      {error && <ProblemNote error={error} />}
      {wallet && <WalletCard wallet={wallet} />}
    </section>
  );
}
