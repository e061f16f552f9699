import type { BundledPackage } from './packages.ts'

/** The licences of everything inside the program, as they have to go with it. */
export function toNotice(product: string, packages: readonly BundledPackage[], ownLicence: string): string {
  const rule = '='.repeat(80)
  const sections = packages.map(
    ({ name, version, licence, licenceText }) =>
      `${rule}\n${name} ${version}: ${licence}\n${rule}\n${licenceText ?? `The package has no licence file; it is published under ${licence}.`}`,
  )
  return `${[
    `${product} contains the software below, each under the licence that stands with it. The executable also contains Bun
(MIT licence, https://bun.com), with the components that Bun's own licence page lists, JavaScriptCore (LGPL-2) among
them.`,
    `${rule}\n${product}\n${rule}\n${ownLicence.trim()}`,
    ...sections,
  ].join('\n\n')}\n`
}
