import { namesInKeychain } from '../config/ask-keychain.ts'
import { type Keychain, keychainFault, keychainNeeds, nothingKept } from '../config/keychain.ts'
import { ConfigError, didYouMean, quote } from '../config/problem.ts'
import { fileKey, type Setting, SETTINGS } from '../config/schema.ts'
import { isKeychainName, referenceTo, secretFromText, shownName } from '../config/secrets.ts'
import { CommandFailure, type Invocation } from './command.ts'
import { renderTable } from './text-table.ts'

const ACTIONS = ['set', 'delete', 'list'] as const
type Action = (typeof ACTIONS)[number]

/** Stores, deletes and lists secrets in the operating system's keychain; none is ever shown. */
export async function manageKeychain({ words, sources, say }: Invocation): Promise<number> {
  const [word = '', name] = words
  const action = ACTIONS.find((known) => known === word)
  if (!action)
    throw new ConfigError([
      word === ''
        ? `keychain: needs one of ${ACTIONS.join(', ')}`
        : `keychain: ${quote(word)}: unknown${didYouMean(word, ACTIONS)}`,
    ])
  const { keychain, platform } = sources
  if (!keychain) throw new CommandFailure('there is no keychain here')
  const safe = guarded(keychain, platform)
  if (action === 'list') say(await list(safe, namesInKeychain(sources)))
  else if (action === 'set') say(await store(checkName(action, name), safe))
  else say(await remove(checkName(action, name), safe, platform))
  return 0
}

/** A keychain whose failures are told in words. */
function guarded(keychain: Keychain, platform: string): Keychain {
  const told = async <Result>(asked: Promise<Result>): Promise<Result> => {
    try {
      return await asked
    } catch (error) {
      const words = [keychainFault(error), keychainNeeds(platform)].filter((part) => part !== undefined)
      throw new CommandFailure(words.join('; '))
    }
  }
  return {
    get: async (name) => told(keychain.get(name)),
    set: async (name, secret) => told(keychain.set(name, secret)),
    delete: async (name) => told(keychain.delete(name)),
  }
}

function checkName(action: Action, name: string | undefined): string {
  if (name === undefined)
    throw new ConfigError([`keychain ${action}: needs a name, such as ${SETTINGS.openrouterApiKey.name}`])
  if (!isKeychainName(name))
    throw new ConfigError([
      `keychain ${action}: ${quote(name)} is no name; allowed: up to 100 letters, digits and . _ -`,
    ])
  return name
}

const SECRETS = Object.values<Setting>(SETTINGS).filter(({ secret }) => secret)

async function store(name: string, keychain: Keychain): Promise<string> {
  const secret = await readSecret(name)
  const setting = SECRETS.find((known) => known.name === name)
  if (setting && setting.kind.read(secretFromText(secret)) === undefined)
    throw new CommandFailure(`${name}: the value is not allowed; allowed: ${setting.kind.allowed}`)
  await keychain.set(name, secret)
  return `stored; ${howToUse(name, setting)}\n`
}

function howToUse(name: string, setting: Setting | undefined): string {
  const reference = referenceTo(name)
  if (setting) return `used with ${name}=${reference}, or ${fileKey(setting)} = "${reference}" in the file`
  const hint = didYouMean(
    name,
    SECRETS.map((known) => known.name),
  )
  return `used where a secret of the configuration file is "${reference}"${hint}`
}

/** From standard input, or hidden from a person at a terminal. */
async function readSecret(name: string): Promise<string> {
  const text = process.stdin.isTTY ? await ask(name) : await Bun.stdin.text()
  if (text.trim() === '')
    throw new CommandFailure(
      `keychain set ${name}: there was no secret on standard input; nothing was stored`,
    )
  return text.trim()
}

async function ask(name: string): Promise<string> {
  const { password } = await import('@clack/prompts')
  const given = await password({ message: `The secret for ${name}` })
  if (typeof given === 'symbol') throw new CommandFailure('nothing was stored')
  return given ?? ''
}

async function remove(name: string, keychain: Keychain, platform: string): Promise<string> {
  if (!(await keychain.delete(name))) throw new CommandFailure(nothingKept(name, platform))
  return 'deleted\n'
}

async function list(keychain: Keychain, used: readonly string[]): Promise<string> {
  const names = [...new Set([...SECRETS.map(({ name }) => name), ...used])]
  const rows: string[][] = []
  for (const name of names) {
    const isStored = (await keychain.get(name)) !== undefined
    rows.push([shownName(name), isStored ? 'yes' : 'no', used.includes(name) ? 'yes' : 'no'])
  }
  return renderTable(['NAME', 'STORED', 'USED'], rows)
}
