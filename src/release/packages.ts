import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A package whose code or data is inside the program. */
export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** The SPDX expression that its package.json gives. */
  readonly licence: string
  readonly licenceText: string | undefined
  /** What the lock file holds, e.g. `sha512-…`; undefined where it holds none. */
  readonly integrity: string | undefined
  /** Of its files, before they were made smaller. */
  readonly sourceBytes: number
  /** What of them is in the bundle. */
  readonly bundledBytes: number
}

/** What Bun's `--metafile` says of a build, as far as it is read here. */
export interface BuildMetadata {
  readonly inputs: Readonly<Record<string, { readonly bytes: number }>>
  readonly outputs: Readonly<
    Record<
      string,
      {
        readonly bytes: number
        readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>>
      }
    >
  >
}

const PACKAGE_PATH = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//

/** The packages that one or more bundles are made of: what they really hold, not what is installed. */
export function findPackages(builds: readonly BuildMetadata[], root: string): readonly BundledPackage[] {
  const lock = readFileSync(join(root, 'bun.lock'), 'utf8')
  const found = new Map<string, BundledPackage>()
  for (const build of builds)
    for (const [folder, sizes] of sizesOf(build)) {
      const one = describe(join(root, folder), lock, sizes)
      // The same version may be installed in several places, and is the same in each build.
      found.set(`${one.name}@${one.version}`, one)
    }
  // A metafile's own order is another one each time.
  return [...found].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, described]) => described)
}

type Sizes = Pick<BundledPackage, 'sourceBytes' | 'bundledBytes'>

/** By the folder that the package lies in. */
function sizesOf(metadata: BuildMetadata): ReadonlyMap<string, Sizes> {
  const folders = new Map<string, { sourceBytes: number; bundledBytes: number }>()
  const entryOf = (path: string) => {
    const folder = PACKAGE_PATH.exec(path)?.[1]
    if (folder === undefined) return undefined
    const entry = folders.get(folder) ?? { sourceBytes: 0, bundledBytes: 0 }
    folders.set(folder, entry)
    return entry
  }
  for (const [path, { bytes }] of Object.entries(metadata.inputs)) {
    const entry = entryOf(path)
    if (entry) entry.sourceBytes += bytes
  }
  for (const { inputs } of Object.values(metadata.outputs))
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const entry = entryOf(path)
      if (entry) entry.bundledBytes += bytesInOutput
    }
  return folders
}

function describe(folder: string, lock: string, sizes: Sizes): BundledPackage {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly version: string
    readonly license?: string
  }
  return {
    name,
    version,
    licence: license ?? 'unknown',
    licenceText: readLicence(folder),
    integrity: new RegExp(`"${escape(`${name}@${version}`)}",.*"(sha512-[A-Za-z0-9+/=]+)"`).exec(lock)?.[1],
    ...sizes,
  }
}

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)

function readLicence(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined
  const file = readdirSync(folder).find((name) => /^(?:licen[cs]e|copying)(?:\.|-|$)/i.test(name))
  return file === undefined ? undefined : readFileSync(join(folder, file), 'utf8').trim()
}
