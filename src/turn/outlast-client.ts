/**
 * Tells `giveUp` once a client has been gone for `graceMs`: so long its run goes on without it. Gives what
 * ends the watch.
 */
export function outlastClient(clientGone: AbortSignal, graceMs: number, giveUp: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const wait = () => {
    timer = setTimeout(giveUp, graceMs);
  };
  if (clientGone.aborted) wait();
  else clientGone.addEventListener("abort", wait, { once: true });
  return () => {
    clientGone.removeEventListener("abort", wait);
    clearTimeout(timer);
  };
}
