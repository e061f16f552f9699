import { describe, expect, test } from 'bun:test'

import { Failure } from '../../src/core/errors.ts'
import { filenameOf } from '../../src/files/filename.ts'

describe('a filename', () => {
  test.each([
    ['report.pdf', 'report.pdf'],
    ['/home/ann/report.pdf', 'report.pdf'],
    ['C:\\docs\\report.pdf', 'report.pdf'],
    ['übersicht (1).pdf', 'übersicht (1).pdf'],
    ['🙂'.repeat(255), '🙂'.repeat(255)],
    ['', 'unnamed.pdf'],
    [undefined, 'unnamed.pdf'],
    ['folder/', 'unnamed.pdf'],
  ])('%p is %p', (given, name) => {
    expect(filenameOf(given, 'application/pdf')).toBe(name)
  })

  test.each(['a<b', 'a>b', 'a:b', 'a"b', 'a|b', 'a?b', 'a*b', 'a\u0000b', 'a\u001fb', 'x'.repeat(256)])(
    '%p is refused',
    (given) => {
      expect(() => filenameOf(given, 'application/pdf')).toThrow(Failure)
    },
  )
})
