import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'

import type { Origin } from './origin.ts'

/**
 * How the program is built. Never `--minify`: Elysia reads the source of handlers, and renamed identifiers break it. Never
 * strip the result either: that leaves nothing but Bun.
 */
const FLAGS = [
  '--compile',
  '--splitting',
  '--minify-whitespace',
  '--minify-syntax',
  '--bytecode',
  '--format=esm',
  // A folder that somebody else can write to must not say what the program does.
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
]

export interface CompileOptions {
  readonly root: string
  readonly outfile: string
  readonly origin: Origin
  /** Undefined for this machine's own. */
  readonly bunTarget?: string | undefined
  /** Where to write what the bundle is made of. */
  readonly metafile?: string | undefined
}

/** Builds one executable. Throws with Bun's words where that fails. */
export function compile({ root, outfile, origin, bunTarget, metafile }: CompileOptions): void {
  mkdirSync(dirname(outfile), { recursive: true })
  const args = [
    'build',
    ...FLAGS,
    ...(bunTarget ? [`--target=${bunTarget}`] : []),
    ...(metafile ? [`--metafile=${metafile}`] : []),
    `--define=BUILD_COMMIT=${JSON.stringify(origin.commit)}`,
    `--define=BUILD_DATE=${JSON.stringify(origin.date)}`,
    join(root, 'src/main.ts'),
    `--outfile=${outfile}`,
  ]
  const { status, stderr, stdout } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'production' },
  })
  if (status !== 0) throw new Error(`bun build failed for ${outfile}:\n${stdout}${stderr}`)
}
