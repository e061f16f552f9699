import { existsSync, lstatSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** How commands are kept within the working directory. */
export interface Sandbox {
  readonly name: 'bubblewrap' | 'none'
  /** The command line that runs another one inside. */
  wrap(argv: readonly string[], env: Readonly<Record<string, string>>): readonly string[]
}

export interface SandboxOptions {
  readonly root: string
  /** Folders with programs, separated by colons. */
  readonly searchPath: string
  /** Whether commands may use the network. */
  readonly network: boolean
}

export const NO_SANDBOX: Sandbox = { name: 'none', wrap: (argv) => argv }

/** The sandbox, if this machine has one that works; tried out once. */
export function findSandbox(options: SandboxOptions): Sandbox | undefined {
  const program = Bun.which('bwrap', { PATH: options.searchPath })
  if (program === null) return undefined
  const sandbox = bubblewrap(program, options)
  const [command = '', ...args] = sandbox.wrap(['true'], { PATH: options.searchPath })
  const trial = Bun.spawnSync([command, ...args], {
    env: {},
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
  })
  return trial.success ? sandbox : undefined
}

/** What programs need of the system's settings. Keys and names of users are not among it. */
const SETTINGS = `
  alternatives ld.so.cache ld.so.conf ld.so.conf.d localtime mime.types terminfo inputrc magic
  ssl/certs ssl/openssl.cnf ca-certificates pki/tls/certs java-17-openjdk
`
  .trim()
  .split(/\s+/)
const FOR_NETWORK = ['resolv.conf', 'hosts', 'nsswitch.conf', 'services', 'protocols', 'gai.conf']
const SYSTEM_FOLDERS = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']
const TEMPORARY_BYTES = 536_870_912

/**
 * Only the system's programs, to be read, and the working directory. No other files, processes, users or networks;
 * it ends with the server. Hooks and settings of git cannot be changed, as the operator's own git would obey them.
 */
function bubblewrap(program: string, { root, searchPath, network }: SandboxOptions): Sandbox {
  const fixed = [
    '--unshare-all',
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
    '--hostname',
    'sandbox',
    ...(network ? ['--share-net'] : []),
    '--ro-bind',
    '/usr',
    '/usr',
    ...SYSTEM_FOLDERS.flatMap(bindSystemFolder),
    ...[...SETTINGS, ...(network ? FOR_NETWORK : [])].flatMap((name) => readOnly(`/etc/${name}`)),
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--size',
    String(TEMPORARY_BYTES),
    '--tmpfs',
    '/tmp',
    ...searchPath.split(':').flatMap((folder) => (isOfSystem(folder) ? [] : readOnly(folder))),
    '--bind',
    root,
    root,
  ]
  return {
    name: 'bubblewrap',
    wrap: (argv, env) => [
      program,
      ...fixed,
      // Looked for at every run, as a repository may have been made since.
      ...['hooks', 'config'].flatMap((name) => readOnly(join(root, '.git', name))),
      '--chdir',
      root,
      '--clearenv',
      ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
      '--',
      ...argv,
    ],
  }
}

const readOnly = (path: string): readonly string[] => (existsSync(path) ? ['--ro-bind', path, path] : [])

const isOfSystem = (folder: string): boolean =>
  /^\/(?:usr|bin|sbin)(?:\/|$)/.test(folder) || !folder.startsWith('/') || folder === '/'

/** On most systems they are links into /usr. */
function bindSystemFolder(name: string): readonly string[] {
  const path = `/${name}`
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats) return []
  return stats.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path]
}
