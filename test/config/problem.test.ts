import { describe, expect, test } from 'bun:test'

import { didYouMean, quote } from '../../src/config/problem.ts'

describe('a quoted value', () => {
  test('is cut to a readable length', () => {
    expect(quote('x'.repeat(500))).toBe(`"${'x'.repeat(80)}…"`)
  })

  test('keeps control characters from the terminal', () => {
    expect(quote('\u{1b}[31m')).toBe(String.raw`"\u001b[31m"`)
  })

  test('is shown though it has a task in it', () => {
    expect(quote('/srv/disk-1/task-list')).toBe('"/srv/disk-1/task-list"')
  })

  test.each(['sk-or-v1-abc', 'Bearer abc', 'redis://:hunter2@host'])('%s is not shown', (text) => {
    expect(quote(text)).toBe('(a value that may be secret)')
  })
})

describe('the word that was meant', () => {
  test.each([
    ['prot', 'port'],
    ['Host', 'host'],
    ['hosst', 'host'],
    ['data_directory', undefined],
    ['zzz', undefined],
    ['', undefined],
  ])('of %p is %p', (word, meant) => {
    expect(didYouMean(word, ['port', 'host', 'data_dir'])).toBe(meant ? `; did you mean ${meant}?` : '')
  })
})
