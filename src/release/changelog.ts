/** The part of the changelog between one `## ` heading and the next. */
export function sectionOf(changelog: string, heading: string): string | undefined {
  const start = changelog
    .split('\n')
    .findIndex((line) => line === `## ${heading}` || line.startsWith(`## ${heading} `))
  if (start < 0) return undefined
  const rest = changelog.split('\n').slice(start + 1)
  const end = rest.findIndex((line) => line.startsWith('## '))
  return (end < 0 ? rest : rest.slice(0, end)).join('\n').trim()
}

/** What is unreleased becomes a version's; nothing unreleased is an error, as there is nothing to release. */
export function releaseChangelog(changelog: string, version: string, date: string): string {
  if (sectionOf(changelog, version) !== undefined)
    throw new Error(`CHANGELOG.md has a section ${version} already; choose another version`)
  const section = sectionOf(changelog, 'Unreleased')
  if (!section)
    throw new Error('CHANGELOG.md has nothing under "## Unreleased"; write down what changed first')
  return changelog.replace(/^## Unreleased$/m, `## Unreleased\n\n## ${version} (${date})`)
}
