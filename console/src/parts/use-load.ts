import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type ApiError, toApiError } from "../api/problem.ts";

export type Loaded<Value> = {
  value: Value | undefined;
  error: ApiError | undefined;
  /** Asks again; what is shown stays until the answer has come. */
  reload(): Promise<void>;
  /** Shows a value that another answer already had, without a request. */
  set(value: Value): void;
};

/** Loads when the screen is opened, and again when `key` changes. An answer that comes too late is dropped. */
export function useLoad<Value>(key: string, load: () => Promise<Value>): Loaded<Value> {
  const [state, setState] = useState<{ key: string; value?: Value; error?: ApiError }>({ key });
  const latest = useRef(0);
  const loader = useRef(load);
  loader.current = load;
  const reload = useCallback(async () => {
    latest.current += 1;
    const request = latest.current;
    const answer = await loader.current().then(
      (value) => ({ value }),
      (error: unknown) => ({ error: toApiError(error) }),
    );
    if (request === latest.current) setState({ key, ...answer });
  }, [key]);
  useEffect(() => {
    void reload();
    return () => {
      latest.current += 1;
    };
  }, [reload]);
  const isCurrent = state.key === key;
  return {
    value: isCurrent ? state.value : undefined,
    error: isCurrent ? state.error : undefined,
    reload,
    set: (value) => setState({ key, value }),
  };
}
