import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { runProgram } from './server.ts'
import { until } from './wait.ts'

/** A secret service of its own, in a D-Bus session of its own. */
export interface KeychainSession extends AsyncDisposable {
  /** The variables that lead there. */
  readonly env: Readonly<Record<string, string>>
}

const PROGRAMS = ['dbus-daemon', 'gnome-keyring-daemon'] as const

/** What this machine lacks for such a session; empty where it can be had. */
export const missingForKeychain = (): string => PROGRAMS.filter((name) => !Bun.which(name)).join(' and ')

/** A bus that starts nothing by itself, so that the only keyring is the one of the test. */
const busConfig = (folder: string): string => `<busconfig>
  <type>session</type>
  <listen>unix:path=${folder}/bus</listen>
  <policy context="default">
    <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>
  </policy>
</busconfig>`

/** Starts a session whose keyring is unlocked. */
export async function startKeychain(): Promise<KeychainSession> {
  const folder = mkdtempSync(join(tmpdir(), 'keychain-'))
  const config = join(folder, 'bus.conf')
  writeFileSync(config, busConfig(folder))
  const env = {
    HOME: folder,
    XDG_RUNTIME_DIR: folder,
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${folder}/bus`,
    DATA_DIR: join(folder, 'data'),
  }
  const start = (command: readonly string[], input = '') =>
    Bun.spawn([...command], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdin: new TextEncoder().encode(input),
      stdout: 'ignore',
      stderr: 'ignore',
    })
  const bus = start(['dbus-daemon', '--config-file', config, '--nofork'])
  await until('the bus is there', async () =>
    Bun.file(join(folder, 'bus'))
      .stat()
      .then(Boolean, () => false),
  )
  const keyring = start(
    ['gnome-keyring-daemon', '--foreground', '--unlock', '--components=secrets'],
    'password',
  )
  const isReady = async (): Promise<boolean> =>
    (await runProgram(env, ['keychain', 'set', 'ready'], 'yes')).code === 0
  await until('the keyring is unlocked', isReady)
  return {
    env,
    async [Symbol.asyncDispose]() {
      for (const child of [keyring, bus]) {
        child.kill()
        await child.exited
      }
      rmSync(folder, { recursive: true })
    },
  }
}
