import { createHash } from 'node:crypto'

import type { Origin } from './origin.ts'
import type { BundledPackage } from './packages.ts'

export interface Product {
  readonly name: string
  readonly version: string
  readonly licence: string
  readonly bunVersion: string
}

/** A CycloneDX 1.6 document of what is inside the program. The same build makes the same document. */
export function toBillOfMaterials(
  { name, version, licence, bunVersion }: Product,
  packages: readonly BundledPackage[],
  origin: Origin,
): object {
  const reference = `pkg:generic/${name}@${version}`
  const bun = `pkg:npm/bun@${bunVersion}`
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(`${name} ${version} ${origin.commit}`)}`,
    version: 1,
    metadata: {
      ...(origin.date === 'unknown' ? {} : { timestamp: `${origin.date}T00:00:00Z` }),
      component: {
        type: 'application',
        'bom-ref': reference,
        name,
        version,
        licenses: [{ license: { id: licence } }],
        properties: [{ name: 'commit', value: origin.commit }],
      },
    },
    components: [
      {
        type: 'framework',
        'bom-ref': bun,
        name: 'bun',
        version: bunVersion,
        description: 'The runtime inside the executable.',
        licenses: [{ license: { id: 'MIT' } }],
        purl: bun,
      },
      ...packages.map(toComponent),
    ],
    dependencies: [{ ref: reference, dependsOn: [bun, ...packages.map(purlOf)] }],
  }
}

const toComponent = (found: BundledPackage) => ({
  type: 'library',
  'bom-ref': purlOf(found),
  name: found.name,
  version: found.version,
  ...(found.integrity
    ? {
        hashes: [
          { alg: 'SHA-512', content: Buffer.from(found.integrity.slice(7), 'base64').toString('hex') },
        ],
      }
    : {}),
  licenses: [
    /^[\w.+-]+$/.test(found.licence) ? { license: { id: found.licence } } : { expression: found.licence },
  ],
  purl: purlOf(found),
})

const purlOf = ({ name, version }: BundledPackage): string => `pkg:npm/${name.replace('@', '%40')}@${version}`

/** A UUID that follows from a text (RFC 9562, version 8). */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
