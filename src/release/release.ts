import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { releaseChangelog, sectionOf } from './changelog.ts'

/**
 * Makes everything of a release into `dist/`: `bun src/release/release.ts 1.2.0` gives the version to package.json and to
 * what was unreleased in the changelog, commits and tags that, and builds. Without a version it builds what is tagged.
 */
const root = join(import.meta.dir, '../..')
const [version] = process.argv.slice(2)
const packageFile = join(root, 'package.json')
const changelogFile = join(root, 'CHANGELOG.md')

if (version !== undefined) prepare(version)
const released = (JSON.parse(readFileSync(packageFile, 'utf8')) as { readonly version: string }).version
const notes = sectionOf(readFileSync(changelogFile, 'utf8'), released)
if (notes === undefined) stop(`CHANGELOG.md has no section ${released}; give a version to make one`)
run('bun', 'run', 'build:all')
writeFileSync(join(root, 'dist/RELEASE_NOTES.md'), `${notes}\n`)
console.log(`${released} is in dist/; push the commit and the tag v${released}, and publish those files`)

function prepare(wanted: string): void {
  if (!/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(wanted))
    stop(`${wanted}: no version; allowed: one such as 1.2.0 or 1.2.0-rc.1`)
  if (run('git', 'status', '--porcelain') !== '') stop('the checkout has changes; commit them first')
  const date = new Date().toISOString().slice(0, 10)
  const changelog = readFileSync(changelogFile, 'utf8')
  try {
    writeFileSync(changelogFile, releaseChangelog(changelog, wanted, date))
  } catch (error) {
    stop(error instanceof Error ? error.message : String(error))
  }
  const text = readFileSync(packageFile, 'utf8')
  writeFileSync(packageFile, text.replace(/^( {2}"version": )"[^"]*"/m, `$1"${wanted}"`))
  run('git', 'commit', '--quiet', '--message', `chore: release ${wanted}`, 'package.json', 'CHANGELOG.md')
  run('git', 'tag', '--annotate', `v${wanted}`, '--message', wanted)
}

function run(program: string, ...args: readonly string[]): string {
  const command = program === 'bun' ? process.execPath : program
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) stop(`${program} ${args.join(' ')} failed:\n${stdout ?? ''}${stderr ?? error?.message}`)
  return stdout.trim()
}

function stop(why: string): never {
  console.error(why)
  process.exit(1)
}
