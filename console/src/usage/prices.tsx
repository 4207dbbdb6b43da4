import { useState } from "preact/hooks";
import type { PricingVersion } from "../api/types.ts";
import { api } from "../app-context.ts";
import { formatInstant } from "../parts/format.ts";
import { Loading, ProblemNote } from "../parts/states.tsx";
import { useLoad } from "../parts/use-load.ts";
import { PriceForm } from "./price-form.tsx";

/** The prices that hold or held, and a form for those to come. */
export function Prices() {
  const { value, error, reload } = useLoad("prices", () =>
    Promise.all([api.pricingVersions(), api.models()]),
  );
  const [isAdding, setIsAdding] = useState(false);
  return (
    <section class="receipt-part">
      <h2>Prices</h2>
      {error && <ProblemNote error={error} onRetry={reload} />}
      {value === undefined && error === undefined && <Loading what="the prices" />}
      {value?.[0].map((version) => (
        <Version key={version.version} of={version} />
      ))}
      {value && !isAdding && (
        <button type="button" class="button" onClick={() => setIsAdding(true)}>
          New prices
        </button>
      )}
      {value && isAdding && (
        <PriceForm
          models={value[1]}
          onAdded={() => {
            setIsAdding(false);
            void reload();
          }}
          onCancel={() => setIsAdding(false)}
        />
      )}
    </section>
  );
}

function Version({ of: { version, effective_at: at, created_by: by, prices } }: { of: PricingVersion }) {
  return (
    <details class="fold">
      <summary>
        <strong>{version}</strong> {at === null ? "of the deployment" : `from ${formatInstant(at)}`}
        {by !== null && ` by ${by}`}
      </summary>
      <p>{prices.map(({ alias, multiplier }) => `${alias} × ${multiplier}`).join(", ")}</p>
    </details>
  );
}
