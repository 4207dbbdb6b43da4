/** Resolves at the first Ctrl-C, SIGTERM or hang-up, none of which ends this process any more. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => resolve());
  });
}
