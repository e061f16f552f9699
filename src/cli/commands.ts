import type { Command } from './command.ts'
import { SERVER_OPTIONS } from './running-server.ts'

/**
 * What the program can be told to do. What a command needs is loaded when it is called, so that a server starts with
 * nothing else in memory.
 */
export const COMMANDS = {
  serve: {
    summary: 'Answer requests until told to stop; the default.',
    run: async (invocation) => (await import('./run-server.ts')).runServer(invocation),
  },
  code: {
    summary: 'Run Claude Code on this server; start one if none runs.',
    usage: '[-- ARGUMENTS OF CLAUDE]',
    details: `All tiers of Claude Code are mapped: opus and sonnet are the model big, haiku is small; the context window is that of the model behind big. What stands behind -- goes to claude as it is. With --print-env nothing is started; the shell is told what to set:

  eval "$(openrouter-anthropic-server code --print-env)"

  openrouter-anthropic-server code --print-env --shell fish | source

  openrouter-anthropic-server code --print-env --shell powershell | Out-String | Invoke-Expression`,
    options: {
      'print-env': { description: 'Print the commands that set the variables, and run nothing.' },
      shell: {
        placeholder: 'SHELL',
        description: 'For bash, zsh, fish or powershell; else for the one in SHELL.',
      },
      claude: { placeholder: 'PATH', description: 'The program to run; else claude.' },
    },
    run: async (invocation) => (await import('./code.ts')).runCode(invocation),
  },
  models: {
    summary: 'List the models that there are, with prices and limits.',
    usage: '[WORD...]',
    details:
      'Prints the models whose name holds all the words. It asks the upstreams of the configuration; no server has to run.',
    options: { json: { description: 'Print one JSON array, with all that the upstreams say.' } },
    run: async (invocation) => (await import('./models.ts')).printModels(invocation),
  },
  batches: {
    summary: 'List, show, watch or cancel the batches of a running server.',
    usage: 'list | show ID | watch [ID] | cancel ID',
    details:
      'Shows the batches of the key that is used. "watch" draws a bar until the batch has ended; without an id it takes the newest that runs.\n\n' +
      '  batches watch msgbatch_013Zva2CMHLNnXjNJJKqJ2EF',
    options: { ...SERVER_OPTIONS, json: { description: 'Print JSON.' } },
    run: async (invocation) => (await import('./batches.ts')).manageBatches(invocation),
  },
  keys: {
    summary: 'Make, list, change or revoke client keys.',
    usage: 'create | list | edit ID | revoke ID',
    details:
      'Works on DATA_DIR; running servers notice within a second. A new key is shown once and kept as a hash. "edit" takes the flags of "create" and changes only what they say; the key itself stays the same.\n\n' +
      '  keys create --name laptop --expires 90d --models small,openai/* --daily-budget 5\n\n' +
      '  keys edit key-0123456789abcdef --daily-budget 20 --clear expires,models\n\n' +
      '  keys revoke key-0123456789abcdef',
    options: {
      name: { placeholder: 'TEXT', description: 'What to call the key; a new one needs it.' },
      expires: { placeholder: 'WHEN', description: 'When it ends: a date, or 30m, 12h, 90d from now.' },
      models: { placeholder: 'PATTERN,…', description: 'The models that it may ask; all without this.' },
      'no-tools': { description: 'The server runs no tools for it.' },
      'server-tools': {
        placeholder: 'TOOL,…',
        description: 'Tools of the server that each request gets; * for all.',
      },
      'requests-per-minute': { placeholder: 'NUMBER', description: 'Its requests a minute.' },
      'input-tokens-per-minute': { placeholder: 'NUMBER', description: 'Its input tokens a minute.' },
      'output-tokens-per-minute': { placeholder: 'NUMBER', description: 'Its output tokens a minute.' },
      'concurrent-requests': { placeholder: 'NUMBER', description: 'Its requests at the same time.' },
      'daily-budget': { placeholder: 'USD', description: 'What it may spend a day.' },
      'monthly-budget': { placeholder: 'USD', description: 'What it may spend a calendar month.' },
      clear: {
        placeholder: 'FLAG,…',
        description: 'edit: flags whose effect to take away, e.g. expires,models.',
      },
      json: { description: 'Print JSON.' },
    },
    run: async (invocation) => (await import('./keys.ts')).manageKeys(invocation),
  },
  keychain: {
    summary: 'Keep secrets in the keychain of the operating system.',
    usage: 'set NAME | delete NAME | list',
    details: `"set" asks for the secret, or reads it from standard input. A setting takes it from there by the value keychain:NAME; so does a key in a table of the configuration file. "list" says which secrets of the settings are stored and which are used; a secret itself is never shown.

  keychain set OPENROUTER_API_KEY

  OPENROUTER_API_KEY=keychain:OPENROUTER_API_KEY openrouter-anthropic-server

  keychain set deepseek < key.txt`,
    run: async (invocation) => (await import('./keychain.ts')).manageKeychain(invocation),
  },
  runs: {
    summary: 'List, show, export or replay what a running server answered.',
    usage: 'list [TEXT] | show ID | export ID | replay ID|FOLDER',
    details: `"export" writes what was said in a run into a folder, in the form of this project's golden tests and without secrets; the server keeps it where RECORD_BODIES is on. "replay" sends the request again, to another model with --model, and prints how the answers differ; the exit code is 1 where they do.

  runs list deepseek

  runs export req_0123456789abcdef0123456789abcdef --out my-fixture

  runs replay my-fixture --model deepseek/deepseek-chat`,
    options: {
      ...SERVER_OPTIONS,
      out: {
        placeholder: 'FOLDER',
        description: 'export: where to write; else a folder named after the run.',
      },
      model: { placeholder: 'MODEL', description: 'replay: the model to ask; else the one of the request.' },
      json: { description: 'list: print JSON.' },
    },
    run: async (invocation) => (await import('./runs.ts')).manageRuns(invocation),
  },
  config: {
    summary: 'Show the settings, or import those of claude-code-router.',
    usage: '[show | import [FILE]]',
    details: `"show" prints every setting with its value and where it comes from; keys are never shown, so the output may be sent to others. "import" turns a configuration of claude-code-router (by default ~/.claude-code-router/config.json) into one of this program, and says what had no place in it.`,
    options: {
      json: { description: 'show: print JSON.' },
      write: { description: 'import: write the file where it is read from, unless there is one.' },
    },
    run: async (invocation) => (await import('./config.ts')).runConfig(invocation),
  },
  init: {
    summary: 'Write a commented configuration file, after a few questions.',
    options: { yes: { description: 'Ask nothing and write the file with comments only.' } },
    run: async (invocation) => (await import('./init.ts')).runInit(invocation),
  },
  tools: {
    summary: 'List the tools of this server, or run one as a model would.',
    usage: '[list | run NAME JSON]',
    details:
      'Shows what the settings allow before any model tries it; TOOL_EXECUTION_ENABLED need not be on.\n\n' +
      '  tools run Bash \'{"command":"cat ../secret"}\' --tool-working-directory /srv/work',
    run: async (invocation) => (await import('./tools.ts')).runTools(invocation),
  },
  completions: {
    summary: 'Print the completion script of a shell.',
    usage: 'bash|zsh|fish|powershell',
    details: `For this session:

  source <(openrouter-anthropic-server completions bash)

  openrouter-anthropic-server completions fish | source`,
    run: async (invocation) => (await import('./completions.ts')).printCompletions(invocation),
  },
  doctor: {
    summary: 'Check what a server needs, and say what to do.',
    details:
      'Looks at the settings, the data folder, the port, proxies and certificates, and asks every upstream for its models; with OpenRouter for the state of the key too. Nothing of it costs anything. The exit code is 1 when something has to be mended.',
    run: async (invocation) => (await import('./doctor.ts')).runDoctor(invocation),
  },
  status: {
    summary: 'Say which server answers at HOST and PORT, and how it is.',
    options: SERVER_OPTIONS,
    run: async (invocation) => (await import('./status.ts')).printStatus(invocation),
  },
  healthcheck: {
    summary: 'Exit with 0 if the server at HOST and PORT is well, else with 1.',
    run: async ({ load }) => (await import('./healthcheck.ts')).healthcheck(await load()),
  },
  version: {
    summary: 'Print the version.',
    run: async ({ say }) => (await import('./version.ts')).printVersion(say),
  },
  help: {
    summary: 'Print this text, or the one on a command.',
    usage: '[COMMAND]',
    run: async (invocation) => (await import('./help.ts')).printHelp(invocation),
  },
} as const satisfies Readonly<Record<string, Command>>

export type CommandName = keyof typeof COMMANDS

/** The command of that name, if there is one. */
export const findCommand = (name: string): Command | undefined =>
  Object.hasOwn(COMMANDS, name) ? COMMANDS[name as CommandName] : undefined
