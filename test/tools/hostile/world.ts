import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

import type { Bench } from '../support.ts'

export const SECRET = 'hunter2-of-the-operator'

/** Puts everything in place that a hostile input could reach for. */
export function furnish({ root, outside }: Bench): void {
  writeFileSync(join(outside, 'secret.txt'), SECRET)
  mkdirSync(`${root}-other`)
  writeFileSync(join(`${root}-other`, 'secret.txt'), SECRET)
  mkdirSync(join(root, 'sub/inner'), { recursive: true })
  mkdirSync(join(root, '.git/hooks'), { recursive: true })
  writeFileSync(join(root, '.git/config'), '[core]\n')
  writeFileSync(join(root, 'a.txt'), 'a\n')
  writeFileSync(join(root, 'sub/b.txt'), 'b\n')
  writeFileSync(join(root, 'script.sh'), `#!/bin/sh\ntouch ${outside}/canary\n`, { mode: 0o755 })
  writeFileSync(join(root, 'sub/script.sh'), `#!/bin/sh\ntouch ${outside}/canary\n`, { mode: 0o755 })
  writeFileSync(join(root, 'list.txt'), `${outside}/secret.txt\0`)
  writeFileSync(join(root, '--files0-from=list.txt'), '')
  const links = {
    'link-file': join(outside, 'secret.txt'),
    'link-folder': outside,
    'link-relative': '..',
    'link-root': '/',
    'link-chain': 'link-folder',
    'link-proc': '/proc/self',
    'link-dangling': join(outside, 'canary'),
    'link-dangling-folder': join(outside, 'none'),
    'link-loop': 'link-loop',
    'link-self': '.',
    'link-zero': '/dev/zero',
    'link-tty': '/dev/tty',
    'link-git': '.git',
    'sub/link-up': '../..',
    'sub/link-inside': '../a.txt',
    'sub/inner/link-far': '../../..',
  }
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(root, name))
  Bun.spawnSync(['mkfifo', join(root, 'pipe')])
}

/** A socket in the working directory, for as long as it is used. */
export async function openSocket({ root }: Bench): Promise<Disposable> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve))
  return { [Symbol.dispose]: () => void server.close() }
}

/** Puts the places of a run in place of the words that stand for them. */
export const fill = (text: string, { root, outside }: Bench): string =>
  text.replaceAll('ROOT', root).replaceAll('OUT', outside)

/** Everything outside that is not as it was. */
export function damages({ root, outside }: Bench): readonly string[] {
  const unchanged = ['canary', 'new.txt', 'new', 'none'].filter((name) => existsSync(join(outside, name)))
  const git = [
    '.git/hooks/pre-commit',
    '.git/hooks/post-checkout',
    '.git/hooks/x',
    '.git/x',
    'sub/.git',
  ].filter((name) => existsSync(join(root, name)))
  const changed = [
    [join(outside, 'secret.txt'), SECRET],
    [join(`${root}-other`, 'secret.txt'), SECRET],
    [join(root, '.git/config'), '[core]\n'],
  ].filter(([path = '', text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text)
  return [...unchanged, ...git, ...changed.map(([path = '']) => path)]
}
