const VARIABLE = 'BUN_CONFIG_MAX_HTTP_REQUESTS'
const MAX_CALLS = '65535'

/**
 * Bun lets at most 256 upstream calls run at once, and reads its setting for more only when the process starts. So
 * the program replaces itself once, in place: same process id, no parent that stays behind. Where the system has no
 * such call, the program goes on with 256.
 */
export function rerunWithRoom(): void {
  if (process.env[VARIABLE] || !process.execve || process.platform === 'win32') return
  const { execPath, execArgv, argv } = process
  const command = Bun.isStandaloneExecutable
    ? [execPath, ...argv.slice(2)]
    : [execPath, ...execArgv, ...argv.slice(1)]
  process.execve(execPath, command, { ...definedEnv(), [VARIABLE]: MAX_CALLS })
}

const definedEnv = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
