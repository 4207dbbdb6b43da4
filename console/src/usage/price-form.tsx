import { useState } from "preact/hooks";
import { type ApiError, toApiError } from "../api/problem.ts";
import type { Model } from "../api/types.ts";
import { api } from "../app-context.ts";
import { ProblemNote } from "../parts/states.tsx";

type FormProps = { models: readonly Model[]; onAdded: () => void; onCancel: () => void };

/** Adds a version of prices: for each model the factor of its credits, from a time on. */
export function PriceForm({ models, onAdded, onCancel }: FormProps) {
  const [version, setVersion] = useState("");
  const [from, setFrom] = useState("");
  const [factors, setFactors] = useState(() =>
    Object.fromEntries(models.map(({ alias, multiplier }) => [alias, multiplier.toFixed(2)])),
  );
  const [error, setError] = useState<ApiError>();
  const add = async (event: Event) => {
    event.preventDefault();
    setError(undefined);
    try {
      await api.addPrices({
        version,
        ...(from === "" ? {} : { effective_at: new Date(from).toISOString() }),
        prices: Object.entries(factors)
          .filter(([, multiplier]) => multiplier !== "")
          .map(([alias, multiplier]) => ({ alias, multiplier })),
      });
      onAdded();
    } catch (failure) {
      setError(toApiError(failure));
    }
  };
  return (
    <form class="price-form" onSubmit={(event) => void add(event)}>
      <p class="help">
        Prices never change once they are added. A turn keeps those that held when it started. A model without
        a factor cannot be used within a budget.
      </p>
      <div class="usage-choice">
        <input
          aria-label="Name of the prices"
          placeholder="Name, like 2027-01"
          maxLength={64}
          required
          value={version}
          onInput={(event) => setVersion(event.currentTarget.value)}
        />
        <label>
          From{" "}
          <input type="datetime-local" value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
        </label>
        <span class="help">Without a time: from now on.</span>
      </div>
      <div class="price-list">
        {models.map(({ alias }) => (
          <label key={alias}>
            {alias}
            <input
              inputMode="decimal"
              aria-label={`Factor of ${alias}`}
              value={factors[alias] ?? ""}
              onInput={(event) => setFactors({ ...factors, [alias]: event.currentTarget.value.trim() })}
            />
          </label>
        ))}
      </div>
      {error && <ProblemNote error={error} />}
      <div class="usage-choice">
        <button type="submit" class="button button-main">
          Add the prices
        </button>
        <button type="button" class="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}
