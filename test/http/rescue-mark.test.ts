import { expect, test } from 'bun:test'

import { rescueMarks } from '../../src/http/rescue-mark.ts'

test('each rescue is marked once, in one line whatever the model is called', () => {
  const notes: Record<string, unknown> = {}
  const mark = rescueMarks({ noted: (key) => notes[key] })
  expect(mark()).toBe('')
  notes['rescued'] = 1
  notes['rescued_by'] = 'a/b\r\n\nevent: error'
  expect(mark()).toBe(': rescued by a/b event: error\n\n')
  expect(mark()).toBe('')
  notes['rescued'] = 2
  notes['rescued_by'] = 'c'
  expect(mark()).toBe(': rescued by c\n\n')
})
