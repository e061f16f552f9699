import { SETTINGS } from '../config/schema.ts'
import { CommandFailure, type Invocation } from './command.ts'
import { type Answers, renderConfig } from './config/new-config.ts'
import { writeNewConfig } from './config/write.ts'
import { PROGRAM } from './words.ts'

/** Writes a commented configuration file, after a few questions or, with `--yes`, with none. */
export async function runInit({ options, sources, say }: Invocation): Promise<number> {
  const isAsked = options['yes'] !== true
  if (isAsked && !process.stdin.isTTY)
    throw new CommandFailure(
      'init asks questions and this is no terminal; --yes writes the file without them',
    )
  const answers = isAsked ? await ask() : NO_ANSWERS
  if (!answers) return 1
  const path = writeNewConfig(renderConfig(answers), sources)
  say(
    `written: ${path}\n\n  ${PROGRAM} doctor   checks it\n  ${PROGRAM}          serves\n  ${PROGRAM} code     runs Claude Code on it\n`,
  )
  return 0
}

const NO_ANSWERS: Answers = { apiKey: '', baseUrl: '', big: '', small: '', port: '' }

/** Undefined where the person breaks it off. */
async function ask(): Promise<Answers | undefined> {
  const { cancel, intro, outro, password, select, text } = await import('@clack/prompts')
  const check =
    (setting: { readonly kind: { readonly read: (text: string) => unknown; readonly allowed: string } }) =>
    (given: string | undefined): string | undefined =>
      given === undefined || given.trim() === '' || setting.kind.read(given.trim()) !== undefined
        ? undefined
        : `allowed: ${setting.kind.allowed}`
  const answer = async (asked: Promise<string | symbol>): Promise<string> => {
    const given = await asked
    if (typeof given === 'symbol') throw new Interrupted()
    return given?.trim() ?? ''
  }
  intro(PROGRAM)
  try {
    const where = await answer(
      select({
        message: 'Which models?',
        options: [
          { value: 'openrouter', label: 'Those of OpenRouter', hint: 'with a key of openrouter.ai/keys' },
          {
            value: 'other',
            label: 'Those of an OpenAI-compatible server',
            hint: 'Ollama, vLLM, llama.cpp …',
          },
          { value: 'demo', label: 'None yet', hint: 'the built-in demo answers' },
        ],
      }),
    )
    const isOther = where === 'other'
    const answers = {
      baseUrl: isOther
        ? await answer(
            text({
              message: 'Its address, with /v1',
              placeholder: 'http://127.0.0.1:11434/v1',
              validate: check(SETTINGS.openrouterBaseUrl),
            }),
          )
        : '',
      apiKey:
        where === 'demo'
          ? ''
          : await answer(
              password({
                message: isOther ? 'Its key, if it wants one' : 'The key',
                validate: check(SETTINGS.openrouterApiKey),
              }),
            ),
      big: await answer(
        text({
          message: 'The model for the main work (empty: the built-in choice)',
          validate: check(SETTINGS.anthropicModel),
        }),
      ),
      small: await answer(
        text({
          message: 'The model for small, fast work (empty: the built-in choice)',
          validate: check(SETTINGS.anthropicSmallFastModel),
        }),
      ),
      port: await answer(
        text({ message: 'The port', placeholder: SETTINGS.port.default, validate: check(SETTINGS.port) }),
      ),
    }
    outro('That is all.')
    return answers
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    cancel('Nothing was written.')
    return undefined
  }
}

class Interrupted extends Error {
  override readonly name = 'Interrupted'
}
