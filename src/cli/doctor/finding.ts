/** What one check found. A failure says what to do. */
export interface Finding {
  readonly state: 'ok' | 'note' | 'fail'
  readonly what: string
  readonly text: string
}

export const ok = (what: string, text: string): Finding => ({ state: 'ok', what, text })
export const note = (what: string, text: string): Finding => ({ state: 'note', what, text })
export const fail = (what: string, text: string): Finding => ({ state: 'fail', what, text })

/** An error as its code, where it has one. */
export const wordsOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
