import { message, type Place, post } from './api.ts'

/** A text that tells the demo upstream what to answer. */
export const script = (...turns: readonly object[][]): string => `~~~demo\n${JSON.stringify(turns)}\n~~~`

/** Asks a server without key and base URL for the request that reached its demo upstream; it takes `system` for itself. */
export async function echoOf(
  server: Place,
  fields: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<any> {
  // A script moves on with every answer that the conversation holds already.
  const turns = Array.from({ length: 10 }, () => [{ echo: 'request' }])
  const system = [{ type: 'text', text: script(...turns) }]
  const response = await post(server, message({ max_tokens: 50_000, ...fields, system }), { headers })
  const answer: any = await response.json()
  if (response.status !== 200) throw new Error(`status ${response.status}: ${JSON.stringify(answer)}`)
  return JSON.parse(answer.content.find((block: any) => block.type === 'text').text)
}
