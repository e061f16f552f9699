import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { compile } from './compile.ts'
import { type BuildMetadata, findPackages } from './packages.ts'

/** Prints where the bytes of this machine's executable are: `bun src/release/sizes.ts` */
const root = join(import.meta.dir, '../..')
const folder = mkdtempSync(join(tmpdir(), 'sizes-'))
try {
  print()
} finally {
  rmSync(folder, { recursive: true })
}

function print(): void {
  const outfile = join(folder, 'program')
  const metafile = join(folder, 'bundle.json')
  compile({ root, outfile, origin: { commit: 'unknown', date: 'unknown' }, metafile })
  const metadata = JSON.parse(readFileSync(metafile, 'utf8')) as BuildMetadata
  const packages = findPackages([metadata], root)
  const outputs = Object.values(metadata.outputs)
  const bundled = sum(outputs.map(({ bytes }) => bytes))
  const ofPackages = sum(packages.map(({ bundledBytes }) => bundledBytes))
  const total = statSync(outfile).size
  const bun = statSync(process.execPath).size

  console.log(`executable      ${show(total)}`)
  console.log(`  Bun           ${show(bun)}`)
  console.log(
    `  all else      ${show(total - bun)}: the bundle of ${show(bundled)}, its compiled form, and assets`,
  )
  console.log(`\nof the bundle:`)
  console.log(`  ${show(bundled - ofPackages)}  this project, and assets`)
  for (const { name, version, bundledBytes } of packages.toSorted((a, b) => b.bundledBytes - a.bundledBytes))
    console.log(`  ${show(bundledBytes)}  ${name} ${version}`)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, value) => total + value, 0)
}

function show(bytes: number): string {
  return bytes >= 1e6
    ? `${(bytes / 1e6).toFixed(1)} MB`.padStart(9)
    : `${(bytes / 1e3).toFixed(1)} kB`.padStart(9)
}
