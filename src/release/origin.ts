import { spawnSync } from 'node:child_process'

/** What a build is made from; the program tells it with its version. */
export interface Origin {
  /** The commit's first characters, with a `+` where the files are not the commit's; `unknown` outside a checkout. */
  readonly commit: string
  /** The commit's day, so that the same commit makes the same bytes. */
  readonly date: string
}

/** Asks git, or the variables that a container build hands in, where there is no git. */
export function readOrigin(
  root: string,
  given: { readonly commit: string | undefined; readonly date: string | undefined },
): Origin {
  const git = (...args: readonly string[]): string =>
    spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' }).stdout?.trim() ?? ''
  const commit = given.commit || git('rev-parse', '--short=12', 'HEAD')
  if (commit === '') return { commit: 'unknown', date: 'unknown' }
  const isChanged = !given.commit && git('status', '--porcelain', '--untracked-files=no') !== ''
  return {
    commit: isChanged ? `${commit}+` : commit,
    date: given.date || git('show', '--no-patch', '--format=%cs', 'HEAD') || 'unknown',
  }
}
