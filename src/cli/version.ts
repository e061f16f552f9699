import { version } from '../../package.json'
import { PROGRAM } from './words.ts'

export function printVersion(say: (text: string) => void): number {
  say(`${PROGRAM} ${version}\n`)
  return 0
}
