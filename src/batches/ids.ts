const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_CHARS = 22

/** The id of a batch, in Anthropic's form. */
export function newBatchId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(RANDOM_CHARS))
  return `msgbatch_01${Array.from(bytes, (byte) => ALPHABET[byte % ALPHABET.length]).join('')}`
}

/** The id of one request of a batch, in the form that requests of clients have. */
export const newRequestId = (): string => `req_${crypto.randomUUID().replaceAll('-', '')}`
