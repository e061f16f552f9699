/** What a piece of work fails with; it must fail. */
export async function thrownBy(work: PromiseLike<unknown>): Promise<Error> {
  try {
    await work
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
  throw new Error('nothing was thrown')
}
