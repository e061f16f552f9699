import { version } from '../../package.json'
import { ConfigError } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import type { Invocation } from './command.ts'
import { fail, type Finding, ok } from './doctor/finding.ts'
import {
  checkClaude,
  checkDisk,
  checkKeychain,
  checkNetwork,
  checkPort,
  checkVersion,
} from './doctor/machine.ts'
import { checkUpstream } from './doctor/upstream.ts'

/** Checks whatever a server needs, one line a check; 0 when nothing fails. */
export async function runDoctor({ load, sources, say }: Invocation): Promise<number> {
  const findings: Finding[] = []
  const tell = (found: readonly Finding[]): void => {
    findings.push(...found)
    for (const { state, what, text } of found) say(`${state.padEnd(4)}  ${what.padEnd(9)}  ${text}\n`)
  }
  const config = await readConfig(load, tell)
  if (config) {
    tell(checkKeychain(sources))
    tell(checkDisk(config))
    tell(await checkPort(config))
    tell(checkNetwork())
    tell(await checkVersion(config, version))
    for (const upstream of config.upstreams) tell(await checkUpstream(upstream, config))
    tell(checkClaude())
  }
  const failures = findings.filter(({ state }) => state === 'fail').length
  say(failures === 0 ? '\nall is well\n' : `\n${failures} to mend\n`)
  return failures === 0 ? 0 : 1
}

async function readConfig(
  load: Invocation['load'],
  tell: (found: readonly Finding[]) => void,
): Promise<Config | undefined> {
  try {
    const config = await load()
    tell([ok('config', config.configFile ?? 'no file; flags, environment and defaults')])
    return config
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    tell(error.problems.map((problem) => fail('config', problem)))
    return undefined
  }
}
