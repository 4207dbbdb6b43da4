/** Resolves once `condition` holds. It asks again as soon as it was answered, and gives up after a while. */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  withinMs = 10_000,
): Promise<void> {
  const deadlineMs = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new Error(`waited in vain until ${what}`);
  }
}
