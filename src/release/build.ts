import { createHash } from 'node:crypto'
import {
  copyFileSync,
  createReadStream,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { license, name, version } from '../../package.json'
import { toBillOfMaterials } from './bill-of-materials.ts'
import { compile } from './compile.ts'
import { toNotice } from './notice.ts'
import { readOrigin } from './origin.ts'
import { type BuildMetadata, findPackages } from './packages.ts'
import { TARGETS } from './targets.ts'

/**
 * Builds this machine's executable, or with `--all` everything that a release consists of, or with `--only` some of its
 * executables: `bun src/release/build.ts [--all | --only linux-x64,windows-x64] [--out dist]`
 */
const { values } = parseArgs({
  options: { all: { type: 'boolean' }, only: { type: 'string' }, out: { type: 'string', default: 'dist' } },
})
const root = join(import.meta.dir, '../..')
const out = join(root, values.out)
const origin = readOrigin(root, { commit: process.env['BUILD_COMMIT'], date: process.env['BUILD_DATE'] })

if (values.all || values.only !== undefined) await buildRelease(chosenTargets(values.only))
else {
  const outfile = join(out, name)
  compile({ root, outfile, origin })
  console.log(`${outfile}: ${megabytes(outfile)} (${version}, commit ${origin.commit})`)
}

function chosenTargets(only: string | undefined) {
  if (only === undefined) return TARGETS
  const names = only.split(',')
  const unknown = names.filter((wanted) => !TARGETS.some((target) => target.name === wanted))
  if (unknown.length === 0) return TARGETS.filter((target) => names.includes(target.name))
  console.error(
    `--only: unknown ${unknown.join(', ')}; allowed: ${TARGETS.map((target) => target.name).join(', ')}`,
  )
  process.exit(2)
}

async function buildRelease(targets: typeof TARGETS): Promise<void> {
  mkdirSync(out, { recursive: true })
  const metafile = join(out, 'bundle.json')
  const files: string[] = []
  const builds: BuildMetadata[] = []
  for (const { name: suffix, bunTarget, extension = '' } of targets) {
    const file = `${name}-${suffix}${extension}`
    compile({ root, outfile: join(out, file), origin, bunTarget, metafile })
    files.push(file)
    builds.push(JSON.parse(readFileSync(metafile, 'utf8')) as BuildMetadata)
    console.log(`${file}: ${megabytes(join(out, file))}`)
  }
  const packages = findPackages(builds, root)
  rmSync(metafile)
  const bom = toBillOfMaterials(
    { name, version, licence: license, bunVersion: Bun.version },
    packages,
    origin,
  )
  writeFileSync(join(out, 'bom.cdx.json'), `${JSON.stringify(bom, undefined, 2)}\n`)
  writeFileSync(join(out, 'NOTICE'), toNotice(name, packages, readFileSync(join(root, 'LICENSE'), 'utf8')))
  copyFileSync(join(import.meta.dir, 'install.sh'), join(out, 'install.sh'))
  writeFileSync(join(out, 'VERSION'), `${version}\n`)
  files.push('bom.cdx.json', 'NOTICE', 'VERSION', 'install.sh')
  const sums = await Promise.all(files.map(async (file) => `${await sha256(join(out, file))}  ${file}\n`))
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''))
  console.log(`SHA256SUMS, bom.cdx.json (${packages.length} packages), NOTICE and install.sh are in ${out}`)
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer)
  return hash.digest('hex')
}

function megabytes(path: string): string {
  return `${(statSync(path).size / 1e6).toFixed(1)} MB`
}
