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
  models: {
    summary: 'List the models that there are, with prices and limits.',
    usage: '[WORD...]',
    details:
      'Prints the models whose name holds all the words. It asks the upstreams of the configuration; no server has to run.',
    options: { json: { description: 'Print one JSON array, with all that the upstreams say.' } },
    run: async (invocation) => (await import('./models.ts')).printModels(invocation),
  },
  status: {
    summary: 'Say which server answers at HOST and PORT, and how it is.',
    options: SERVER_OPTIONS,
    run: async (invocation) => (await import('./status.ts')).printStatus(invocation),
  },
  healthcheck: {
    summary: 'Exit with 0 if the server at HOST and PORT is well, else with 1.',
    run: async ({ load }) => (await import('./healthcheck.ts')).healthcheck(load()),
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
