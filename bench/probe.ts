import { ANSWERS } from './answers.ts'
import { REQUEST_HEADERS, requestBody } from './requests.ts'
import { pathOf, type Scenario, type Wire } from './scenarios.ts'

/** Asks once and says what is wrong with the answer, if anything: a fast wrong answer is worth no figure. */
export async function probe(scenario: Scenario, wire: Wire, origin: string): Promise<string | undefined> {
  const response = await fetch(origin + pathOf(scenario, wire), {
    method: 'POST',
    headers: REQUEST_HEADERS[wire],
    body: requestBody(scenario, wire),
    signal: AbortSignal.timeout(20_000),
  })
  const body = await response.text()
  if (response.status !== 200) return `${scenario.title}: status ${response.status}: ${body.slice(0, 500)}`
  const said = pieces(body, scenario.stream).map(READ[wire]).join('')
  if (said === ANSWERS[scenario.model].text) return undefined
  return `${scenario.title}: the answer reads ${JSON.stringify(said.slice(0, 300))}`
}

function pieces(body: string, stream: boolean): unknown[] {
  const texts = stream ? [...body.matchAll(/^data: (\{.*)$/gm)].map((match) => match[1] ?? '') : [body]
  return texts.map((text) => JSON.parse(text) as unknown)
}

/** What one event, chunk or whole answer says: its text and its tool calls' arguments. */
const READ: Readonly<Record<Wire, (piece: unknown) => string>> = {
  messages: (piece) => {
    const { content, delta } = piece as { content?: Said[]; delta?: Said }
    return [...(content ?? []), delta ?? {}].map((said) => said.text ?? said.partial_json ?? '').join('')
  },
  chat: (piece) => {
    const { delta, message } =
      (piece as { choices: Array<{ delta?: Spoken; message?: Spoken }> }).choices[0] ?? {}
    const spoken = delta ?? message
    const calls = (spoken?.tool_calls ?? []).map((call) => call.function.arguments)
    return [spoken?.content ?? '', ...calls].join('')
  },
}

interface Said {
  readonly text?: string
  readonly partial_json?: string
}

interface Spoken {
  readonly content?: string | null
  readonly tool_calls?: ReadonlyArray<{ readonly function: { readonly arguments: string } }>
}
