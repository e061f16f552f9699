import { ToolFailure } from '../failure.ts'

/** The words of a command; undefined for one that only the run decides. */
export type Values = readonly (string | undefined)[]

/** The command that a command runs, or the text that a shell reads. */
export type Inner = { readonly words: Values } | { readonly script: string }

/** Commands whose words are another command, and how to find it. Undefined: it runs none this time. */
type Unwrap = (words: Values) => readonly Inner[]

const UNREADABLE = 'It is not clear which command this runs'

/** The first word that is no option; options that take a value are named. */
function afterOptions(words: Values, withValue: RegExp, flags: RegExp): Values {
  for (let index = 0; index < words.length; index++) {
    const word = words[index]
    if (word === undefined) throw new ToolFailure('refused', `${UNREADABLE}: write its name out.`)
    if (word === '--') return words.slice(index + 1)
    if (!word.startsWith('-') || word === '-') return words.slice(index)
    if (withValue.test(word)) index++
    else if (!flags.test(word))
      throw new ToolFailure('refused', `${UNREADABLE}: the option ${word} is not known.`)
  }
  return []
}

const innerOf = (words: Values): readonly Inner[] => (words.length === 0 ? [] : [{ words }])

const withoutSettings = (words: Values): Values => {
  const index = words.findIndex((word) => word === undefined || !/^[a-z_]\w*=/.test(word))
  return index === -1 ? [] : words.slice(index)
}

const NOTHING = /^$/

const shell: Unwrap = (words) => {
  const index = words.findIndex((word) => word === undefined || /^-[a-z]*c$/.test(word))
  if (index === -1) return []
  const script = words[index + 1]
  if (words[index] === undefined || script === undefined)
    throw new ToolFailure(
      'refused',
      `${UNREADABLE}: give the shell its command as one text in single quotes.`,
    )
  return [{ script }]
}

const findExec: Unwrap = (words) =>
  words.flatMap((word, index): readonly Inner[] => {
    if (word === undefined || !/^-(?:exec|execdir|ok|okdir)$/.test(word)) return []
    const end = words.findIndex((other, at) => at > index && (other === ';' || other === '+'))
    return innerOf(words.slice(index + 1, end === -1 ? undefined : end))
  })

/** By name. Only what stands here may run other commands; what it runs must be allowed as well. */
export const WRAPPERS: ReadonlyMap<string, Unwrap> = new Map<string, Unwrap>([
  [
    'env',
    (words) =>
      innerOf(withoutSettings(afterOptions(words, /^-[uC]$/, /^(?:-i|-0|--null|--ignore-environment)$/))),
  ],
  [
    'timeout',
    (words) => innerOf(afterOptions(words, /^-[ks]$/, /^(?:--foreground|--preserve-status|-v)$/).slice(1)),
  ],
  ['nice', (words) => innerOf(afterOptions(words, /^-n$/, /^-\d+$/))],
  ['nohup', (words) => innerOf(afterOptions(words, NOTHING, NOTHING))],
  ['setsid', (words) => innerOf(afterOptions(words, NOTHING, /^-[cfw]+$/))],
  ['stdbuf', (words) => innerOf(afterOptions(words, /^-[ioe]$/, /^-[ioe]\w+$/))],
  ['time', (words) => innerOf(afterOptions(words, /^-[fo]$/, /^-[pva]+$/))],
  ['coproc', (words) => innerOf(afterOptions(words, NOTHING, NOTHING))],
  ['command', (words) => innerOf(afterOptions(words, NOTHING, /^-[pvV]+$/))],
  ['builtin', (words) => innerOf(afterOptions(words, NOTHING, NOTHING))],
  ['exec', (words) => innerOf(afterOptions(words, /^-a$/, /^-[cl]+$/))],
  [
    'xargs',
    (words) =>
      innerOf(
        afterOptions(words, /^-[IELnPsda]$/, /^(?:-[0rtpxo]+|-[IELnPsda].+|--null|--no-run-if-empty)$/),
      ),
  ],
  ['find', findExec],
  ['sh', shell],
  ['bash', shell],
  ['dash', shell],
  ['zsh', shell],
  ['ksh', shell],
])
