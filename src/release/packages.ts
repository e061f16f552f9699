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

/** The packages that a bundle is made of: what it really holds, not what is installed. */
export function findPackages(metadata: BuildMetadata, root: string): readonly BundledPackage[] {
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
  const lock = readFileSync(join(root, 'bun.lock'), 'utf8')
  return [...folders]
    .map(([folder, sizes]) => describe(join(root, folder), lock, sizes))
    .toSorted((one, other) => one.name.localeCompare(other.name))
}

function describe(
  folder: string,
  lock: string,
  sizes: Pick<BundledPackage, 'sourceBytes' | 'bundledBytes'>,
): BundledPackage {
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
