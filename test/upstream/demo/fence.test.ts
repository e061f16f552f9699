import { describe, expect, test } from 'bun:test'

import { findBlocks, withoutBlocks } from '../../../src/upstream/demo/fence.ts'

const scripts = (text: string): unknown[] => findBlocks(text).map((block) => block.script)

describe('findBlocks', () => {
  test('reads the JSON between the fences', () => {
    expect(scripts('a\n```demo\n[[{"text":"hi"}]]\n```\nb')).toEqual([{ value: [[{ text: 'hi' }]] }])
  })

  test('takes a script on one line, tildes and longer fences', () => {
    expect(scripts('do ```demo [1] ``` now')).toEqual([{ value: [1] }])
    expect(scripts('~~~demo\n[2]\n~~~')).toEqual([{ value: [2] }])
    expect(scripts('````demo\n[3]\n````')).toEqual([{ value: [3] }])
  })

  test('leaves a script inside a JSON string to the outer script', () => {
    const inner = '```demo\n[["inner"]]\n```'
    expect(scripts(`\`\`\`demo\n[${JSON.stringify(inner)}]\n\`\`\``)).toEqual([{ value: [inner] }])
  })

  test('finds every block of a text', () => {
    expect(scripts('```demo\n[1]\n``` and ```demo\n[2]\n```')).toEqual([{ value: [1] }, { value: [2] }])
  })

  test('does not take prose about the fence for a script', () => {
    expect(scripts('Write a ```demo block, then ```js\n[]\n```')).toEqual([])
  })

  test.each([
    [
      '```demo\n[\n  {"text": 1,}\n]\n```',
      'line 3, column 14: expected a key in double quotes, found "}\\n]\\n```"',
    ],
    ['```demo\n[1 2]\n```', 'line 2, column 4: expected , or ], found "2]\\n```"'],
    ['```demo [{"a" 1}] ```', 'line 1, column 15: expected :, found "1}] ```"'],
    [
      'x\n```demo\n["a\nb"]\n```',
      'line 2, column 2: expected a well-formed string, found "\\"a\\nb\\"]\\n```"',
    ],
    ['```demo\n[1', 'line 2, column 3: expected , or ], found the end of the text'],
    ['```demo\n[1]\nnever closed', 'line 3, column 1: expected the closing ```, found "never closed"'],
    ['```demo\nhello\n```', 'line 2, column 1: expected a value, found "hello\\n```"'],
  ])('says where %j is broken', (text, fault) => {
    expect(scripts(text)).toEqual([{ fault }])
  })

  test('reports what only the JSON parser sees', () => {
    expect(scripts('```demo ["\u0001"] ```')).toEqual([
      { fault: expect.stringContaining('JSON Parse error') },
    ])
  })

  test('survives nesting that would exhaust a recursive reader', () => {
    const depth = 200_000
    expect(scripts(`\`\`\`demo ${'['.repeat(depth)}`)).toEqual([
      { fault: `line 1, column ${depth + 9}: expected a value or ], found the end of the text` },
    ])
  })
})

test('withoutBlocks keeps the text around the blocks', () => {
  expect(withoutBlocks('a ```demo [1] ``` b ~~~demo [2] ~~~ c')).toBe('a  b  c')
})
