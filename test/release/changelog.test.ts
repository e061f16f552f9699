import { expect, test } from 'bun:test'

import { releaseChangelog, sectionOf } from '../../src/release/changelog.ts'

const CHANGELOG = `# Changelog

## Unreleased

### Added

- This.

## 1.0.0 (2026-01-01)

- That.
`

test('a section reaches to the next one', () => {
  expect(sectionOf(CHANGELOG, 'Unreleased')).toBe('### Added\n\n- This.')
  expect(sectionOf(CHANGELOG, '1.0.0')).toBe('- That.')
  expect(sectionOf(CHANGELOG, '1.0')).toBeUndefined()
})

test('a release takes what is unreleased, and leaves an empty section for what comes', () => {
  const released = releaseChangelog(CHANGELOG, '1.1.0', '2026-02-02')
  expect(sectionOf(released, '1.1.0')).toBe('### Added\n\n- This.')
  expect(sectionOf(released, 'Unreleased')).toBe('')
  expect(sectionOf(released, '1.0.0')).toBe('- That.')
})

test('a version is released once, and not with nothing in it', () => {
  expect(() => releaseChangelog(CHANGELOG, '1.0.0', '2026-02-02')).toThrow('has a section 1.0.0 already')
  const released = releaseChangelog(CHANGELOG, '1.1.0', '2026-02-02')
  expect(() => releaseChangelog(released, '1.2.0', '2026-02-02')).toThrow('nothing under "## Unreleased"')
})
