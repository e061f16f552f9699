/** Waits until a condition holds, looking every few milliseconds; fails with its name when it takes too long. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`did not come true in ${timeoutMs} ms: ${what}`)
    await Bun.sleep(5)
  }
}
