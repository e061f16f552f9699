import { version } from '../../package.json'
import { PROGRAM } from './words.ts'

/** Written into the program when it is built (src/release/compile.ts); the sources have neither. */
declare const BUILD_COMMIT: string | undefined
declare const BUILD_DATE: string | undefined

/** What the program is, and what it was built from. */
export function printVersion(say: (text: string) => void): number {
  const origin =
    typeof BUILD_COMMIT === 'string' && typeof BUILD_DATE === 'string'
      ? `commit ${BUILD_COMMIT} of ${BUILD_DATE}`
      : 'from source'
  say(`${PROGRAM} ${version} (${origin}; Bun ${Bun.version}, ${process.platform} ${process.arch})\n`)
  return 0
}
