import { useLayoutEffect, useReducer } from "preact/hooks";

/** A value that components watch. */
export type Cell<Value> = {
  get(): Value;
  set(value: Value): void;
  /** Returns a function that ends it. */
  subscribe(onChange: () => void): () => void;
};

export function createCell<Value>(initial: Value): Cell<Value> {
  let value = initial;
  const watchers = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const onChange of [...watchers]) onChange();
    },
    subscribe(onChange) {
      watchers.add(onChange);
      return () => watchers.delete(onChange);
    },
  };
}

/** The value of a cell; the component is drawn again when it changes. */
export function useCell<Value>(cell: Cell<Value>): Value {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useLayoutEffect(() => cell.subscribe(() => draw(undefined)), [cell]);
  return cell.get();
}
