import { ConfigError, didYouMean, quote } from '../config/problem.ts'
import { flagName, isSwitch, type Setting, SETTINGS } from '../config/schema.ts'
import { quoteFish, quotePosix, type Shell, SHELLS } from './claude-environment.ts'
import type { Command, Invocation } from './command.ts'
import { COMMANDS } from './commands.ts'
import { PROGRAM } from './words.ts'

/** Prints the script that completes commands and flags in a shell. */
export async function printCompletions({ words: [given = ''], say }: Invocation): Promise<number> {
  const shell = SHELLS.find((known) => known === given.toLowerCase())
  if (!shell)
    throw new ConfigError([
      `${quote(given)}: no known shell; allowed: ${SHELLS.join(', ')}${didYouMean(given, SHELLS)}`,
    ])
  say(SCRIPTS[shell](readVocabulary()))
  return 0
}

interface Word {
  readonly word: string
  readonly description: string
}

interface Vocabulary {
  readonly commands: ReadonlyArray<Word & { readonly flags: readonly Word[] }>
  /** Flags that may stand behind every command. */
  readonly settings: readonly Word[]
}

const readVocabulary = (): Vocabulary => ({
  commands: Object.entries<Command>(COMMANDS).map(([word, { summary, options = {} }]) => ({
    word,
    description: summary,
    flags: Object.entries(options).map(([flag, { description }]) => ({ word: `--${flag}`, description })),
  })),
  settings: Object.values<Setting>(SETTINGS).flatMap((setting) => {
    const { description } = setting
    const name = flagName(setting)
    const words = isSwitch(setting) ? [name, `no-${name}`] : [name]
    return words.map((word) => ({ word: `--${word}`, description }))
  }),
})

const joined = (words: readonly Word[]): string => words.map(({ word }) => word).join(' ')

const SCRIPTS: Readonly<Record<Shell, (vocabulary: Vocabulary) => string>> = {
  bash: ({ commands, settings }) => `_openrouter_anthropic_server() {
  local current=\${COMP_WORDS[COMP_CWORD]} command=\${COMP_WORDS[1]} flags=''
  case $command in
${commands.map(({ word, flags }) => `    ${word}) flags='${joined(flags)}' ;;`).join('\n')}
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags --help --version ${joined(settings)}" -- "$current"))
  elif [[ $COMP_CWORD == 1 ]]; then
    COMPREPLY=($(compgen -W '${joined(commands)}' -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F _openrouter_anthropic_server ${PROGRAM}
`,
  zsh: ({ commands, settings }) => `#compdef ${PROGRAM}
_openrouter_anthropic_server() {
  local -a commands settings own
  commands=(${commands.map(({ word, description }) => quotePosix(`${word}:${description}`)).join(' ')})
  settings=(${settings.map(({ word, description }) => quotePosix(`${word}:${description}`)).join(' ')})
  case $words[2] in
${commands
  .map(
    ({ word, flags }) =>
      `    ${word}) own=(${flags.map((flag) => quotePosix(`${flag.word}:${flag.description}`)).join(' ')}) ;;`,
  )
  .join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o flag own -- settings
  elif (( CURRENT == 2 )); then
    _describe command commands
  else
    _files
  fi
}
compdef _openrouter_anthropic_server ${PROGRAM}
`,
  fish: ({ commands, settings }) =>
    [
      ...commands.map(
        ({ word, description }) =>
          `complete -c ${PROGRAM} -n __fish_use_subcommand -f -a ${word} -d ${quoteFish(description)}`,
      ),
      ...commands.flatMap(({ word, flags }) =>
        flags.map(
          (flag) =>
            `complete -c ${PROGRAM} -n '__fish_seen_subcommand_from ${word}' -l ${flag.word.slice(2)} -d ${quoteFish(flag.description)}`,
        ),
      ),
      ...settings.map(
        ({ word, description }) => `complete -c ${PROGRAM} -l ${word.slice(2)} -d ${quoteFish(description)}`,
      ),
      '',
    ].join('\n'),
  powershell: ({
    commands,
    settings,
  }) => `Register-ArgumentCompleter -Native -CommandName ${PROGRAM} -ScriptBlock {
  param($word, $line, $position)
  $own = @{
${commands.map(({ word, flags }) => `    '${word}' = @(${flags.map((flag) => `'${flag.word}'`).join(', ')})`).join('\n')}
  }
  $command = $line.CommandElements | Select-Object -Skip 1 -First 1
  $known = if ($word -like '-*') { @($own["$command"]) + @(${settings.map(({ word }) => `'${word}'`).join(', ')}) } else { $own.Keys }
  $known | Where-Object { $_ -like "$word*" } | Sort-Object | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`,
}
