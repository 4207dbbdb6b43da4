import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { unreachable } from "../api/problem.ts";
import { Loading, ProblemNote } from "./states.tsx";

type LazyProps<Props> = { load: () => Promise<ComponentType<Props>>; props: Props };

/** A screen whose code is fetched when it is first opened. */
export function Lazy<Props extends object>({ load, props }: LazyProps<Props>) {
  const [Screen, setScreen] = useState<ComponentType<Props>>();
  const [isMissing, setMissing] = useState(false);
  const start = () => {
    setMissing(false);
    load().then(
      (loaded) => setScreen(() => loaded),
      () => setMissing(true),
    );
  };
  useEffect(start, [load]);
  if (isMissing) return <ProblemNote error={unreachable()} onRetry={start} />;
  return Screen === undefined ? <Loading what="the page" /> : <Screen {...props} />;
}
