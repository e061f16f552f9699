import { createClock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import { DEFAULT_UPSTREAM } from '../core/upstream.ts'
import { createLog } from '../observability/log.ts'
import { createMemory, createServices } from '../services.ts'
import type { ModelRecord } from '../wire/openrouter/models.ts'
import { CommandFailure, type Invocation } from './command.ts'
import { renderTable } from './text-table.ts'

/** One line of the list. */
interface Row {
  readonly name: string
  readonly record: ModelRecord
}

/** Prints the upstreams' models that hold all the words, as a table or as JSON. */
export async function printModels({ load, words, options, say }: Invocation): Promise<number> {
  const rows = (await listRows(await load())).filter(({ name, record }) =>
    holds(`${name} ${record.name ?? ''}`, words),
  )
  if (options['json']) {
    say(`${JSON.stringify(rows.map(({ name, record }) => ({ ...record, id: name })))}\n`)
    return 0
  }
  if (rows.length === 0) throw new CommandFailure(`no model has ${words.join(' ')} in its name`)
  say(renderTable(HEADINGS, rows.map(toCells)))
  say(
    `\n${rows.length} ${rows.length === 1 ? 'model' : 'models'}; prices are US dollars per million tokens\n`,
  )
  return 0
}

/** Every upstream's models, as its catalogue names them; all but the default upstream's have its name before theirs. */
async function listRows(config: Config): Promise<readonly Row[]> {
  const clock = createClock()
  const failures: string[] = []
  const log = createLog({
    level: 'warn',
    write: (line) => failures.push(line),
    now: () => clock.now(),
  })
  const memory = createMemory({ ...config, enableCaching: false }, clock, log)
  const { upstreams } = createServices(config, memory, clock, log)
  const lists = await Promise.all(
    upstreams.all.map(async ({ name, catalogue }) =>
      (await catalogue.list()).map((record) => ({
        name: name === DEFAULT_UPSTREAM ? record.id : `${name}/${record.id}`,
        record,
      })),
    ),
  )
  const rows = lists.flat()
  log.flush()
  if (rows.length === 0)
    throw new CommandFailure(
      `no upstream listed its models; "doctor" says why\n${failures.join('').trimEnd()}`.trimEnd(),
    )
  return rows.toSorted((one, other) => one.name.localeCompare(other.name))
}

const holds = (text: string, words: readonly string[]): boolean =>
  words.every((word) => text.toLowerCase().includes(word.toLowerCase()))

const HEADINGS = ['MODEL', 'CONTEXT', 'OUTPUT', 'IN $', 'OUT $', 'CAN'] as const

const toCells = ({ name, record }: Row): readonly string[] => [
  name,
  inThousands(record.context_length),
  inThousands(record.top_provider?.max_completion_tokens),
  perMillion(record.pricing?.prompt),
  perMillion(record.pricing?.completion),
  abilities(record),
]

const inThousands = (tokens: number | null | undefined): string =>
  typeof tokens === 'number' ? `${Math.round(tokens / 1000)}k` : '-'

function perMillion(perToken: string | number | null | undefined): string {
  const price = Number(perToken ?? NaN) * 1e6
  if (!Number.isFinite(price) || price < 0) return '-'
  return price === 0 ? 'free' : String(Number(price.toPrecision(4)))
}

function abilities({ supported_parameters: parameters, architecture }: ModelRecord): string {
  const found = [
    parameters?.includes('tools') && 'tools',
    parameters?.includes('reasoning') && 'thinking',
    parameters?.includes('structured_outputs') && 'json',
    architecture?.input_modalities?.includes('image') && 'images',
    architecture?.input_modalities?.includes('file') && 'files',
  ]
  return found.filter(Boolean).join(' ') || '-'
}
