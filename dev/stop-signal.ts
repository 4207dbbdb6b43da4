/** Resolves at the first Ctrl-C, SIGTERM or hang-up, none of which ends this process any more, or when nobody reads. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => resolve());
    process.stdout.on("error", () => resolve());
  });
}
