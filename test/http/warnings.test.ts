import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { toWarningHeader } from '../../src/http/warnings.ts'

const warning = (path: string, message = 'is not sent') => ({ path, message })

describe('the header of warnings', () => {
  test('joins paths and messages', () => {
    expect(toWarningHeader([warning('top_k'), warning('tools.0.title', 'is not known')])).toBe(
      'top_k: is not sent; tools.0.title: is not known',
    )
  })

  test('escapes what cannot stand in a header, and what would split an entry', () => {
    const header = toWarningHeader([warning('größe', '100 %;\r\nx: y 🦊')])
    expect(header).toBe('gr%C3%B6%C3%9Fe: 100 %25%3B%0D%0Ax: y %F0%9F%A6%8A')
    expect(decodeURIComponent(header)).toBe('größe: 100 %;\r\nx: y 🦊')
  })

  test('counts what does not fit', () => {
    const header = toWarningHeader(Array.from({ length: 300 }, (_, index) => warning(`messages.${index}`)))
    expect(header.length).toBeLessThanOrEqual(2048)
    const told = header.split('; ').length - 1
    expect(header).toEndWith(`; ...and ${300 - told} more`)
  })

  test('is a header line of at most 2 KB, whatever the warnings say', () => {
    const any = fc.record({ path: fc.string({ unit: 'binary' }), message: fc.string({ unit: 'binary' }) })
    fc.assert(
      fc.property(fc.array(any, { maxLength: 50 }), (warnings) => {
        const header = toWarningHeader(warnings)
        expect(header).toMatch(/^[\x20-\x7e]{0,2048}$/)
        expect(new Headers({ 'x-compat-warnings': header }).get('x-compat-warnings')).toBe(header.trim())
      }),
    )
  })
})
