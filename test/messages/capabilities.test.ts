import { expect, test } from 'bun:test'

import { toCapabilities } from '../../src/messages/capabilities.ts'

const RECORD = {
  id: 'vendor/model',
  architecture: { input_modalities: ['text', 'image'] },
  supported_parameters: ['tools', 'reasoning'],
  reasoning: { supported_efforts: ['high', 'low', 'minimal'], mandatory: true },
}
const YES = { supported: true }
const NO = { supported: false }

test('says what the upstream says of a model', () => {
  expect(toCapabilities(RECORD, true)).toMatchObject({
    image_input: YES,
    pdf_input: NO,
    structured_outputs: NO,
    effort: { supported: true, low: YES, medium: NO, high: YES, xhigh: NO, max: NO },
    server_tools: { supported: true, web_search: YES, code_execution: NO },
    thinking: { supported: true, types: { adaptive: YES, enabled: YES, disabled: NO } },
  })
})

test('takes all efforts of a model that names none, and none of one that does not reason', () => {
  const efforts = (record: object) => toCapabilities({ ...RECORD, ...record }, true)?.effort
  expect(efforts({ reasoning: undefined })).toEqual({
    supported: true,
    low: YES,
    medium: YES,
    high: YES,
    xhigh: YES,
    max: YES,
  })
  expect(efforts({ supported_parameters: ['tools'] })).toMatchObject({ supported: false, high: NO })
})

test('offers web search only through OpenRouter', () => {
  expect(toCapabilities(RECORD, false)?.server_tools).toEqual({
    supported: false,
    code_execution: NO,
    web_search: NO,
  })
})

test('says nothing where the upstream says nothing', () => {
  expect(toCapabilities({ id: 'vendor/model' }, true)).toBeNull()
})
